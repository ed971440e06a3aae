"""The processes that train one network together: one, unless `accelerate launch` or torchrun started several.

All have the same weights, read the same batches and make the same steps. Of each batch every process computes the gradients
of its own rows; their sum is what a process alone would compute.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from accelerate import PartialState
from torch import Tensor

T = TypeVar("T")


class Processes:
    """One process among those that train together.

    Attributes:
        device: where this process computes.
        count: how many there are.
        rank: the number of this one, from 0.
    """

    def __init__(self) -> None:
        # Without a GPU it must be told so, or it does not see what torchrun started.
        state = PartialState(cpu=not (torch.cuda.is_available() or torch.backends.mps.is_available()))
        self.device: torch.device = state.device
        self.count: int = state.num_processes
        self.rank: int = state.process_index

    @property
    def is_first(self) -> bool:
        """Whether this is the process that writes and speaks."""
        return self.rank == 0

    @property
    def share(self) -> slice:
        """The rows of anything that are this process's own."""
        return slice(self.rank, None, self.count)

    def sum(self, tensors: Sequence[Tensor]) -> None:
        """Replace tensors, of the same shapes in all processes, by their sums over the processes."""
        if self.count > 1:
            for tensor in tensors:
                dist.all_reduce(tensor)

    def greatest(self, number: int) -> int:
        """The greatest of what the processes give."""
        if self.count == 1:
            return number
        numbers = torch.tensor(number, device=self.device)
        dist.all_reduce(numbers, dist.ReduceOp.MAX)
        return int(numbers.item())

    def gather(self, value: T) -> list[T]:
        """What each process gives, in their order."""
        if self.count == 1:
            return [value]
        values: list[Any] = [None] * self.count
        dist.all_gather_object(values, value)
        return values

    def wait(self) -> None:
        """Until all processes are here."""
        if self.count > 1:
            dist.barrier()

    @contextmanager
    def first_before_others(self) -> Iterator[None]:
        """The block is done by the first process, then by the others: what is fetched or cached is so once."""
        if not self.is_first:
            self.wait()
        yield
        if self.is_first:
            self.wait()
