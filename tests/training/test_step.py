"""The parts of the loss."""

import math

import pytest
import torch
from torch.nn import functional as F

from cct_text.training.step import disagreement
from tests.training.test_loop import trainer


def test_two_passes_disagree_by_the_mean_of_both_divergences():
    torch.manual_seed(0)
    first, second = torch.randn(2, 7, 4).log_softmax(dim=2)
    there = F.kl_div(second, first, reduction="batchmean", log_target=True)
    back = F.kl_div(first, second, reduction="batchmean", log_target=True)
    torch.testing.assert_close(disagreement(torch.cat([first, second]) + 3.0), (there + back) / 2)


def test_passes_that_agree_do_not_disagree():
    logits = torch.randn(5, 3)
    assert disagreement(torch.cat([logits, logits])) == pytest.approx(0.0, abs=1e-7)


def first_loss(**options):
    made = trainer(**options)
    batch = next(iter(made._groups(1)))
    return made.stepper.step(batch, made.train.labels)[0]


def test_without_dropout_r_drop_is_the_cross_entropy_alone():
    assert first_loss(r_drop=5.0) == pytest.approx(first_loss(), rel=1e-6)


def test_with_dropout_r_drop_adds_what_the_passes_differ_by():
    little, much = (first_loss(r_drop=weight, embedding_dropout=0.5) for weight in (1e-9, 1e4))
    assert math.isfinite(much)
    assert much > little + 1e-3


def test_r_drop_sees_class_weights():
    assert first_loss(r_drop=1e-9, class_weights="balanced") == pytest.approx(first_loss(class_weights="balanced"))
