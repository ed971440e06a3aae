"""A run goes to the hub in one commit, and comes back the same."""

import pytest

from cct_text import TextClassifier
from cct_text.artifacts import CARD, PREDICTIONS, REPORT, WEIGHTS
from cct_text.errors import DataError, ResourceError, UsageError
from cct_text.hub.fetching import pull
from cct_text.sharing.push import push
from cct_text.sharing.shared_copy import Sharing, share
from tests.support.http_server import address_without_server
from tests.support.hub_models import ModelRepository
from tests.support.own_run import SECRETS

TEXTS = ["Who wrote the Iliad ?", "Where is the Danube Delta ?"]


def test_a_pushed_run_is_loaded_by_its_name_and_pulled(hub, own_run, tmp_path):
    pushed = push(own_run, "ann/tickets")
    repository = hub.models.repositories["ann/tickets"]
    assert (pushed.repository, pushed.commit, pushed.private) == ("ann/tickets", repository.head, False)
    assert pushed.url == f"{hub.url}/ann/tickets"
    assert set(pushed.files) == set(repository.files) - {".gitattributes"}
    expected = TextClassifier.load(own_run).predict_proba(TEXTS)
    assert (TextClassifier.load("hf:ann/tickets").predict_proba(TEXTS) == expected).all()
    pulled = pull("ann/tickets", tmp_path / "mine")
    assert pulled.files == tuple(file for file in pushed.files)
    assert (tmp_path / "mine" / CARD).read_text(encoding="utf-8").startswith("---\nlibrary_name: cct-text\n")


def test_what_is_sent_holds_no_folder_and_no_text(hub, own_run):
    push(own_run, "ann/tickets")
    files = hub.models.repositories["ann/tickets"].files
    assert not {PREDICTIONS, REPORT} & set(files)
    for content in files.values():
        assert not any(secret.encode() in content for secret in SECRETS)


def test_all_is_one_commit_whose_message_can_be_given(hub, own_run):
    push(own_run, "ann/tickets")
    push(own_run, "ann/tickets", Sharing(with_texts=True), message="Texts, too")
    repository = hub.models.repositories["ann/tickets"]
    assert repository.messages == ["cct-2/2 on tickets.csv, by cct-text", "Texts, too"]
    assert {PREDICTIONS, REPORT} <= set(repository.files)


def test_what_a_new_push_lacks_is_removed_and_what_is_of_others_stays(hub, own_run):
    push(own_run, "ann/tickets", Sharing(with_texts=True))
    repository = hub.models.repositories["ann/tickets"]
    repository.commit({**repository.files, "LICENSE": b"mine"})
    push(own_run, "ann/tickets")
    assert not {PREDICTIONS, REPORT} & set(repository.files)
    assert repository.files["LICENSE"] == b"mine"


def test_the_same_run_again_is_no_new_commit(hub, own_run):
    first = push(own_run, "ann/tickets")
    assert push(own_run, "ann/tickets").commit == first.commit
    assert len(hub.models.repositories["ann/tickets"].messages) == 1


def test_private_is_private_and_a_public_repository_is_not_taken_for_it(hub, own_run):
    assert push(own_run, "ann/secret", private=True).private
    assert hub.models.repositories["ann/secret"].private
    assert push(own_run, "ann/secret").private
    push(own_run, "ann/tickets")
    before = hub.models.repositories["ann/tickets"].head
    with pytest.raises(UsageError, match="is there and is public; make it private on its page, or leave out --private"):
        push(own_run, "ann/tickets", private=True, message="never")
    assert hub.models.repositories["ann/tickets"].head == before


def test_a_repository_of_something_else_is_not_written_into(hub, own_run):
    other = ModelRepository()
    other.commit({**other.files, "pytorch_model.bin": b"", CARD: b"# BERT"})
    hub.models.repositories["ann/bert"] = other
    with pytest.raises(
        UsageError, match=r"is there and holds something else \(pytorch_model.bin\); choose another name"
    ):
        push(own_run, "ann/bert")
    assert other.files[CARD] == b"# BERT"


