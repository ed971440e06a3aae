"""The copy of the network that computes the gradients, in the precision of the run."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from cct_text.model.network import TextNetwork


class WorkingCopy:
    """A copy of a network whose weights are rounded to another precision, and whose words are those of one step.

    The network itself keeps its weights in float32, where small updates are not lost (Micikevicius et al. 2018, "Mixed
    Precision Training", section 3.1). Without the word vectors they become views of one vector, first the weights that
    decay, then the others: rounding, the norm of the gradient and the optimizer are one operation each.

    Unlike torch's autocast, all that lies between word vectors and logits is in the copy's precision, and no weight is
    cast more than once a step.

    Args:
        network: on its device; its weights become views of `master`.
        dtype: float32 or bfloat16.
    """

    def __init__(self, network: TextNetwork, dtype: torch.dtype) -> None:
        table = network.embedding.weight
        named = [(name, p) for name, p in network.named_parameters() if p is not table]
        decayed = [name for name, p in named if _decays(name, p)]
        self.names = decayed + [name for name, p in named if not _decays(name, p)]
        weights = dict(named)
        self.master = torch.cat([weights[name].detach().flatten() for name in self.names])  # (N,) float32
        decaying = sum(weights[name].numel() for name in decayed)
        self.decayed = nn.Parameter(self.master[:decaying])
        self.plain = nn.Parameter(self.master[decaying:])
        self.rounded = self.master if dtype is torch.float32 else self.master.to(dtype)
        # The word vectors are set step by step; the copy never holds them all.
        self.network = copy.deepcopy(network, {id(table): nn.Parameter(table.detach()[:0])}).to(dtype).train()
        self.network.embedding.dtype = dtype
        self.parameters = [self.network.get_parameter(name) for name in self.names]
        start = 0
        for name, parameter in zip(self.names, self.parameters, strict=True):
            end = start + parameter.numel()
            weights[name].data = self.master[start:end].view(parameter.shape)
            parameter.data = self.rounded[start:end].view(parameter.shape)
            start = end

    def refresh(self) -> None:
        """Take over the network's weights after they changed."""
        if self.rounded is not self.master:
            self.rounded.copy_(self.master)

    def set_words(self, vectors: Tensor, *, trained: bool, first_words: Tensor | None = None) -> None:
        """The word vectors (U, E) float32 that ids stand for from now on; and, as `WordEmbedding` has them, first words."""
        self.network.embedding.weight = nn.Parameter(vectors, requires_grad=trained)
        self.network.embedding.first_words = first_words

    def label_logits(self, ids: Tensor, mask: Tensor) -> Tensor:
        """What is learned: logits (B, F) float32 of ids (B, S) int64, numbers of the vectors set; mask (B, S) bool."""
        logits: Tensor = self.network.label_logits(ids, mask).float()
        return logits

    def take_gradients(self) -> list[Tensor]:
        """The gradients since the last call, in float32: of `decayed`, of `plain` and, if trained, of the words (U, E)."""
        table = self.network.embedding.weight
        gradient = torch.cat([_gradient(parameter).flatten() for parameter in self.parameters]).float()
        gradients = [gradient[: len(self.decayed)], gradient[len(self.decayed) :]]
        words = [_gradient(table)] if table.requires_grad else []
        for parameter in (*self.parameters, table):
            parameter.grad = None
        return gradients + words


def _gradient(parameter: nn.Parameter) -> Tensor:
    assert parameter.grad is not None  # every weight has a part in every loss
    return parameter.grad


def _decays(name: str, parameter: nn.Parameter) -> bool:
    return parameter.ndim > 1 and not name.endswith(("class_token", "positions"))


def bf16_is_faster(device: torch.device) -> bool:
    """Whether a device multiplies bf16 natively: a GPU from Ampere on, a processor with AMX or AVX512-BF16."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    # Older versions of torch cannot tell.
    capabilities: dict[str, object] = getattr(torch.cpu, "get_capabilities", dict)()
    return bool(capabilities.get("amx_bf16") or capabilities.get("avx512_bf16"))
