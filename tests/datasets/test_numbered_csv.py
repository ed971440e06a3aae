import pytest

from cct_text.datasets.official import DBPEDIA_LABELS, clean_news
from cct_text.errors import DataError
from tests.support.official_files import NEWS, news_csv, rows_of, tar_gz, write_news

# As they stand in the official file, and what was meant.
ESCAPES = [
    ("Oil #39;s price", "Oil's price"),
    ("AT&amp;T said &quot;no&quot;", 'AT&T said "no"'),
    ("dwindling\\\\band of", "dwindling band of"),
    ("ends here\\", "ends here"),
    ("&lt;b&gt;...&lt;/b&gt; more", "... more"),
    ("&lt;A HREF=&quot;http://www.reuters.co.uk&quot;&gt;quote&lt;/A&gt;", "quote"),
    ("#36;46 a barrel", "$46 a barrel"),
    ("(Nasdaq:  quot;X quot;)", '(Nasdaq: "X")'),
    ("3 &lt; 4 and 5 &gt; 4", "3 < 4 and 5 > 4"),
    ("the women amp;apos;s title", "the women's title"),
    ("No#39;s and D#151;s", "No#39;s and D#151;s"),
    ("a  tab\tand  blanks ", "a tab and blanks"),
]


@pytest.mark.parametrize(("raw", "meant"), ESCAPES)
def test_escapes_become_what_their_authors_meant(raw, meant):
    assert clean_news(raw) == meant


def test_classes_count_from_1_and_title_and_description_are_one_text(load, tmp_path):
    dataset = load("ag_news", data_dir=write_news(tmp_path / "ag_news"), dev_fraction=0.0)
    assert dataset.labels == ("World", "Sports", "Business", "Sci/Tech")
    for split, rows in ((dataset.train, NEWS["train"]), (dataset.test, NEWS["test"])):
        assert rows_of(split, dataset.labels) == [(label, f"{title} {text}") for label, title, text in rows]


def test_quotes_commas_and_line_ends_within_a_field_are_text(load, tmp_path):
    rows = [("World", 'He said "no", twice', "First line\nsecond, line"), *NEWS["train"]]
    dataset = load("ag_news", data_dir=write_news(tmp_path, {**NEWS, "train": rows}), dev_fraction=0.0)
    assert dataset.train.texts[0].as_py() == 'He said "no", twice First line second, line'
    assert len(dataset.train) == 5


def test_an_empty_title_leaves_no_blank_behind(load, tmp_path):
    rows = [("World", "", "All in the description."), *NEWS["train"]]
    dataset = load("ag_news", data_dir=write_news(tmp_path, {**NEWS, "train": rows}), dev_fraction=0.0)
    assert dataset.train.texts[0].as_py() == "All in the description."


ROWS_WITHOUT_A_CLASS = [
    *(
        '"0","a","b"',
        '"5","a","b"',
        '"one","a","b"',
        '"1"',
        '"\u00b2","a","b"',
        '"\u0661","a","b"',
        f'"{"1" * 5_000}","a"',
    ),
]


@pytest.mark.parametrize("row", ROWS_WITHOUT_A_CLASS, ids=range(len(ROWS_WITHOUT_A_CLASS)))
def test_a_row_without_a_known_class_is_told_with_its_line(load, tmp_path, row):
    write_news(tmp_path)
    with (tmp_path / "train.csv").open("a", encoding="utf-8") as file:
        file.write(f"{row}\n")
    with pytest.raises(DataError, match=r'train\.csv:5: expected "class","title","text" with a class of 1 to 4'):
        load("ag_news", data_dir=tmp_path)


def test_an_entity_of_thousands_of_digits_is_no_character(load, tmp_path):
    entity = f"&#{'9' * 5_000};"
    rows = [("World", "A title", entity), *NEWS["train"]]
    dataset = load("ag_news", data_dir=write_news(tmp_path, {**NEWS, "train": rows}), dev_fraction=0.0)
    assert dataset.train.texts[0].as_py() == f"A title {entity}"


def test_bytes_that_are_not_utf_8_are_refused_in_an_official_file(load, tmp_path):
    write_news(tmp_path)
    with (tmp_path / "train.csv").open("ab") as file:
        file.write(b'"1","caf\xe9","b"\n')
    with pytest.raises(DataError, match=r"train\.csv:5: malformed: 'utf-8' codec"):
        load("ag_news", data_dir=tmp_path)


def dbpedia(folder, **changed):
    rows = {
        "train": [(label, f" {label} name", f"It is a {label}.") for label in DBPEDIA_LABELS],
        "test": [("Album", "Abbey Road", "A record by the Beatles.")],
    }
    members = {f"dbpedia_csv/{split}.csv": news_csv(rows[split], DBPEDIA_LABELS).encode() for split in rows}
    (folder / "dbpedia_csv.tar.gz").write_bytes(tar_gz({**members, "dbpedia_csv/readme.txt": b"Read me.", **changed}))
    return folder


def test_dbpedia_is_fourteen_classes_in_an_archive(load, tmp_path):
    dataset = load("dbpedia", data_dir=dbpedia(tmp_path), dev_fraction=0.0)
    assert len(dataset.labels) == 14
    assert rows_of(dataset.train, dataset.labels)[6] == ("Building", "Building name It is a Building.")
    assert rows_of(dataset.test, dataset.labels) == [("Album", "Abbey Road A record by the Beatles.")]


def test_a_fault_within_an_archive_names_member_and_line(load, tmp_path):
    dbpedia(tmp_path, **{"dbpedia_csv/test.csv": b'"12","a","b"\n"15","c","d"\n'})
    with pytest.raises(DataError, match=r"dbpedia_csv.tar.gz!dbpedia_csv/test.csv:2: expected .* a class of 1 to 14"):
        load("dbpedia", data_dir=tmp_path)


def test_a_member_that_is_missing_is_named(load, tmp_path):
    (tmp_path / "dbpedia_csv.tar.gz").write_bytes(tar_gz({"dbpedia_csv/readme.txt": b"Read me."}))
    with pytest.raises(DataError, match=r"has no member dbpedia_csv/train.csv; is it the official archive\?"):
        load("dbpedia", data_dir=tmp_path)
