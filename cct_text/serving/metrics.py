"""What the server counts of itself, as Prometheus reads it."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

CONTENT_TYPE = CONTENT_TYPE_LATEST

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_TEXTS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)


class Metrics:
    """Counters of one server.

    Attributes:
        requests: by path and status.
        seconds: that they took, by path.
        batches: texts that were classified in one call.
        texts: classified in all.
        queue: requests that wait to be classified.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter("cct_text_requests", "Requests answered.", ("path", "status"), registry=self.registry)
        self.seconds = Histogram(
            "cct_text_request_seconds",
            "Seconds from the head of a request to the end of its answer.",
            ("path",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.batches = Histogram(
            "cct_text_batch_texts", "Texts classified in one call.", buckets=_TEXTS, registry=self.registry
        )
        self.texts = Counter("cct_text_texts", "Texts classified.", registry=self.registry)
        self.queue = Gauge("cct_text_queue_requests", "Requests that wait to be classified.", registry=self.registry)

    def exposition(self) -> bytes:
        """All of it in the text format of Prometheus."""
        return generate_latest(self.registry)
