"""Adam row by row against torch's, which updates all rows in every step."""

import pytest
import torch

from cct_text.training.optimization import WeightAverage, warmup_cosine
from cct_text.training.rowwise_adam import RowwiseAdam

STEPS = 300


class Dense:
    """torch's Adam over the whole table, with the same rates."""

    def __init__(self, table, rates):
        self.table = torch.nn.Parameter(table.clone())
        self.optimizer = torch.optim.Adam([self.table])
        self.rates = rates

    def update(self, step, rows, gradient):
        self.table.grad = torch.zeros_like(self.table)
        self.table.grad[rows] = gradient
        self.optimizer.param_groups[0]["lr"] = self.rates[step]
        self.optimizer.step()


def rates(peak=0.01):
    return [peak * share for share in warmup_cosine(STEPS, 0.1)][:-1]


def touched():
    """Some rows in every step, some rarely, the last ten never."""
    chance = torch.tensor([1.0, 0.5, 0.05] * 10 + [0.0] * 10)
    return (torch.rand(40) < chance).nonzero().squeeze(1)


@pytest.mark.parametrize("all_rows", [True, False])
def test_rows_end_where_dense_adam_leaves_them(all_rows):
    torch.manual_seed(0)
    start = torch.randn(40, 6)
    dense, words = Dense(start, rates()), RowwiseAdam(start.clone(), rates())
    for step in range(STEPS):
        rows = torch.arange(40) if all_rows else touched()
        gradient = torch.randn(len(rows), 6) * torch.rand(())
        # Also in between: what a step reads of a row has all the steps in it that the row missed.
        torch.testing.assert_close(words.take(rows), dense.table[rows].detach(), atol=2e-5, rtol=0)
        words.update(gradient)
        dense.update(step, rows, gradient)
    words.settle()
    moved = (dense.table - start).abs().max()
    assert moved > 0.1
    torch.testing.assert_close(words.table, dense.table.detach(), atol=2e-5, rtol=0)


def test_rows_that_no_step_touched_stay_bit_for_bit():
    torch.manual_seed(0)
    start = torch.randn(40, 6)
    words = RowwiseAdam(start.clone(), rates())
    still = torch.ones(40, dtype=torch.bool)
    for _ in range(50):
        rows = touched()
        words.take(rows)
        words.update(torch.randn(len(rows), 6))
        still[rows] = False
    words.settle()
    assert 10 <= still.sum() < 20
    assert torch.equal(words.table[still], start[still])
    assert not (words.table[~still] == start[~still]).any()


def test_a_row_without_a_gradient_stays_bit_for_bit_though_it_is_taken():
    start = torch.randn(3, 4)
    words = RowwiseAdam(start.clone(), rates())
    for _ in range(5):
        words.take(torch.arange(3))
        words.update(torch.tensor([[0.0], [1.0], [0.0]]).expand(3, 4))
    assert torch.equal(words.table[[0, 2]], start[[0, 2]])


def test_settling_again_changes_nothing():
    words = RowwiseAdam(torch.randn(3, 4), rates())
    for rows in ([0, 1], [1], [1]):
        words.take(torch.tensor(rows))
        words.update(torch.ones(len(rows), 4))
    words.settle()
    once = words.table.clone(), words.means.clone(), words.squares.clone()
    words.settle()
    assert all(map(torch.equal, once, (words.table, words.means, words.squares)))


def test_what_is_taken_and_not_used_changes_nothing():
    start = torch.randn(3, 4)
    words = RowwiseAdam(start.clone(), rates())
    words.take(torch.tensor([0, 2]))
    words.settle()
    assert torch.equal(words.table, start)


def test_a_run_taken_up_again_goes_on_bit_for_bit():
    torch.manual_seed(0)
    start = torch.randn(40, 6)
    steps = [(rows := touched(), torch.randn(len(rows), 6)) for _ in range(60)]
    whole = again = RowwiseAdam(start.clone(), rates())
    for step, (rows, gradient) in enumerate(steps):
        if step == 30:
            whole.settle()
            again = RowwiseAdam(whole.table.clone(), rates())
            again.load_state_dict(whole.state_dict())
        for words in {whole, again}:
            words.take(rows)
            words.update(gradient)
    assert whole is not again
    assert torch.equal(whole.table, again.table)


def test_the_average_row_by_row_is_close_to_that_of_the_whole_table():
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Embedding(40, 6), torch.nn.Linear(6, 1))
    start = network[0].weight.detach().clone()
    dense = Dense(start, rates())
    network[0].weight = dense.table
    everything, by_row = WeightAverage(network, 0.98), WeightAverage(network, 0.98, rowwise="0.weight")
    words = RowwiseAdam(start.clone(), rates(), by_row)
    for step in range(STEPS):
        rows = touched()
        gradient = torch.randn(len(rows), 6)
        words.take(rows)
        words.update(gradient)
        dense.update(step, rows, gradient)
        everything.update(network)
        by_row.update(network)
    words.settle()
    averaged, expected = by_row.weights["0.weight"], everything.weights["0.weight"]
    assert torch.equal(averaged[30:], start[30:])
    # Rows of every step exactly; rarer ones but for the few steps in which their momentum runs out.
    torch.testing.assert_close(averaged[0:30:3], expected[0:30:3], atol=2e-5, rtol=0)
    assert (averaged - expected).abs().max() < 0.1 * (expected - start).abs().max()
