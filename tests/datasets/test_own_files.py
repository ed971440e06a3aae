import logging
from hashlib import sha256

import pytest

from cct_text.datasets import load_dataset
from cct_text.errors import DataError, UsageError
from tests.support.official_files import rows_of
from tests.support.user_files import FORMATS, as_csv

ROWS = [("yes", f"text {number}") for number in range(20)] + [("no", f"word {number}") for number in range(20)]
ENDING = {"text": "txt"}


@pytest.fixture
def train(tmp_path):
    path = tmp_path / "train.csv"
    path.write_bytes(as_csv(ROWS))
    return path


@pytest.mark.parametrize("form", FORMATS)
def test_a_file_of_any_format_is_a_data_set_with_a_dev_split_cut_from_it(load, tmp_path, form):
    path = tmp_path / f"mine.{ENDING.get(form, form)}"
    path.write_bytes(FORMATS[form](ROWS))
    dataset = load(path)
    assert dataset.labels == ("no", "yes")
    assert sorted(rows_of(dataset.train, dataset.labels) + rows_of(dataset.dev, dataset.labels)) == sorted(ROWS)
    assert (len(dataset.train), len(dataset.dev), dataset.test) == (36, 4, None)
    assert dataset.dev_is_cut
    assert dataset.files == {path.name: sha256(path.read_bytes()).hexdigest()}
    assert dataset.source == str(tmp_path)


def test_the_same_rows_are_the_same_data_set_in_any_format(load, tmp_path):
    digests = set()
    for form, write in FORMATS.items():
        path = tmp_path / f"mine.{ENDING.get(form, form)}"
        path.write_bytes(write(ROWS))
        digests.add(load(path).sha256)
    assert len(digests) == 1


def test_one_letter_one_label_or_the_order_of_rows_makes_another_data_set(load, tmp_path, train):
    changed = [[("yes", "Text 0"), *ROWS[1:]], [("no", "text 0"), *ROWS[1:]], ROWS[::-1]]
    digests = {load(train).sha256}
    for number, rows in enumerate(changed):
        (tmp_path / f"{number}.csv").write_bytes(as_csv(rows))
        digests.add(load(tmp_path / f"{number}.csv").sha256)
    assert len(digests) == 4


def test_dev_and_test_files_are_taken_as_they_are(load, tmp_path, train):
    (tmp_path / "dev.jsonl").write_bytes(FORMATS["jsonl"]([("no", "dev text")]))
    (tmp_path / "test.tsv").write_bytes(FORMATS["tsv"]([("yes", "test text"), ("no", "more")]))
    dataset = load(train, dev=tmp_path / "dev.jsonl", test=tmp_path / "test.tsv")
    assert rows_of(dataset.train, dataset.labels) == ROWS
    assert rows_of(dataset.dev, dataset.labels) == [("no", "dev text")]
    assert rows_of(dataset.test, dataset.labels) == [("yes", "test text"), ("no", "more")]
    assert not dataset.dev_is_cut
    assert set(dataset.files) == {"train.csv", "dev.jsonl", "test.tsv"}


def test_files_of_one_name_in_two_folders_are_both_told(load, tmp_path, train):
    (tmp_path / "held-out").mkdir()
    test = tmp_path / "held-out" / "train.csv"
    test.write_bytes(as_csv(ROWS[:3]))
    assert set(load(train, test=test).files) == {str(train), str(test)}


def test_columns_are_found_or_named_and_several_make_one_text(load, tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("id,title,content,class\n1,One,first,x\n2,,second,y\n")
    assert load(path, dev_fraction=0.0).train.texts.to_pylist() == ["One first", "second"]
    assert load(path, dev_fraction=0.0, text_columns=("content", "id")).train.texts.to_pylist() == [
        "first 1",
        "second 2",
    ]
    assert load(path, label_column="id").labels == ("1", "2")


def test_whole_numbers_are_ordered_by_value_and_other_labels_by_the_alphabet(load, tmp_path):
    for labels, expected in [(["10", "9", "-1"], ("-1", "9", "10")), (["10", "9", "b"], ("10", "9", "b"))]:
        (tmp_path / "mine.csv").write_bytes(as_csv([(label, "text") for label in labels]))
        assert load(tmp_path / "mine.csv").labels == expected


@pytest.mark.parametrize("split", ["dev", "test"])
def test_a_label_that_train_never_had_is_told_with_file_and_line(load, tmp_path, train, split):
    other = tmp_path / "other.csv"
    other.write_bytes(as_csv([("no", "one\ntwo"), ("maybe", "three")]))
    with pytest.raises(DataError) as told:
        load(train, **{split: other})
    assert str(told.value) == f"{other}:4: label 'maybe' never occurs in train ({train}); known are no, yes"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"label,text\na,one\n,two\n", "3: no label"),
        (b"label,text\na,one\na,two\n", " only one class, 'a'; a classifier needs two or more"),
        (b"label,text\n", " no rows"),
        (b"", " empty file"),
        (b"id,words\n1,one\n", "1: no label column among 'id', 'words'"),
    ],
)
def test_what_no_classifier_can_learn_from_is_refused(load, tmp_path, content, told):
    path = tmp_path / "mine.csv"
    path.write_bytes(content)
    with pytest.raises(DataError, match=f"mine.csv:{told}"):
        load(path)


