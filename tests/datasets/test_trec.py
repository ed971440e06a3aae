import pytest

from cct_text.errors import DataError
from tests.support.official_files import TREC, rows_of, write_trec


def test_labels_are_the_six_coarse_classes_and_bytes_are_iso_8859_1(load, tmp_path):
    dataset = load("trec", data_dir=write_trec(tmp_path / "trec"), dev_fraction=0.0)
    assert dataset.labels == ("ABBR", "DESC", "ENTY", "HUM", "LOC", "NUM")
    assert rows_of(dataset.train, dataset.labels) == [(label.split(":")[0], text) for label, text in TREC["train"]]
    assert rows_of(dataset.test, dataset.labels) == [("LOC", TREC["test"][0][1]), ("NUM", TREC["test"][1][1])]
    assert dataset.train.texts[2].as_py().endswith("Bronte\u00eb ?")


def test_the_fine_labels_are_those_that_train_has_in_the_order_of_the_alphabet(load, tmp_path):
    dataset = load("trec-fine", data_dir=write_trec(tmp_path), dev_fraction=0.0)
    assert dataset.labels == ("HUM:ind", "LOC:city", "NUM:date", "NUM:dist")
    assert rows_of(dataset.train, dataset.labels) == TREC["train"]


def test_a_fine_label_that_train_never_had_is_told(load, tmp_path):
    write_trec(tmp_path, {"train": TREC["train"], "test": [("ABBR:exp", "What does it mean ?")]})
    with pytest.raises(DataError, match="trec-fine: test has the label 'ABBR:exp'; known are HUM:ind"):
        load("trec-fine", data_dir=tmp_path)


@pytest.mark.parametrize("line", ["no label at all", "HUM:ind", ""])
def test_a_line_without_label_and_question_is_told_with_its_number(load, tmp_path, line):
    write_trec(tmp_path)
    path = tmp_path / "train_5500.label"
    path.write_text(path.read_text(encoding="iso-8859-1") + line + "\n", encoding="iso-8859-1")
    with pytest.raises(DataError, match=f"train_5500.label:5: expected `COARSE:fine question`, saw '{line}"):
        load("trec", data_dir=tmp_path)


def test_line_ends_of_windows_are_no_part_of_a_question(load, tmp_path):
    write_trec(tmp_path)
    path = tmp_path / "train_5500.label"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    dataset = load("trec-fine", data_dir=tmp_path, dev_fraction=0.0)
    assert rows_of(dataset.train, dataset.labels) == TREC["train"]


def test_characters_that_other_encodings_take_for_line_ends_are_text(load, tmp_path):
    # 0x85 is a line end for str.splitlines; TREC has such bytes.
    rows = [("HUM:ind", "Who said `` wait\x85 '' ?"), ("NUM:dist", "How\x0bfar\x1c?")]
    dataset = load("trec-fine", data_dir=write_trec(tmp_path, {**TREC, "train": rows, "test": rows}), dev_fraction=0.0)
    assert rows_of(dataset.train, dataset.labels) == rows
