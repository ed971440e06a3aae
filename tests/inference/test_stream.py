import csv
import gzip
import io
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cct_text.datasets.files import read_rows
from cct_text.errors import DataError, UsageError
from cct_text.inference.classifier import TextClassifier
from cct_text.inference.stream import PredictSummary, predict_file
from tests.support.hostile_bytes import Seed, hostile_bytes

# What a text may be, between line ends; all of it is one row each.
AWKWARD = [
    "",
    " ",
    "\x00nul\x00",
    "\ufeffmark",
    "a\rb",
    "a\u2028b\x0bc\x0cd\x85e",
    "\U0001f600",
    '"quoted',
    "x" * 1_000_000,
]


def predicted(classifier, source, **options):
    """Lines that standard output would get, and the summary."""
    output = io.BytesIO()
    summary = predict_file(classifier, [source] if not isinstance(source, list) else source, output, **options)
    return output.getvalue().decode().splitlines(), summary


def lines_for(classifier, texts):
    """What those lines should be."""
    probabilities = classifier.predict_proba(texts)
    return [f"{label}\t{row.max():.6f}" for label, row in zip(classifier.predict(texts), probabilities, strict=True)]


def same(lines, expected):
    """Equal labels, probabilities equal but for the rounding of floats."""
    assert len(lines) == len(expected)
    for line, other in zip(lines, expected, strict=True):
        label, probability = line.split("\t")
        other_label, other_probability = other.split("\t")
        assert label == other_label
        assert float(probability) == pytest.approx(float(other_probability), abs=2e-6)


@pytest.fixture
def expected(classifier, texts):
    return lines_for(classifier, texts)


def as_csv(texts, delimiter=","):
    file = io.StringIO()
    writer = csv.writer(file, delimiter=delimiter)
    writer.writerows([["id", "text"], *([number, text] for number, text in enumerate(texts))])
    return file.getvalue().encode()


def as_parquet(texts):
    file = io.BytesIO()
    pq.write_table(pa.table({"text": texts}), file)
    return file.getvalue()


FORMATS = {
    "text": lambda texts: "\n".join(texts).encode() + b"\n",
    "csv": as_csv,
    "tsv": lambda texts: as_csv(texts, "\t"),
    "jsonl": lambda texts: "".join(json.dumps({"text": text}) + "\n" for text in texts).encode(),
    "parquet": as_parquet,
}
ENDING = {"text": "txt"}


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_gives_a_row_for_each_row_in_order(classifier, texts, expected, tmp_path, form):
    path = tmp_path / f"in.{ENDING.get(form, form)}"
    path.write_bytes(FORMATS[form](texts))
    lines, summary = predicted(classifier, path)
    same(lines, expected)
    assert summary == PredictSummary(rows=120, replaced=0)


@pytest.mark.parametrize("form", FORMATS)
def test_an_open_file_is_read_in_the_format_named(classifier, texts, expected, form):
    lines, _ = predicted(classifier, io.BytesIO(FORMATS[form](texts)), format=form)
    same(lines, expected)


def test_a_gzipped_file_is_read_as_what_is_in_it(classifier, texts, expected, tmp_path):
    path = tmp_path / "in.csv.gz"
    path.write_bytes(gzip.compress(FORMATS["csv"](texts)))
    same(predicted(classifier, path)[0], expected)


@pytest.mark.parametrize("end", [b"\n", b"\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize("last", [True, False], ids=["last line end", "no last line end"])
def test_awkward_lines_are_rows_too(classifier, end, last):
    content = end.join(text.encode() for text in [*AWKWARD, "last"]) + (end if last else b"")
    lines, summary = predicted(classifier, io.BytesIO(content))
    same(lines, lines_for(classifier, [*AWKWARD, "last"]))
    assert summary == PredictSummary(rows=len(AWKWARD) + 1, replaced=0)


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_awkward_texts_are_rows_of_any_format(classifier, form):
    texts = [*AWKWARD, "two\nlines", "\n\n"]
    same(predicted(classifier, io.BytesIO(FORMATS[form](texts)), format=form)[0], lines_for(classifier, texts))


def test_bytes_that_are_not_utf_8_are_replaced_and_their_rows_counted(classifier):
    lines, summary = predicted(classifier, io.BytesIO(b"caf\xe9 \xff\xfe\nfine\n\x80\n"))
    same(lines, lines_for(classifier, ["caf\ufffd \ufffd\ufffd", "fine", "\ufffd"]))
    assert summary == PredictSummary(rows=3, replaced=2)


@given(st.lists(st.binary(max_size=30).filter(lambda line: b"\n" not in line), max_size=20))
@settings(deadline=None, max_examples=150)
def test_any_bytes_at_all_give_a_row_for_each_line(classifier, rows):
    lines, summary = predicted(classifier, io.BytesIO(b"".join(row + b"\n" for row in rows)))
    assert len(lines) == summary.rows == len(rows)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=30), max_size=20))