def test_a_repository_that_was_made_on_the_hubs_page_is_pushed_to(hub, own_run):
    made = ModelRepository()
    made.commit({**made.files, CARD: b"---\nlicense: mit\n---\n", "LICENSE": b"MIT"})
    hub.models.repositories["ann/tickets"] = made
    push(own_run, "ann/tickets")
    assert WEIGHTS in made.files
    assert made.files["LICENSE"] == b"MIT"


def test_a_card_that_was_edited_is_sent_as_it_is(hub, own_run, tmp_path):
    share(own_run, tmp_path / "copy", "ann/tickets")
    with (tmp_path / "copy" / CARD).open("a", encoding="utf-8") as card:
        card.write("\n## By hand\n")
    push(tmp_path / "copy", "ann/tickets")
    assert hub.models.repositories["ann/tickets"].files[CARD].endswith(b"\n## By hand\n")


def test_a_licence_that_the_hub_does_not_know_is_told(hub, own_run):
    with pytest.raises(
        UsageError, match=r'takes no such README.md: Invalid metadata in README.md. - "license" must be one of'
    ):
        push(own_run, "ann/tickets", Sharing(licence="my-own"))
    assert hub.models.repositories["ann/tickets"].messages == []


def test_without_token_or_hub_nothing_is_sent(hub, own_run, monkeypatch):
    from huggingface_hub import constants

    monkeypatch.delenv("HF_TOKEN")
    with pytest.raises(ResourceError) as told:
        push(own_run, "ann/tickets")
    assert str(told.value) == "hf:ann/tickets: no token to write with; set HF_TOKEN, or `hf auth login`"
    monkeypatch.setenv("HF_TOKEN", "hf_ann")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(ResourceError, match="HF_HUB_OFFLINE is set, unset it"):
        push(own_run, "ann/tickets")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    address = address_without_server()
    monkeypatch.setattr(constants, "ENDPOINT", address)
    with pytest.raises(ResourceError, match=f"{address} does not answer, check the network"):
        push(own_run, "ann/tickets")
    assert not any(request.startswith(("POST", "PUT")) for request in hub.requests)


def test_a_token_without_the_right_to_write_is_told(hub, own_run, monkeypatch):
    for name in ("eve/tickets", "eve/there"):
        if name == "eve/there":
            hub.models.repositories[name] = ModelRepository()
        with pytest.raises(
            ResourceError, match=rf"^hf:{name}: forbidden \(You don.t have the rights to write to eve\); see"
        ):
            push(own_run, name)
    monkeypatch.setenv("HF_TOKEN", "hf_old")
    with pytest.raises(ResourceError, match="the hub does not accept the token"):
        push(own_run, "ann/tickets")


@pytest.mark.parametrize("broken", ["/objects/", "/commit/", "/preupload/", "/api/repos/create"])
def test_a_hub_that_fails_on_the_way_keeps_what_it_had(hub, own_run, broken, monkeypatch):
    hub.models.repositories["ann/tickets"] = repository = ModelRepository()
    if broken == "/api/repos/create":
        del hub.models.repositories["ann/tickets"]
    hub.models.broken.add(broken)
    monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda _: None)  # between its tries
    with pytest.raises(ResourceError, match=r"^hf:ann/tickets: the hub answers HTTP 500: internal error$"):
        push(own_run, "ann/tickets")
    assert WEIGHTS not in repository.files


def test_what_is_no_name_or_no_run_is_told_before_the_hub_is_asked(hub, own_run, tmp_path):
    with pytest.raises(UsageError, match="no name of the hub"):
        push(own_run, "tickets")
    with pytest.raises(UsageError, match="a run is pushed to the main branch; leave out @v1"):
        push(own_run, "ann/tickets@v1")
    with pytest.raises(DataError, match="no such run folder"):
        push(tmp_path / "nowhere", "ann/tickets")
    assert hub.requests == []
