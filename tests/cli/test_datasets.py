import json

import pytest

from tests.support.official_files import write_news, write_trec
from tests.support.user_files import as_csv

DBPEDIA_SIZED = [(f"OrganisationOfAKind{number:02}", f"text {number}") for number in range(14)] * 3


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A data folder with TREC and AG News in it, a cache of the test's own, a terminal of 80 columns."""
    write_trec(tmp_path / "data" / "trec")
    write_news(tmp_path / "data" / "ag_news")
    monkeypatch.setenv("CCT_TEXT_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("CCT_TEXT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "80")
    return tmp_path


@pytest.fixture
def own(folder):
    path = folder / "mine.csv"
    path.write_bytes(
        as_csv([("[red]spam", "win a prize"), ("ham", "see you"), ("ham", "see you"), ("ham", "bye now then")])
    )
    return path


def test_the_list_names_every_data_set_and_where_its_files_are(cct_text, folder):
    outcome = cct_text("datasets", "--json")
    assert (outcome.code, outcome.err) == (0, "")
    rows = {row["name"]: row for row in json.loads(outcome.out)["datasets"]}
    assert len(rows) == 9
    assert rows["trec"] == {
        "name": "trec",
        "title": "TREC questions, six classes",
        "classes": 6,
        "found": str(folder / "data" / "trec"),
    }
    assert rows["questions"]["found"] == "embedded"
    assert rows["imdb"]["found"] is None
    table = cct_text("datasets").out
    assert all(name in table for name in rows)
    assert "fetched on first use" in table


def test_a_data_dir_goes_before_the_variable(cct_text, folder):
    write_trec(folder / "elsewhere")
    rows = json.loads(cct_text("datasets", "--data-dir", folder / "elsewhere", "--json").out)["datasets"]
    assert {row["name"]: row["found"] for row in rows}["trec"] == str(folder / "elsewhere")


def test_of_one_data_set_everything_is_told_in_one_object(cct_text, folder):
    outcome = cct_text("datasets", "trec", "--json")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.count("\n") == 1
    facts = json.loads(outcome.out)
    assert set(facts) == {
        *("name", "title", "source", "text_columns", "licence", "homepage", "labels"),
        *("dev_is_cut", "splits", "duplicates", "files", "sha256"),
    }
    assert facts["labels"] == ["ABBR", "DESC", "ENTY", "HUM", "LOC", "NUM"]
    assert facts["splits"]["test"]["classes"]["NUM"] == 1
    assert set(facts["files"]) == {"train_5500.label", "TREC_10.label"}


def test_a_file_of_ones_own_is_described_too(cct_text, own):
    facts = json.loads(cct_text("datasets", own, "--json").out)
    assert facts["name"] == str(own)
    assert facts["labels"] == ["[red]spam", "ham"]
    assert facts["splits"]["train"]["rows"] == 4
    assert facts["duplicates"]["train_in_train"] == 1
    assert facts["dev_is_cut"] is True
    assert f"source: {own.parent}\n" in cct_text("datasets", own.name, cwd=own.parent).out


def test_columns_can_be_named(cct_text, folder):
    (folder / "odd.csv").write_text("gold,a,b\nx,one,two\ny,three,four\n")
    outcome = cct_text(
        "datasets", folder / "odd.csv", "--text-column", "a", "--text-column", "b", "--label-column", "gold"
    )
    assert outcome.code == 0, outcome.err
    assert "\ntext: a, b\n" in outcome.out
    (row,) = (line for line in outcome.out.splitlines() if line.startswith("train "))
    assert row.split() == ["train", "2", "2", "2", "2", "2", "2"]


def test_the_separator_and_the_format_that_training_would_be_told_can_be_given(cct_text, folder):
    (folder / "tags.list").write_text("text,labels\none,a;b\ntwo,b\nthree,a\nfour,a;b\n")
    arguments = ["--format", "csv", "--multi-label", "--set", "label_separator=;", "--set", "dev_fraction=0", "--json"]
    outcome = cct_text("datasets", folder / "tags.list", *arguments)
    assert outcome.code == 0, outcome.err
    assert json.loads(outcome.out)["splits"]["train"]["classes"] == {"a": 3, "b": 3}


def test_the_columns_that_were_found_are_told(cct_text, folder):
    (folder / "news.csv").write_text("title,class,description\none,x,two\nthree,y,four\n")
    facts = json.loads(cct_text("datasets", folder / "news.csv", "--json").out)
    assert facts["text_columns"] == ["title", "description"]


@pytest.mark.parametrize("name", [None, "questions", "trec", "ag_news", "own", "wide"])
def test_tables_fit_80_columns_without_colour(cct_text, own, name):
    if name == "wide":
        own.write_bytes(as_csv(DBPEDIA_SIZED))
    arguments = [own if name in ("own", "wide") else name] if name else []
    outcome = cct_text("datasets", *arguments)
    assert (outcome.code, outcome.err) == (0, "")
    # Paths, checksums and the count of duplicates may be copied or piped: they stay on one line.
    free = ("source: ", "same text: ", str(own))
    lines = [line for line in outcome.out.splitlines() if "sha256 " not in line and not line.startswith(free)]
    assert max(map(len, lines)) <= 80
    assert "\x1b" not in outcome.out


def test_the_table_tells_splits_classes_duplicates_and_checksums(cct_text, folder):
    words = cct_text("datasets", "trec").out.split()
    lines = cct_text("datasets", "trec").out.splitlines()
    assert lines[0] == "trec: TREC questions, six classes"
    assert f"source: {folder / 'data' / 'trec'}" in lines
    assert "licence: not stated" in lines
    (test,) = (line.split()[:2] for line in lines if line.startswith("test "))
    assert test == ["test", "2"]
    assert any(line.startswith("same text: 0 rows of train repeat another; 0 of test stand in train") for line in lines)
    assert words.count("sha256") == 3


def test_a_label_that_looks_like_markup_is_printed_as_it_is(cct_text, own):
    assert "[red]spam" in cct_text("datasets", own).out


@pytest.mark.parametrize(
    ("name", "code", "told"),
    [
        ("agnews", 2, "unknown data set 'agnews'; did you mean ag_news"),
        ("nowhere.csv", 3, "nowhere.csv: cannot read: No such file or directory"),
        ("notes.doc", 2, "notes.doc: cannot tell the format from the ending '.doc'; known are .txt,"),
    ],
)
@pytest.mark.parametrize("as_json", [(), ("--json",)], ids=["table", "json"])
def test_a_mistake_gets_one_line_and_its_exit_code(cct_text, folder, name, code, told, as_json):
    outcome = cct_text("datasets", name, *as_json)
    assert (outcome.code, outcome.out) == (code, "")
    (line,) = outcome.err.splitlines()
    assert line.startswith(f"cct-text: {told}")


def test_warnings_do_not_spoil_the_json(cct_text, folder, caplog):
    (folder / "bytes.csv").write_bytes(b"label,text\na,caf\xe9\nb,fine\n")
    outcome = cct_text("datasets", folder / "bytes.csv", "--json")
    assert json.loads(outcome.out)["splits"]["train"]["rows"] == 2
    assert caplog.messages == [f"{folder / 'bytes.csv'}: invalid UTF-8 replaced in 1 rows"]


def test_a_data_dir_that_is_not_there_is_told(cct_text, folder):
    outcome = cct_text("datasets", "--data-dir", folder / "nowhere")
    assert (outcome.code, outcome.out) == (3, "")
    assert "nowhere: no such folder (--data-dir)" in outcome.err
