"""What the journal of a search remembers, and what it suggests next; the scores are made up, nothing is trained."""

import os
import resource
import warnings
from contextlib import suppress

import pytest

from cct_text.errors import DataError, UsageError
from cct_text.studies.trial_log import JOURNAL, TRIALS_BEFORE_PRUNING, TrialLog
from cct_text.studies.trials import SplitScore
from cct_text.studies.tuning_plan import plan_tuning

SEARCH = ("learning_rate=1e-4..1e-2", "max_words=16,32,64", "layers=1..4")


@pytest.fixture
def opened(tmp_path):
    def build(name="study", **options):
        given = {"search": SEARCH, "splits": 2, **options}
        return TrialLog(plan_tuning("questions", out=tmp_path / name, **given), data="0")

    return build


def finish(log, trial, *scores):
    for score in scores:
        trial = log.record(SplitScore(trial.number, score, 1.0, None))
    return trial


def goodness(trial):
    """A made-up score: best at a learning rate of 1e-3 and many words."""
    return 0.9 - abs(trial.config.training.learning_rate - 1e-3) - 1 / trial.config.text.max_words


def run(log, count):
    """So many trials one after the other, scored by `goodness`; those that were asked for."""
    asked = []
    for _ in range(count):
        trial = log.ask()
        asked.append(trial)
        while trial.state == "running":
            trial = finish(log, trial, goodness(trial))
    return asked


def test_the_first_trial_is_the_recipe_as_it_is(opened):
    log = opened()
    first, second = log.ask(), log.ask()
    assert first.config == log.tuning.base
    assert (first.recipe, second.recipe) == (True, False)
    assert second.config != log.tuning.base


def test_a_recipe_outside_of_what_is_searched_is_scored_as_it_is_without_a_warning(opened):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        log = opened(search=("learning_rate=1e-2..2e-2", "max_words=7,8", "patience=2,3"))
        assert log.ask().config == log.tuning.base
        assert {trial.config.text.max_words for trial in run(log, 5)} <= {7, 8}


def test_a_trial_is_complete_after_its_last_split_and_its_score_is_their_mean(opened):
    log = opened()
    trial = finish(log, log.ask(), 0.5)
    assert (trial.state, trial.score, trial.standard_error) == ("running", 0.5, None)
    trial = finish(log, trial, 0.7)
    assert (trial.state, trial.scores, trial.seconds) == ("complete", (0.5, 0.7), 2.0)
    assert (trial.score, trial.standard_error) == (pytest.approx(0.6), pytest.approx(0.1))


def test_what_is_worse_than_half_of_the_others_is_given_up_but_never_the_recipe(opened):
    log = opened()
    recipe, *others = [log.ask() for _ in range(TRIALS_BEFORE_PRUNING + 2)]
    for trial in others[:-1]:
        finish(log, trial, 0.8, 0.8)
    assert finish(log, others[-1], 0.7).state == "pruned"
    assert finish(log, recipe, 0.1).state == "running"
    assert [trial.state for trial in log.trials()].count("pruned") == 1


def test_a_lower_loss_is_better(opened):
    log = opened(metric="loss")
    for _ in range(TRIALS_BEFORE_PRUNING):
        finish(log, log.ask(), 0.5, 0.5)
    assert finish(log, log.ask(), 0.6).state == "pruned"
    assert finish(log, log.ask(), 0.4).state == "running"


def test_opened_again_everything_is_there_and_the_search_goes_on_as_if_it_had_not_stopped(opened):
    # More than the ten that the sampler draws at random before it learns from them.
    asked = run(opened("whole"), 14)
    before = run(opened("parts"), 11)
    opened("parts").ask()  # and the process is killed
    again = opened("parts")
    assert [trial.config for trial in again.trials()] == [trial.config for trial in before]
    after = run(again, 3)
    assert [trial.config for trial in (*before, *after)] == [trial.config for trial in asked]
    assert {trial.state for trial in again.trials()} == {"complete", "pruned"}


@pytest.mark.parametrize("suggested", range(len(SEARCH)))
@pytest.mark.parametrize("before", range(3))
def test_stopped_while_options_are_suggested_it_suggests_the_same_ones(opened, monkeypatch, before, suggested):
    stopped = opened()
    run(stopped, before)
    option = stopped.tuning.space[suggested]
    suggest = type(option).suggest

    def interrupted(self, trial):
        if self == option:
            raise KeyboardInterrupt
        return suggest(self, trial)

    for _ in range(2):  # what was begun anew is stopped, too
        with monkeypatch.context() as patched, suppress(KeyboardInterrupt):  # the recipe has no number of layers
            patched.setattr(type(option), "suggest", interrupted)
            stopped.ask()
        stopped = opened()
    run(stopped, 4 - before)
    unbroken = opened("unbroken")
    run(unbroken, 4)
    assert [trial.config for trial in stopped.trials()] == [trial.config for trial in unbroken.trials()]