@settings(deadline=None, max_examples=100)
def test_any_texts_at_all_give_a_row_each_from_csv_with_quoted_line_ends(classifier, texts):
    lines, summary = predicted(classifier, io.BytesIO(as_csv(texts)), format="csv")
    assert len(lines) == summary.rows == len(texts)


SEEDS = {form: [Seed(write(["one", "two, three", 'a "quoted"\tfour'] * 3))] for form, write in FORMATS.items()}
SEEDS["fasttext"] = [Seed(b"__label__a one\n__label__b two three\n")]


@pytest.mark.parametrize("form", SEEDS)
@settings(deadline=None, max_examples=40)
@given(data=st.data(), ending=st.sampled_from(["txt", "csv", "tsv", "jsonl", "parquet"]))
def test_any_bytes_in_any_format_give_a_row_for_each_row_or_no_file(classifier, output_folder, form, ending, data):
    source = io.BytesIO(data.draw(hostile_bytes(SEEDS[form])))
    output = output_folder / f"out.{ending}"
    for left in output_folder.iterdir():
        left.unlink()
    try:
        read = sum(len(batch.texts) for batch in read_rows(source, format=form))
    except DataError:
        read = None
    source.seek(0)
    try:
        summary = predict_file(classifier, [source], output, format=form)
    except DataError:
        assert read is None
        assert not list(output_folder.iterdir())
        return
    written = rows_of(output)
    assert len(written) == summary.rows == read
    assert set(written) <= set(classifier.labels)


@pytest.fixture(scope="module")
def output_folder(tmp_path_factory):
    return tmp_path_factory.mktemp("out")


def rows_of(path):
    """The labels in a file of predictions, as other programs read it."""
    if path.suffix == ".parquet":
        return pq.read_table(path)["label"].to_pylist()
    with path.open(encoding="utf-8", newline="") as file:
        if path.suffix == ".jsonl":
            return [json.loads(line)["label"] for line in file]
        rows = list(csv.reader(file, delimiter="," if path.suffix == ".csv" else "\t"))
    return [row[0] for row in (rows if path.suffix == ".txt" else rows[1:])]


def test_files_follow_each_other_and_may_differ_in_format(classifier, texts, expected, tmp_path):
    (tmp_path / "a.txt").write_bytes("\n".join(texts[:50]).encode())
    (tmp_path / "b.jsonl").write_bytes(FORMATS["jsonl"](texts[50:80]))
    last = io.BytesIO("\n".join(texts[80:]).encode())
    lines, summary = predicted(classifier, [tmp_path / "a.txt", str(tmp_path / "b.jsonl"), last])
    same(lines, expected)
    assert summary.rows == 120


def test_order_is_kept_over_many_batches_of_any_lengths(classifier):
    texts = [f"{'long ' * (number % 37)}number {number}" for number in range(9_000)]
    done = []
    lines, _ = predicted(classifier, io.BytesIO("\n".join(texts).encode()), progress=done.append)
    same(lines, lines_for(classifier, texts))
    assert done == sorted(done)
    assert len(done) > 1
    assert done[-1] == 9_000


def test_no_rows_in_are_no_rows_out(classifier):
    assert predicted(classifier, io.BytesIO(b"")) == ([], PredictSummary(0, 0))


# What is written


def test_the_most_probable_labels_come_first_with_their_probabilities(classifier, texts):
    lines, _ = predicted(classifier, io.BytesIO(FORMATS["text"](texts)), top_k=3)
    probabilities = classifier.predict_proba(texts)
    for line, row in zip(lines, probabilities, strict=True):
        labels, shares = line.split("\t")[::2], [float(value) for value in line.split("\t")[1::2]]
        assert labels == [classifier.labels[index] for index in np.argsort(-row)]
        assert shares == sorted(shares, reverse=True)
        assert shares == pytest.approx(sorted(row, reverse=True), abs=2e-6)


