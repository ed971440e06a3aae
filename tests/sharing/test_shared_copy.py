"""What leaves a machine with a run: all that others need, no folder of it and no text that was not meant to."""

import shutil

import pyarrow.parquet as pq
import pytest

from cct_text.artifacts import CARD, CONFIG, PREDICTIONS, REPORT, TOKENIZER, WEIGHTS, RunFolder, sha256_of
from cct_text.errors import DataError, UsageError
from cct_text.figures import read_figures, write_figures
from cct_text.inference.classifier import TextClassifier
from cct_text.sharing.shared_copy import SHARED_FILES, SHOW_TEXTS, Sharing, share
from tests.support.own_run import SECRETS

TEXTS = ["Who wrote the Iliad ?", "Where is the Danube Delta ?"]


@pytest.fixture(scope="module")
def shared(own_run, tmp_path_factory):
    """The copy with texts: if nothing leaks from it, nothing leaks from less."""
    out = tmp_path_factory.mktemp("shared") / "copy"
    return out, share(own_run, out, "ann/tickets", Sharing(with_texts=True))


def test_the_copy_says_what_the_run_says_and_is_the_same_model_byte_for_byte(own_run, shared):
    mine, copy = TextClassifier.load(own_run), TextClassifier.load(shared[0])
    assert (mine.predict_proba(TEXTS) == copy.predict_proba(TEXTS)).all()
    for name in (TOKENIZER, WEIGHTS):
        assert sha256_of(own_run / name) == sha256_of(shared[0] / name)


def test_no_folder_of_this_machine_is_in_any_file(own_run, shared):
    assert any(secret in (own_run / CONFIG).read_text() for secret in SECRETS)
    for path in shared[0].iterdir():
        content = path.read_bytes()
        for word in (*SECRETS, str(own_run.parents[1]), str(shared[0].parent), "data_dir"):
            assert word.encode() not in content, f"{word} is in {path.name}"


def test_files_are_called_by_their_names(shared):
    config = RunFolder(shared[0]).read_config()
    data = config.data
    assert (data.dataset, data.dev, data.test) == ("tickets.csv", "held-out.csv", "final.csv")
    assert config.embedding.vectors == "small.txt"
    metrics = read_figures(RunFolder(shared[0]))
    assert (metrics["dataset"], metrics["vectors"]) == ("tickets.csv", "small.txt")


def test_all_other_options_and_figures_stay_as_they_are(own_run, shared):
    mine, copy = RunFolder(own_run), RunFolder(shared[0])
    options = {section: dict(values) for section, values in copy.read_config().to_dict().items()}
    own = {section: dict(values) for section, values in mine.read_config().to_dict().items()}
    for name in ("dataset", "dev", "test", "data_dir"):
        options["data"].pop(name, None), own["data"].pop(name, None)
    options["embedding"].pop("vectors"), own["embedding"].pop("vectors")
    assert options == own
    figures = read_figures(mine)
    assert read_figures(copy) == {**figures, "dataset": "tickets.csv", "vectors": "small.txt"}


def test_texts_stay_here_unless_they_are_wanted(own_run, shared, tmp_path):
    files = share(own_run, tmp_path / "copy", "ann/tickets")
    assert set(shared[1]) - set(files) == set(SHOW_TEXTS)
    assert set(files) == {path.name for path in (tmp_path / "copy").iterdir()}
    assert set(shared[1]) == set(SHARED_FILES)
    texts = pq.read_table(own_run / PREDICTIONS)["text"].to_pylist()
    for path in (tmp_path / "copy").iterdir():
        assert not any(text.encode() in path.read_bytes() for text in texts)
    assert pq.read_table(shared[0] / PREDICTIONS)["text"].to_pylist() == texts
    assert "cct-text train --config config.toml --out DIR" in (shared[0] / REPORT).read_text(encoding="utf-8")


def test_a_report_can_be_written_from_a_copy_without_texts(own_run, tmp_path, cct_text):
    share(own_run, tmp_path / "copy", "ann/tickets")
    assert cct_text("report", tmp_path / "copy").code == 0
    assert (tmp_path / "copy" / REPORT).exists()


def test_a_data_set_can_be_called_something_else(own_run, tmp_path):
    share(own_run, tmp_path / "copy", "ann/tickets", Sharing(dataset_name="letters"))
    data = RunFolder(tmp_path / "copy").read_config().data
    assert (data.dataset, data.dev, data.test) == ("letters.csv", "letters-dev.csv", "letters-test.csv")
    for path in (tmp_path / "copy").iterdir():
        assert b"held-out" not in path.read_bytes()
        assert b"tickets.csv" not in path.read_bytes()


def test_a_copy_of_a_copy_is_the_same(shared, tmp_path):
    share(shared[0], tmp_path / "again", "ann/tickets", Sharing(with_texts=True))
    for name in shared[1]:
        assert (tmp_path / "again" / name).read_bytes() == (shared[0] / name).read_bytes(), name


def test_a_card_that_is_there_goes_as_it_is(shared, tmp_path):
    shutil.copytree(shared[0], tmp_path / "edited")
    (tmp_path / "edited" / CARD).write_text("---\nlicense: mit\n---\n\nMine.\n")
    share(tmp_path / "edited", tmp_path / "copy", "ann/tickets")
    assert (tmp_path / "copy" / CARD).read_text() == "---\nlicense: mit\n---\n\nMine.\n"
    with pytest.raises(UsageError, match=r"README\.md: is there and goes as it is; state licence and language in it"):
        share(tmp_path / "edited", tmp_path / "never", "ann/tickets", Sharing(licence="mit"))
    assert not (tmp_path / "never").exists()


def test_what_is_no_finished_run_is_refused(own_run, tmp_path):
    with pytest.raises(DataError, match="no such run folder"):
        share(tmp_path / "nowhere", tmp_path / "never", "ann/tickets")
    TextClassifier.load(own_run).save(tmp_path / "saved")
    with pytest.raises(DataError, match=r"metrics\.json: no figures, so no finished run"):
        share(tmp_path / "saved", tmp_path / "never", "ann/tickets")
    shutil.copytree(own_run, tmp_path / "old")
    metrics = read_figures(RunFolder(tmp_path / "old"))
    del metrics["truncated_fraction"]
    write_figures(RunFolder(tmp_path / "old"), metrics)
    with pytest.raises(DataError, match=r"metrics\.json: damaged, or of an earlier version: 'truncated_fraction'"):
        share(tmp_path / "old", tmp_path / "never", "ann/tickets")
    assert not (tmp_path / "never").exists()


def test_a_folder_that_is_there_is_not_written_into(own_run, tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="there: is there already; name a new folder"):
        share(own_run, tmp_path / "there", "ann/tickets")
    assert [path.name for path in (tmp_path / "there").iterdir()] == ["mine.txt"]