def test_a_null_is_no_label(load, tmp_path):
    (tmp_path / "mine.jsonl").write_text('{"label": "a", "text": "x"}\n{"label": null, "text": "y"}\n')
    with pytest.raises(DataError, match=r"mine\.jsonl:2: no label"):
        load(tmp_path / "mine.jsonl")


def test_an_empty_text_with_a_label_is_a_row(load, tmp_path):
    (tmp_path / "mine.csv").write_bytes(as_csv([("a", ""), ("b", "y")]))
    assert load(tmp_path / "mine.csv").train.texts.to_pylist() == ["", "y"]


def test_replaced_bytes_are_warned_of_with_their_number(load, tmp_path, caplog):
    (tmp_path / "mine.csv").write_bytes(b"label,text\na,caf\xe9\nb,fine\nb,\xff\n")
    with caplog.at_level(logging.WARNING):
        load(tmp_path / "mine.csv")
    assert caplog.messages == [f"{tmp_path / 'mine.csv'}: invalid UTF-8 replaced in 2 rows"]


def test_test_rows_whose_text_stands_in_train_or_the_cut_dev_are_marked(load, tmp_path, train):
    test = tmp_path / "test.csv"
    test.write_bytes(as_csv([("no", "text 3"), ("no", "new"), ("yes", "word 7"), ("yes", "Text 3")]))
    assert load(train, test=test).test_seen_in_train.tolist() == [True, False, True, False]
    dev = tmp_path / "dev.csv"
    dev.write_bytes(as_csv([("no", "new"), ("yes", "newer")]))
    assert load(train, dev=dev, test=test).test_seen_in_train.tolist() == [True, False, True, False]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("ag-news", "unknown data set 'ag-news'; did you mean ag_news"),
        ("mnist", "unknown data set 'mnist'; known are: questions, .*; a file is given by its path"),
        ("x" * 300, "unknown data set 'xxx"),
    ],
)
def test_a_name_that_is_neither_registered_nor_a_file_is_told(load, name, told):
    with pytest.raises(UsageError, match=told):
        load(name)


@pytest.mark.parametrize("option", ["name", "dev", "test", "data_dir"])
@pytest.mark.parametrize("path", [f"/{'a' * 5_000}.csv", "/nul\0.csv", "/half\ud800.csv"], ids=["long", "NUL", "half"])
def test_a_name_that_no_file_can_have_is_told(load, tmp_path, option, path):
    own = tmp_path / "own.csv"
    own.write_bytes(as_csv([("a", "one"), ("b", "two")] * 20))
    options = {"name": "trec" if option == "data_dir" else own, option: path}
    with pytest.raises(DataError, match=r"cannot read|no such folder"):
        load(**options)


def test_a_folder_is_no_data_set(load, tmp_path):
    with pytest.raises(DataError, match="is a folder"):
        load(tmp_path)


@pytest.mark.parametrize("name", ["nowhere.csv", "no/such/file"])
def test_a_file_that_is_not_there_is_told(load, tmp_path, name):
    with pytest.raises((DataError, UsageError), match=name):
        load(tmp_path / name)


@pytest.mark.parametrize("option", ["dev", "test", "label_column", "text_columns"])
def test_a_registered_data_set_has_its_own_splits_and_columns(load, option):
    value = ("mine",) if option == "text_columns" else "mine"
    with pytest.raises(UsageError, match=f"{option} = .*mine.*: questions has its own splits and columns"):
        load("questions", **{option: value})


def test_blanks_around_labels_are_no_part_of_them(tmp_path):
    path = tmp_path / "own.csv"
    path.write_text("text,label\none, a\ntwo,a \nthree, b\nfour,b\n")
    assert load_dataset(str(path)).labels == ("a", "b")


def test_rows_without_text_are_counted(tmp_path, caplog):
    path = tmp_path / "own.csv"
    path.write_text("text,label\none,a\n,a\n  ,b\nfour,b\n")
    load_dataset(str(path))
    assert "2 of 4 rows have no text" in caplog.text


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.csv", "text;label\none;a\n", "separated by ';', not by ','; save it with commas"),
        ("a.csv", "text\tlabel\none\ta\n", "name the file .tsv"),
        ("a.tsv", "text,label\none,a\n", "name the file .csv"),
        ("a.json", '[{"text": "one", "label": "a"}]', "a JSON array; what is read is JSON Lines"),
        ("a.json", '[\n{"text": "one", "label": "a"}\n]', "a JSON array; what is read is JSON Lines"),
        ("a.jsonl", '{"text": ["one"], "label": "a"}', "'text' is no text but"),
    ],
)
def test_files_of_another_shape_are_told_apart(tmp_path, name, content, told):
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(DataError) as caught:
        load_dataset(str(path))
    assert str(caught.value).startswith(f"{path}:1: ")
    assert told in str(caught.value)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_a_table_in_utf_16_is_told(tmp_path, encoding):
    path = tmp_path / "a.csv"
    path.write_text("\ufefftext,label\none,a\ntwo,b\n", encoding=encoding)
    with pytest.raises(DataError, match="a.csv:1: is in UTF-16; save it as UTF-8"):
        load_dataset(str(path))