def test_labels_alone_are_written_without_probabilities(classifier, texts):
    lines, _ = predicted(classifier, io.BytesIO(FORMATS["text"](texts)), probabilities=False)
    assert lines == classifier.predict(texts)


@pytest.mark.parametrize("form", ["csv", "tsv", "jsonl", "parquet", "txt"])
def test_the_ending_of_the_output_gives_its_format(classifier, texts, tmp_path, form):
    path = tmp_path / f"out.{form}"
    predict_file(classifier, [io.BytesIO(FORMATS["text"](texts))], path, top_k=2)
    if form == "txt":
        assert len(path.read_text().splitlines()) == 120
        return
    rows = {
        "csv": lambda: pa.Table.from_pylist(list(csv.DictReader(path.open()))),
        "tsv": lambda: pa.Table.from_pylist(list(csv.DictReader(path.open(), delimiter="\t"))),
        "jsonl": lambda: pa.Table.from_pylist([json.loads(line) for line in path.open()]),
        "parquet": lambda: pq.read_table(path),
    }[form]()
    assert rows.column_names == ["label_1", "probability_1", "label_2", "probability_2"]
    assert rows["label_1"].to_pylist() == classifier.predict(texts)


def test_what_one_prediction_wrote_another_can_read(classifier, texts, tmp_path):
    predict_file(classifier, [io.BytesIO(FORMATS["text"](texts))], tmp_path / "a.tsv")
    lines, _ = predicted(classifier, tmp_path / "a.tsv", text_columns=["label"])
    assert len(lines) == 120


@pytest.mark.parametrize("top_k", [0, -1, 4])
def test_more_labels_than_there_are_or_none_are_refused(classifier, top_k):
    with pytest.raises(UsageError, match=f"top-k {top_k}: the run has 3 labels, so 1 to 3"):
        predicted(classifier, io.BytesIO(b"a"), top_k=top_k)


# Which columns are read


@pytest.fixture
def trained_on_title_and_body(new_model):
    return TextClassifier(new_model(text_columns="title,body"))


def test_the_columns_that_a_run_was_trained_on_are_read(trained_on_title_and_body, classifier):
    table = b"body,title\nwrote Hamlet,who\nParis,where is\n"
    lines, _ = predicted(trained_on_title_and_body, io.BytesIO(table), format="csv")
    same(lines, lines_for(classifier, ["who wrote Hamlet", "where is Paris"]))


def test_named_columns_go_before_those_of_the_run(trained_on_title_and_body, classifier):
    table = b"body,title\nwrote Hamlet,who\n"
    lines, _ = predicted(trained_on_title_and_body, io.BytesIO(table), format="csv", text_columns=["body"])
    same(lines, lines_for(classifier, ["wrote Hamlet"]))


def test_a_text_file_has_no_columns_to_miss(trained_on_title_and_body, classifier):
    lines, _ = predicted(trained_on_title_and_body, io.BytesIO(b"who wrote Hamlet\n"))
    same(lines, lines_for(classifier, ["who wrote Hamlet"]))


def test_a_missing_column_is_told_with_those_that_are_there(trained_on_title_and_body):
    with pytest.raises(DataError, match=r"no column 'title'; it has 'id', 'headline', 'body'"):
        predicted(trained_on_title_and_body, io.BytesIO(b"id,headline,body\n1,a,b\n"), format="csv")


def test_labels_in_a_text_file_are_no_text(classifier, tmp_path):
    (tmp_path / "plain.txt").write_text("who wrote it ?\n\n")
    (tmp_path / "labelled.txt").write_text("__label__HUM who wrote it ?\n__label__LOC\n")
    outcomes = []
    for name in ("plain", "labelled"):
        predict_file(classifier, [tmp_path / f"{name}.txt"], tmp_path / f"{name}.csv")
        outcomes.append((tmp_path / f"{name}.csv").read_text())
    assert outcomes[0] == outcomes[1]


def test_a_text_that_comes_again_in_a_file_is_computed_once(classifier, texts, tmp_path, monkeypatch):
    computed = []
    logits_of_column = classifier.logits_of_column
    monkeypatch.setattr(
        classifier, "logits_of_column", lambda column: computed.extend(column.to_pylist()) or logits_of_column(column)
    )
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    (tmp_path / "in.txt").write_text("".join(f"{text}\n" for text in texts) * 300, encoding="utf-8")
    predict_file(classifier, [tmp_path / "in.txt"], tmp_path / "out.csv")
    assert sorted(computed) == sorted(set(texts))
