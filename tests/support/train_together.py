"""Trains in the processes that torchrun starts: `OUT EPOCHS DROPOUT [--resume] [--keep]`.

With `--keep` a checkpoint is written after each step; says when an epoch has been kept.
"""

import sys

import torch

from cct_text.training import run
from cct_text.training.progress import EpochRecord, TrainingObserver
from cct_text.training.recipes import resolve_config


class Listener(TrainingObserver):
    def epoch(self, record: EpochRecord) -> None:
        if record.epoch > 1:
            sys.stdout.write(f"kept {record.epoch - 1}\n")
            sys.stdout.flush()


def config(epochs, dropout):
    """The embedded data set and a small network, in steps whose rows do not divide evenly."""
    values = {"epochs": epochs, "width": 32, "max_words": 16, "batch_size": 17, "precision": "fp32", "patience": None}
    values |= {"vocabulary_extra_words": 0, "word_dropout": dropout, "dropout": dropout, "embedding_dropout": dropout}
    values |= {"attention_dropout": dropout, "stochastic_depth": dropout, "class_weights": "balanced"}
    return resolve_config("questions", values=values)


if __name__ == "__main__":
    out, epochs, dropout, *flags = sys.argv[1:]
    torch.set_num_threads(1)
    run.SECONDS_BETWEEN_CHECKPOINTS = 0.0 if "--keep" in flags else 1e9
    run.train(config(int(epochs), float(dropout)), out, resume="--resume" in flags, observer=Listener())
