"""Sides take turns, each for as long as it is asked to."""

import os

import pytest

from benchmarks.clock import alone, in_turns
from benchmarks.parts.memory import distinct_lines
from benchmarks.parts.training import AllTurnsDone, Turns
from benchmarks.peers import LABEL, TFIDF
from benchmarks.tasks import Task, write_lines
from cct_text.datasets import load_dataset
from cct_text.training.fitting import new_network, trainer_of
from cct_text.training.preparation import prepare
from cct_text.training.recipes import resolve_config


def test_sides_take_turns_round_by_round():
    order = []

    def side(name):
        return lambda: order.append(name) or len(order)

    measured = in_turns({"A": side("A"), "B": side("B")}, 3)
    assert order == ["A", "B"] * 3
    assert measured == {"A": [1, 3, 5], "B": [2, 4, 6]}


def test_what_runs_alone_runs_in_another_process():
    assert alone(os.getpid) != os.getpid()


def test_the_other_side_has_its_turn_after_so_many_steps_and_the_first_turns_warm_up():
    steps, before_turns = [], []

    def other():
        before_turns.append(len(steps))
        return float(len(before_turns))

    turns = Turns(rows=640, steps=3, rounds=2, other=other, settle=lambda: None)
    turns.started(1, 10, [])

    def train():
        for step in range(100):
            steps.append(step)
            turns.step(0.5)

    with pytest.raises(AllTurnsDone):
        train()
    assert before_turns == [3, 6, 9]
    assert turns.others == [2.0, 3.0]
    assert len(turns.own) == 2


def test_turns_end_the_products_own_training():
    values = {"embeddings": "learned", "width": 16, "epochs": 100, "max_words": 16}
    config = resolve_config("questions", values=values)
    data = prepare(config)
    trainer = trainer_of(new_network(config, data), config, data)
    # 14 steps an epoch: turns go on across epochs, and the evaluation between them.
    turns = Turns(rows=len(trainer.train), steps=10, rounds=3, other=lambda: 1.0, settle=trainer.stepper.settle)
    with pytest.raises(AllTurnsDone):
        trainer.fit(turns, lambda: None)
    assert trainer.progress.epochs_done == 40 // 14
    assert len(turns.own) == 3


def test_the_lines_of_the_memory_measurement_are_short_and_all_different():
    lines = list(distinct_lines(Task("questions", "cct-2/2"), 30_000))
    assert len(set(lines)) == len(lines) == 30_000
    assert all(2 <= len(line.split()) <= 10 for line in lines)


def test_a_peer_is_fitted_to_lines_and_labels_lines(tmp_path):
    train = load_dataset("questions").train
    fitted, source, output = (tmp_path / name for name in ("fit.txt", "texts.txt", "labels.txt"))
    texts = train.texts.to_pylist()
    write_lines(fitted, (f"{LABEL}{label} {text}" for label, text in zip(train.labels, texts, strict=True)))
    write_lines(source, texts)
    assert TFIDF.fit(fitted, tmp_path / "model") > 0
    assert TFIDF.predict(tmp_path / "model", source, output) > 0
    predicted = output.read_text(encoding="utf-8").split()
    right = sum(int(one) == other for one, other in zip(predicted, train.labels, strict=True))
    assert right / len(texts) > 0.95
