"""A prediction that is interrupted leaves no file that looks finished, and goes on at the right row."""

import json
import os
import resource
import shutil
from dataclasses import replace
from random import Random

import pytest

from cct_text.errors import DataError, UsageError
from cct_text.inference import part_file
from cct_text.inference.classifier import TextClassifier
from cct_text.inference.part_file import PartFile, rows_kept
from cct_text.inference.ranking import prediction_schema
from cct_text.inference.stream import predict_file
from tests.support.killed_predictions import are_same, killed, predict_whole, predictions, write_texts

ROWS = 20_000


@pytest.fixture(autouse=True)
def _state_after_each_batch(monkeypatch):
    monkeypatch.setattr(part_file, "SECONDS_BETWEEN_STATES", 0.0)


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """Two files of several batches each."""
    folder = tmp_path_factory.mktemp("sources")
    paths = [folder / "one.txt", folder / "two.txt"]
    for path in paths:
        write_texts(path, ROWS // 2)
    return paths


@pytest.fixture
def out(tmp_path):
    (tmp_path / "out").mkdir()
    return tmp_path / "out" / "torn.csv"


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def stop_after(rows, classifier, sources, output, error=KeyboardInterrupt, **options):
    def progress(done):
        if done >= rows:
            raise error

    with pytest.raises(error):
        predict_file(classifier, sources, output, progress=progress, **options)


@pytest.fixture(scope="module")
def interrupted(classifier, sources, tmp_path_factory):
    """A folder with what an interrupted prediction left."""
    folder = tmp_path_factory.mktemp("interrupted")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(part_file, "SECONDS_BETWEEN_STATES", 0.0)
        stop_after(5000, classifier, sources, folder / "torn.csv")
    return folder


@pytest.fixture
def left(interrupted, out):
    """A copy of it."""
    shutil.copytree(interrupted, out.parent, dirs_exist_ok=True)
    return out


@pytest.mark.parametrize("ending", ["txt", "csv", "tsv", "jsonl", "parquet"])
def test_what_was_interrupted_twice_is_what_an_undisturbed_one_is(classifier, sources, out, ending):
    whole, torn = out.with_name(f"whole.{ending}"), out.with_suffix(f".{ending}")
    expected = predict_file(classifier, sources, whole)
    stop_after(5000, classifier, sources, torn)
    assert names(out.parent) == [f".{torn.name}.part", f".{torn.name}.part.json", whole.name]
    kept = rows_kept(torn)
    assert 5000 <= kept < 15_000
    stop_after(15_000, classifier, sources, torn, resume=True)
    told = []
    assert predict_file(classifier, sources, torn, resume=True, progress=told.append) == expected
    assert told[0] > 15_000
    assert are_same(torn, whole)
    assert names(out.parent) == [torn.name, whole.name]


def test_rows_are_kept_of_an_output_that_is_a_link(classifier, sources, out):
    whole, link = out.with_name("whole.csv"), out.with_name("link.csv")
    predict_file(classifier, sources, whole)
    link.symlink_to(out.name)
    stop_after(5000, classifier, sources, link)
    assert rows_kept(link) == rows_kept(out) >= 5000
    told = []
    predict_file(classifier, sources, link, resume=True, progress=told.append)
    assert told[0] > 5000
    assert link.is_symlink()
    assert are_same(out, whole)


def test_a_prediction_that_is_killed_again_and_again_is_that_of_an_undisturbed_one(run, sources, out):
    whole, random = out.with_name("whole.csv"), Random(0)
    seconds = predict_whole(run, sources, whole)
    while not out.exists():
        killed(run, sources, out, random.uniform(0.3, 1.0) * seconds)
    assert are_same(out, whole)


def test_a_large_file_is_predicted_as_the_same_rows_in_pieces(classifier, sources, out):
    predict_file(classifier, sources, out)
    pieces = []
    for number, source in enumerate(sources):
        lines = source.read_text().splitlines(keepends=True)
        for at in range(0, len(lines), 3000):
            piece = source.with_name(f"piece-{number}-{at}.txt")
            piece.write_text("".join(lines[at : at + 3000]))
            pieces.append(piece)
    apart = out.with_name("pieces.csv")
    predict_file(classifier, pieces, apart)
    assert are_same(apart, out)


@pytest.mark.parametrize("ending", ["csv", "parquet"])
@pytest.mark.parametrize("rows", [0, 3])
def test_what_is_done_before_a_state_is_written_is_an_output_all_the_same(
    classifier, out, ending, rows, tmp_path, monkeypatch
):
    monkeypatch.setattr(part_file, "SECONDS_BETWEEN_STATES", 1e9)
    write_texts(tmp_path / "few.txt", rows)
    output = out.with_suffix(f".{ending}")
    predict_file(classifier, [tmp_path / "few.txt"], output)
    assert len(predictions(output)) == rows
    assert names(out.parent) == [output.name]


def test_without_resume_it_begins_anew(classifier, sources, left):
    told = []
    predict_file(classifier, sources, left, progress=told.append)
    assert told[0] == 4096
    assert names(left.parent) == [left.name]


def test_where_nothing_was_left_it_begins(classifier, sources, out):
    assert predict_file(classifier, sources, out, resume=True).rows == ROWS
    assert names(out.parent) == [out.name]


def test_an_older_output_stays_until_the_new_one_is_whole(classifier, sources, out):
    out.write_text("old")
    stop_after(5000, classifier, sources, out)
    assert out.read_text() == "old"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"top_k": 2}, r"top_k = 1 \(now 2\)"),
        ({"probabilities": False}, r"probabilities = True \(now False\)"),
    ],
)
def test_other_options_are_refused(classifier, sources, left, change, told):
    with pytest.raises(UsageError, match=rf"torn\.csv: cannot go on: it was made with {told}; leave --resume out"):
        predict_file(classifier, sources, left, resume=True, **change)
    assert rows_kept(left) > 0


