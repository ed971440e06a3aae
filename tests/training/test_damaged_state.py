"""Every damaged form of an interrupted run's state is named, never a traceback, never a run that goes on from it."""

import io
from hashlib import sha256

import pytest
import torch

from cct_text.artifacts import RunFolder
from cct_text.errors import DataError, UsageError
from cct_text.training.checkpoint import CHECKPOINT, load_checkpoint, take_over
from cct_text.training.fitting import new_network, trainer_of
from cct_text.training.preparation import prepare
from cct_text.training.progress import TrainingObserver
from cct_text.training.recipes import resolve_config
from cct_text.training.run import train

CONFIG = resolve_config(
    "questions", values={"epochs": 3, "embeddings": "learned", "embedding_dim": 8, "width": 16, "ema_decay": 0.9}
)


class Interrupt(TrainingObserver):
    def epoch(self, record):
        if record.epoch > 1:
            raise KeyboardInterrupt


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    """Bytes of a state in the middle of a run."""
    folder = tmp_path_factory.mktemp("run")
    with pytest.raises(KeyboardInterrupt):
        train(CONFIG, folder, observer=Interrupt())
    return (folder / CHECKPOINT).read_bytes()


@pytest.fixture(scope="module")
def data():
    return prepare(CONFIG)


@pytest.fixture
def folder(tmp_path, content):
    folder = RunFolder(tmp_path)
    folder.file(CHECKPOINT).parent.mkdir()
    folder.file(CHECKPOINT).write_bytes(content)
    return folder


def refused(folder, told="damaged"):
    with pytest.raises(DataError, match=rf"{CHECKPOINT}: {told}.*; remove it to start afresh") as caught:
        load_checkpoint(folder, CONFIG)
    assert len(str(caught.value).splitlines()) == 1


def test_a_file_cut_short_anywhere_or_emptied_is_named(folder, content):
    for length in range(0, len(content), len(content) // 40):
        folder.file(CHECKPOINT).write_bytes(content[:length])
        refused(folder)


def test_a_flipped_bit_anywhere_is_named(folder, content):
    for at in range(0, len(content), len(content) // 80):
        changed = bytearray(content)
        changed[at] ^= 1 << at % 8
        folder.file(CHECKPOINT).write_bytes(changed)
        refused(folder)


def test_a_folder_in_its_place_is_named(folder):
    folder.file(CHECKPOINT).unlink()
    folder.file(CHECKPOINT).mkdir()
    refused(folder, "cannot read")


def test_the_state_of_another_run_is_refused(folder):
    other = CONFIG.with_values({"seed": 1})
    with pytest.raises(UsageError, match=r"other options: seed = 0 \(now 1\)"):
        load_checkpoint(folder, other)


def test_a_damaged_state_is_told_by_the_command(folder, content, cct_text):
    folder.file(CHECKPOINT).write_bytes(content[:-1])
    outcome = cct_text("train", "questions", "--out", folder.path, "--resume")
    assert (outcome.code, outcome.out) == (3, "")
    assert (
        outcome.err
        == f"cct-text: {folder.file(CHECKPOINT)}: damaged: its checksum is another; remove it to start afresh\n"
    )


# As whoever writes such a file by a program of their own might have it


def rewrite(folder, change):
    """The state with a change, and a checksum that fits."""
    path = folder.file(CHECKPOINT)
    state = torch.load(io.BytesIO(path.read_bytes()[32:]), weights_only=True)
    change(state)
    changed = io.BytesIO()
    torch.save(state, changed)
    path.write_bytes(sha256(changed.getvalue()).digest() + changed.getvalue())


def places(value, at=()):
    """The paths of all that is in a state, down to tensors and lists."""
    for name, item in value.items() if isinstance(value, dict) else ():
        yield (*at, name)
        if name != "best_weights":  # empty at the start of a run; has a test of its own
            yield from places(item, (*at, name))


def put(state, path, value):
    for name in path[:-1]:
        state = state[name]
    if value is None:
        del state[path[-1]]
    else:
        state[path[-1]] = value


def go_on(folder, data):
    state = load_checkpoint(folder, CONFIG)
    take_over(state, trainer_of(new_network(CONFIG, data), CONFIG, data), folder)


def test_the_state_as_it_is_can_be_gone_on_with(folder, data):
    go_on(folder, data)


@pytest.mark.parametrize("value", [None, torch.zeros(2, 2, dtype=torch.int8)])
def test_whatever_lacks_or_is_of_another_type_is_refused(folder, content, data, value):
    whole = torch.load(io.BytesIO(content[32:]), weights_only=True)
    paths = [path for path in places(whole) if path[0] != "fingerprint" and "param_groups" not in path]
    assert len(paths) > 40
    for path in paths:
        folder.file(CHECKPOINT).write_bytes(content)
        rewrite(folder, lambda state, path=path: put(state, path, value))
        with pytest.raises(DataError, match=CHECKPOINT):
            go_on(folder, data)


@pytest.mark.parametrize(
    "change",
    [
        lambda state: state["best_weights"].popitem(),
        lambda state: state["best_weights"].update({"head.bias": torch.zeros(1)}),
        lambda state: state["history"][0].pop("epoch"),
        lambda state: state["stepper"]["optimizer"]["param_groups"].pop(),
        lambda state: state.update(random=[[torch.zeros(3)]]),
        lambda state: state.update(format=1),
    ],
)
def test_parts_that_do_not_fit_the_run_are_refused(folder, data, change):
    rewrite(folder, change)
    with pytest.raises(DataError, match=CHECKPOINT):
        go_on(folder, data)
