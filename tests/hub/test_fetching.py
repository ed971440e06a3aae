"""Runs come from a hub whole, checked and without anything that would be run, or not at all."""

import pytest

from cct_text import TextClassifier
from cct_text.artifacts import CARD, CONFIG, TOKENIZER, WEIGHTS
from cct_text.errors import DataError, ResourceError, UsageError
from cct_text.hub.fetching import MODEL_FILES, PULLED_FILES, pull
from tests.support.http_server import address_without_server
from tests.support.hub_models import ModelRepository

TEXTS = ["Who wrote the Iliad ?", "Where is the Danube Delta ?"]


@pytest.fixture
def repository(hub, own_run):
    """A run on the hub, with other files beside it."""
    repository = ModelRepository()
    files = {file.name: file.read_bytes() for file in own_run.iterdir()}
    repository.commit({**files, "README.md": b"# tickets\n", "evil.pkl": b"cos\nsystem\n", "deep/config.toml": b"x"})
    hub.models.repositories["ann/tickets"] = repository
    return repository


@pytest.fixture
def gone(monkeypatch):
    """Takes the hub away; its address."""

    def take():
        from huggingface_hub import constants

        address = address_without_server()
        monkeypatch.setattr(constants, "ENDPOINT", address)
        return address

    return take


def test_a_pulled_run_says_what_the_run_says(repository, own_run, tmp_path):
    pulled = pull("ann/tickets", tmp_path / "mine")
    assert (pulled.repository, pulled.commit) == ("ann/tickets", repository.head)
    mine, theirs = TextClassifier.load(tmp_path / "mine"), TextClassifier.load(own_run)
    assert (mine.predict_proba(TEXTS) == theirs.predict_proba(TEXTS)).all()


def test_only_files_of_a_run_are_taken_and_nothing_that_is_run(repository, hub, tmp_path):
    pull("ann/tickets", tmp_path / "mine")
    taken = {path.name for path in (tmp_path / "mine").iterdir()}
    assert taken == {file for file in PULLED_FILES if file in repository.files}
    assert not taken & {"evil.pkl", "report.html", "deep"}
    assert not any("evil" in request or "report" in request for request in hub.requests)


def test_a_revision_is_pulled_by_tag_or_commit(repository, tmp_path):
    first = repository.head
    repository.commit({**repository.files, CARD: b"newer"})
    repository.tags["v1"] = first
    for number, (name, revision) in enumerate(
        [("ann/tickets", "v1"), ("hf:ann/tickets@v1", None), ("ann/tickets", first)]
    ):
        assert pull(name, tmp_path / f"{number}", revision=revision).commit == first
    assert pull("ann/tickets", tmp_path / "new").commit == repository.head
    assert (tmp_path / "new" / CARD).read_text() == "newer"
    with pytest.raises(
        ResourceError, match=r"^hf:ann/tickets@v9: ann/tickets is on the hub, but has no such branch, tag"
    ):
        pull("ann/tickets@v9", tmp_path / "never")