def test_another_model_is_refused(new_model, classifier, sources, left):
    other = TextClassifier(new_model(labels=("a", "b", "c")))
    with pytest.raises(UsageError, match="it was made with another model; leave --resume out"):
        predict_file(other, sources, left, resume=True)


def test_other_thresholds_are_another_model(tagged_run, sources, out):
    tagger = TextClassifier.load(tagged_run)
    stop_after(5000, tagger, sources, out)
    lower = replace(tagger.model, thresholds=tuple(one / 2 for one in tagger.model.thresholds))
    with pytest.raises(UsageError, match="it was made with another model; leave --resume out"):
        predict_file(TextClassifier(lower), sources, out, resume=True)


def test_sources_that_changed_are_refused(classifier, sources, out, tmp_path):
    sources = [shutil.copy(source, tmp_path) for source in sources]
    stop_after(5000, classifier, sources, out)
    with pytest.raises(UsageError, match="it was made with other sources, or they have changed"):
        predict_file(classifier, sources[::-1], out, resume=True)
    os.utime(sources[0], (1, 1))
    with pytest.raises(UsageError, match="it was made with other sources, or they have changed"):
        predict_file(classifier, sources, out, resume=True)


@pytest.mark.parametrize("size", [0, 100, -1])
def test_a_part_that_was_damaged_is_named(classifier, sources, left, size):
    part = left.with_name(".torn.csv.part")
    content = part.read_bytes()
    part.write_bytes(content[:size] if size >= 0 else content[:50] + b"?" + content[51:])
    with pytest.raises(DataError, match=r"\.torn\.csv\.part: damaged; leave --resume out to begin anew"):
        predict_file(classifier, sources, left, resume=True)


@pytest.mark.parametrize("name", ["format", "made_of", "rows", "bytes", "sha256"])
@pytest.mark.parametrize("value", [None, "x", -1, [1], {"a": 1}])
def test_a_state_that_was_damaged_is_refused(classifier, sources, left, name, value):
    state = left.with_name(".torn.csv.part.json")
    document = json.loads(state.read_text())
    if value is None:
        del document[name]
    else:
        document[name] = value
    state.write_text(json.dumps(document))
    with pytest.raises((DataError, UsageError), match=r"torn\.csv.*leave --resume out to begin anew"):
        predict_file(classifier, sources, left, resume=True)


@pytest.mark.parametrize("content", [b"", b"\xff", b"[]", b"[" * 100_000, b'{"made_of":' * 100_000])
def test_a_state_that_is_none_is_refused(classifier, sources, left, content):
    left.with_name(".torn.csv.part.json").write_bytes(content)
    with pytest.raises(DataError, match=r"torn\.csv\.part\.json: damaged .*; leave --resume out to begin anew"):
        predict_file(classifier, sources, left, resume=True)


def test_a_full_disk_is_told_and_what_is_whole_is_gone_on_with(classifier, sources, out):
    whole = out.with_name("whole.csv")
    predict_file(classifier, sources, whole)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (whole.stat().st_size // 2, hard))
    try:
        with pytest.raises(UsageError, match=r"torn\.csv: cannot write: File too large"):
            predict_file(classifier, sources, out)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not out.exists()
    assert rows_kept(out) > 4096
    predict_file(classifier, sources, out, resume=True)
    assert are_same(out, whole)


def test_a_fault_in_the_data_leaves_nothing(classifier, sources, out):
    broken = sources[0].with_name("broken.jsonl")
    broken.write_text('{"text": "Who ?"}\n' * 9000 + "{\n")
    with pytest.raises(DataError, match=r"broken\.jsonl:9001"):
        predict_file(classifier, [*sources, broken], out)
    assert names(out.parent) == []


def test_two_that_write_the_same_output_do_not_mix(classifier, sources, out):
    other = PartFile(out, "csv", prediction_schema(1, True, classifier.task), "|", dict)
    with other.writer(resume=False), pytest.raises(UsageError, match="another process writes this file"):
        predict_file(classifier, sources, out)


def test_what_cannot_be_read_again_cannot_be_gone_on_with(cct_text, run, out):
    outcome = cct_text("predict", run, "-", "-o", out, "--resume")
    assert outcome.code == 2
    assert outcome.err == "cct-text: --resume goes on with an output file that is made from files; name both\n"


def test_a_long_name_has_room_for_the_hidden_ones(classifier, sources, out):
    output = out.with_name("n" * 251 + ".csv")
    stop_after(5000, classifier, sources, output)
    assert predict_file(classifier, sources, output, resume=True).rows == ROWS
