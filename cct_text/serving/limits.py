"""What one request, and all of them together, may take of the server."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

from cct_text.errors import UsageError

MEGABYTE = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Limits of a server; what exceeds one is refused with a reason.

    Raises:
        UsageError: if one is not above 0, or `batch_wait` is below 0.
    """

    body_bytes: int = 16 * MEGABYTE
    """Of one request's body, and of a gzipped file when unpacked."""
    texts: int = 20_000
    """Texts of one request, rows of a file."""
    explained: int = 100
    """Texts of one request whose words are explained."""
    characters: int = 100_000
    """Characters of one text."""
    requests: int = 256
    """Requests under way at once, those whose body is still coming among them."""
    connections: int = 512
    """Open at once, those that ask for nothing among them."""
    queue: int = 128
    """Requests that wait to be classified, at most."""
    seconds: float = 60.0
    """Of a request, from its head to its answer; as many for its head to come, and for its answer to be fetched."""
    batch_texts: int = 256
    """Texts of several requests that are classified in one call; 1 classifies each request by itself."""
    batch_wait: float = 0.0
    """Seconds that a batch waits for more requests. 0 takes what has come while the last batch was computed."""

    def __post_init__(self) -> None:
        for limit in fields(self):
            value = getattr(self, limit.name)
            if not 0 <= value < math.inf or (value == 0 and limit.name != "batch_wait"):
                raise UsageError(f"{limit.name} = {value}: expected a number above 0")

    @property
    def bodies_bytes(self) -> int:
        """Of all bodies that are in memory at once."""
        return 8 * self.body_bytes


def in_megabytes(size: int) -> str:
    """`16 MB`, `1.5 MB`."""
    return f"{size / MEGABYTE:.3g} MB"