def test_a_name_is_loaded_like_a_folder_and_only_its_model_is_fetched(repository, own_run, hub, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    expected = TextClassifier.load(own_run).predict_proba(TEXTS)
    for name in ("ann/tickets", "hf:ann/tickets", f"ann/tickets@{repository.head}"):
        assert (TextClassifier.load(name).predict_proba(TEXTS) == expected).all()
    fetched = {
        request.rpartition("/")[2] for request in hub.requests if request.startswith("GET") and "/resolve/" in request
    }
    assert fetched == set(MODEL_FILES)


def test_without_the_hub_the_copy_in_the_cache_is_used_and_told(repository, gone, tmp_path, caplog):
    TextClassifier.load("hf:ann/tickets")
    assert caplog.messages == []
    address = gone()
    TextClassifier.load("hf:ann/tickets")
    assert caplog.messages == [f"hf:ann/tickets: {address} does not answer; using the copy in the cache"]


def test_without_the_hub_and_a_copy_both_is_told_soon(hub, gone, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    address = gone()
    start = "no such folder; as a run of the hub: "
    for name, told in (("hf:ann/nothing", ""), ("ann/nothing", start)):
        with pytest.raises(ResourceError) as error:
            TextClassifier.load(name)
        assert str(error.value) == (
            f"{name}: {told}{address} does not answer, and no copy is in the cache; check the network"
        )


def test_offline_the_hub_is_not_asked(repository, hub, monkeypatch, tmp_path):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(ResourceError, match="HF_HUB_OFFLINE is set, and no copy is in the cache; unset it"):
        pull("ann/tickets", tmp_path / "mine")
    assert hub.requests == []


def test_a_repository_that_is_not_there_or_private_is_told(hub, repository, tmp_path, monkeypatch):
    repository.private = True
    pull("ann/tickets", tmp_path / "with-token")
    monkeypatch.delenv("HF_TOKEN")
    for name in ("ann/tickets", "ann/nothing"):
        with pytest.raises(ResourceError) as told:
            pull(name, tmp_path / "never")
        assert str(told.value) == (
            f"hf:{name}: no such model on {hub.url}, or a private one, which takes the HF_TOKEN of who may read it"
        )
    assert not (tmp_path / "never").exists()


def test_a_gated_repository_is_told(hub, repository, tmp_path):
    repository.gated = True
    with pytest.raises(
        ResourceError, match=f"its owners let in who asks; ask on {hub.url}/ann/tickets and set HF_TOKEN"
    ):
        pull("ann/tickets", tmp_path / "never")


def test_a_token_that_the_hub_does_not_know_is_told(repository, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_old")
    with pytest.raises(
        ResourceError, match=r"^hf:ann/tickets: the hub does not accept the token; set HF_TOKEN, or `hf auth"
    ):
        pull("ann/tickets", tmp_path / "never")


def test_a_hub_that_fails_is_told(hub, repository, tmp_path):
    hub.models.broken.add("/api/models/")
    with pytest.raises(ResourceError, match=r"^hf:ann/tickets: the hub answers HTTP 500: internal error$"):
        pull("ann/tickets", tmp_path / "never")


def test_a_transfer_that_breaks_off_leaves_nothing_and_can_be_repeated(hub, repository, tmp_path):
    hub.models.cut.add(WEIGHTS)
    with pytest.raises(ResourceError, match=r"^hf:ann/tickets: .*Consistency check failed"):
        pull("ann/tickets", tmp_path / "mine")
    assert list(tmp_path.glob("*mine*")) == []
    hub.models.cut.clear()
    pull("ann/tickets", tmp_path / "mine")


@pytest.mark.parametrize("file", [CONFIG, WEIGHTS])
def test_a_redirect_to_what_is_not_https_is_refused_before_it_is_followed(hub, repository, tmp_path, file):
    hub.models.elsewhere[file] = "http://files.example/it"
    with pytest.raises(ResourceError, match="refused to go to http://files.example: not https"):
        pull("ann/tickets", tmp_path / "mine")
    assert not (tmp_path / "mine").exists()


def test_more_bytes_than_are_allowed_are_not_fetched(hub, repository, tmp_path):
    hub.models.sizes[WEIGHTS] = 5 << 30
    with pytest.raises(
        ResourceError, match=r"^hf:ann/tickets: 5,[\d,]+ bytes, more than the 4,294,967,296 that are allowed"
    ):
        pull("ann/tickets", tmp_path / "mine")
    assert not any("/resolve/" in request for request in hub.requests)


def test_a_data_set_is_told_to_be_one(hub, tmp_path):
    hub.repositories["ann/rows"] = {"train.csv": b"text,label\n"}
    with pytest.raises(
        DataError, match=r"^hf:ann/rows: a data set and no run; `cct-text train hf:ann/rows` learns from it"
    ):
        pull("ann/rows", tmp_path / "never")


def test_a_repository_that_holds_another_kind_of_model_is_refused_before_anything_is_fetched(hub, tmp_path):
    other = ModelRepository()
    other.commit({".gitattributes": b"", "pytorch_model.bin": b"cos\nsystem\n", "config.json": b"{}"})
    hub.models.repositories["ann/bert"] = other
    with pytest.raises(DataError) as told:
        pull("ann/bert", tmp_path / "never")
    assert str(told.value) == (
        "hf:ann/bert: no run of cct-text: it has no config.toml, but pytorch_model.bin, config.json"
    )
    assert not any("resolve" in request for request in hub.requests)


@pytest.mark.parametrize("name", [CONFIG, TOKENIZER, WEIGHTS])
def test_what_does_not_fit_its_checksums_is_refused(repository, tmp_path, name):
    content = repository.files[name]
    repository.commit({**repository.files, name: content.replace(b"HUM", b"HVM") if name == CONFIG else content + b" "})
    with pytest.raises(DataError, match=rf"^hf:ann/tickets: is refused: .*{name}: damaged: "):
        pull("ann/tickets", tmp_path / "never")
    assert list(tmp_path.glob("*never*")) == []


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"[tool]\n", "is this a run folder"),
        (b"\xff\xfe", "damaged"),
        (b"[run]\nformat = 99\n", "run folder of format 99"),
    ],
)
def test_a_config_that_is_none_of_a_run_is_refused(repository, tmp_path, content, told):
    repository.commit({**repository.files, CONFIG: content})
    with pytest.raises(DataError, match=rf"^hf:ann/tickets: is refused: .*{told}"):
        pull("ann/tickets", tmp_path / "never")


def test_a_folder_that_is_there_is_not_written_into(repository, hub, tmp_path):
    (tmp_path / "mine").mkdir()
    pull("ann/tickets", tmp_path / "mine")
    before = {path.name: path.read_bytes() for path in (tmp_path / "mine").iterdir()}
    asked = len(hub.requests)
    with pytest.raises(UsageError, match=r"mine: is there already; name a new folder"):
        pull("ann/tickets", tmp_path / "mine")
    assert {path.name: path.read_bytes() for path in (tmp_path / "mine").iterdir()} == before
    assert len(hub.requests) == asked


def test_a_folder_that_cannot_be_made_is_told_before_anything_is_fetched(repository, hub, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot write"):
        pull("ann/tickets", tmp_path / "file" / "mine")
    assert hub.requests == []


def test_the_files_are_as_readable_as_any_of_the_user_and_no_links(repository, tmp_path):
    pull("ann/tickets", tmp_path / "mine")
    assert not any(path.is_symlink() for path in (tmp_path / "mine").iterdir())


def test_the_loggers_and_bars_of_the_library_are_left_as_they_were(hub, tmp_path):
    import logging

    from huggingface_hub.utils import are_progress_bars_disabled

    before = logging.getLogger("huggingface_hub").level, are_progress_bars_disabled()
    with pytest.raises(ResourceError):
        pull("ann/nothing", tmp_path / "never")
    assert (logging.getLogger("huggingface_hub").level, are_progress_bars_disabled()) == before