def test_an_interrupted_recipe_is_the_recipe_again(opened):
    opened().ask()
    log = opened()
    assert log.trials() == []
    again = log.ask()
    assert (again.recipe, again.config) == (True, log.tuning.base)


def test_what_failed_in_an_earlier_call_is_tried_again_once_a_call(opened):
    log = opened()
    run(log, 1)
    failed = log.record(SplitScore(log.ask().number, None, 0.0, "no memory"))
    assert (failed.state, failed.error) == ("failed", "no memory")
    (other,) = run(log, 1)
    assert other.config != failed.config
    for _ in range(2):
        log = opened()
        again = log.ask()
        assert again.config == failed.config
        log.record(SplitScore(again.number, None, 0.0, "no memory"))
    assert [trial.state for trial in log.trials()] == ["complete", "complete", "failed"]
    assert log.trials()[-1].number == again.number
    log = opened()
    finish(log, log.ask(), 0.5, 0.5)
    assert [trial.state for trial in log.trials()] == ["complete", "complete", "complete"]


def test_another_seed_suggests_other_options(opened):
    first, same, other = (
        run(opened(name, values={"seed": seed}), 2)[1] for name, seed in [("a", 0), ("b", 0), ("c", 1)]
    )
    assert first.config == same.config
    assert other.config.training.learning_rate != first.config.training.learning_rate


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"metric": "loss"}, "metric = 'accuracy' (now 'loss')"),
        ({"splits": 3}, "splits = 2 (now 3)"),
        ({"values": {"epochs": 3}}, "training.epochs = 30 (now 3)"),
        ({"search": SEARCH[:1]}, "search = "),
    ],
)
def test_a_folder_with_trials_of_another_search_is_refused(opened, options, told):
    opened()
    with pytest.raises(UsageError) as error:
        opened(**options)
    assert told in str(error.value)
    assert "holds trials of another search" in str(error.value)


def test_other_data_are_another_search(opened):
    log = opened()
    with pytest.raises(UsageError, match="data_sha256 = '0' .now '1'"):
        TrialLog(log.tuning, data="1")


def test_a_damaged_journal_is_told(opened, tmp_path):
    opened()
    journal = tmp_path / "study" / JOURNAL
    journal.write_text("{\n" + journal.read_text())
    with pytest.raises(DataError, match="trials.journal: damaged"):
        opened()


def test_a_line_that_a_killed_command_wrote_half_is_dropped(opened, tmp_path):
    run(opened(), 2)
    journal = tmp_path / "study" / JOURNAL
    whole = journal.read_bytes()
    for half in (b"{", b'{"op_code": 4, "worker', b"\x01"):
        journal.write_bytes(whole + half)
        log = opened()
        assert [trial.state for trial in log.trials()] == ["complete", "complete"]
        assert log.ask().number == 2


@pytest.mark.parametrize("content", [b"\xff\xfe", b"half of a line", b'{"op_code": 0}\n', b"[]\n", b"null\n" * 3])
def test_a_file_that_is_no_journal_is_told_and_not_emptied(opened, tmp_path, content):
    journal = tmp_path / "study" / JOURNAL
    journal.parent.mkdir()
    journal.write_bytes(content)
    with pytest.raises(DataError, match="trials.journal: damaged"):
        opened()
    assert journal.read_bytes().startswith(content)


@pytest.mark.parametrize("name", [JOURNAL, f"{JOURNAL}.lock"])
def test_a_journal_that_cannot_be_written_is_named(opened, tmp_path, name):
    (tmp_path / "study" / name).mkdir(parents=True)
    with pytest.raises(UsageError, match=r"study/trials\.journal: cannot go on with it: Is a directory"):
        opened()


def test_a_full_disk_is_told_and_the_search_goes_on_later(opened, tmp_path):
    log = opened()
    trial = log.ask()
    journal = tmp_path / "study" / JOURNAL
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (journal.stat().st_size + 10, hard))
    try:
        with pytest.raises(UsageError, match=r"study/trials\.journal: cannot go on with it: File too large"):
            finish(log, trial, 0.5)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    log = opened()
    assert finish(log, log.ask(), 0.5, 0.5).state == "complete"


@pytest.mark.parametrize("score", ["NaN", "-Infinity", "1e999", "1e308", "true", "1" + "0" * 400])
def test_a_score_that_is_none_is_told(opened, tmp_path, score):
    log = opened()
    finish(log, log.ask(), 0.375, 0.375)
    journal = tmp_path / "study" / JOURNAL
    journal.write_text(journal.read_text().replace("0.375", score))
    with pytest.raises(DataError, match="trials.journal: damaged"):
        opened()


def test_ctrl_c_while_the_journals_lock_is_released_is_one(opened, monkeypatch):
    log, unlink = opened(), os.unlink

    def interrupted(path):
        monkeypatch.setattr(os, "unlink", unlink)
        unlink(path)
        raise KeyboardInterrupt  # which optuna answers by removing what is removed

    with monkeypatch.context():
        monkeypatch.setattr(os, "unlink", interrupted)
        with pytest.raises(KeyboardInterrupt):
            log.ask()
