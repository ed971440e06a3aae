"""What is answered to each kind of request, around one classifier."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import FastAPI, Request
from fastapi import Query as Parameter
from starlette.responses import Response

from cct_text.inference.classifier import TextClassifier
from cct_text.serving.answers import answer
from cct_text.serving.batcher import Batcher
from cct_text.serving.limits import Limits
from cct_text.serving.messages import Query, require_bounded
from cct_text.serving.metrics import CONTENT_TYPE, Metrics
from cct_text.serving.refusals import Refused, as_json
from cct_text.serving.uploads import READ_ENDINGS, read_upload


class Service:
    """The answers; the docstring of each is its documentation on the page for programs.

    Args:
        classifier: the model.
        limits: what requests may take.

    Attributes:
        metrics: what is counted.
        about: what is served, as JSON.
    """

    def __init__(self, classifier: TextClassifier, limits: Limits) -> None:
        self.classifier = classifier
        self.limits = limits
        self.metrics = Metrics()
        self.about = _about(classifier, limits)
        self._batcher = Batcher(partial(answer, classifier), limits, self.metrics)

    @asynccontextmanager
    async def running(self, _: FastAPI) -> AsyncIterator[None]:
        """While the block lasts, requests are answered."""
        self.classifier.predict_logits(["."])  # what is made at first use is made before the first request
        async with self._batcher:
            yield

    async def predict(self, query: Query) -> Response:
        """Labels and probabilities of one text or several."""
        return await self._asked(query, words=False)

    async def explain(self, query: Query) -> Response:
        """As /predict, with the words of each text and how much the model looked at them."""
        return await self._asked(query, words=True)

    async def file(
        self,
        request: Request,
        name: Annotated[
            str, Parameter(description=f"Of the file, ending in {', '.join(READ_ENDINGS)}; .gz may follow.")
        ],
        text_column: Annotated[
            list[str], Parameter(description="Column with the text; repeat to join several. Found by name without it.")
        ] = [],  # noqa: B006 - FastAPI copies it
        format: Annotated[
            Literal["auto", "text", "fasttext", "csv", "tsv", "jsonl"],
            Parameter(description="auto: by the name's ending."),
        ] = "auto",
        top_k: Annotated[int, Parameter(ge=1, description="Labels for each row, most probable first.")] = 1,
    ) -> Response:
        """A prediction for each row of a file, which is the body of the request."""
        self._require_labels(top_k)
        _require_known(request)
        if request.headers.get("content-type", "").lower().startswith("multipart/"):  # its boundaries would be rows
            raise Refused(415, "the body is a form; send the file as the body itself: `curl --data-binary @FILE URL`")
        rows = await asyncio.to_thread(
            read_upload,
            await request.body(),
            Path(name).name,
            format=format,
            text_columns=text_column,
            trained_on=self.classifier.config.data,
            limits=self.limits,
        )
        predictions = await self._batcher.ask(rows.texts, top_k=top_k)
        return as_json(
            {
                "columns": rows.columns,
                "text_columns": rows.text_columns,
                "replaced": rows.replaced,
                "texts": rows.texts,
                "predictions": predictions,
            }
        )

    async def health(self) -> Response:
        """Whether the server is ready, and what it serves."""
        ready = self._batcher.running
        return as_json({"ready": ready, **self.about}, 200 if ready else 503)

    async def tell_metrics(self) -> Response:
        """Requests, latencies, batches and the queue, for Prometheus."""
        return Response(self.metrics.exposition(), media_type=CONTENT_TYPE)

    async def _asked(self, query: Query, *, words: bool) -> Response:
        self._require_labels(query.top_k)
        for index, text in enumerate(query.all_texts):
            if len(text) > self.limits.characters:
                raise Refused(413, f"text {index}: {len(text):,} characters; at most {self.limits.characters:,}")
        return as_json({"predictions": await self._batcher.ask(query.all_texts, top_k=query.top_k, words=words)})

    def _require_labels(self, top_k: int | None) -> None:
        labels = len(self.classifier.labels)
        if top_k is not None and top_k > labels:
            raise Refused(422, f"top_k: {top_k}; the model has {labels} labels")


def _require_known(request: Request) -> None:
    """See that the query has no name that is misspelt, which would be passed over."""
    known = [parameter.alias for parameter in request.scope["route"].dependant.query_params]
    unknown = next((name for name in request.query_params if name not in known), None)
    if unknown is not None:
        raise Refused(422, f"no such parameter: {unknown:.40}; known are {', '.join(known)}")


def at_most(texts: int) -> Callable[[Request], Awaitable[None]]:
    """A check of a body that comes before it is validated."""

    async def require(request: Request) -> None:
        with suppress(ValueError, RecursionError):  # told when it is validated
            require_bounded(await request.json(), texts)

    return require


def _about(classifier: TextClassifier, limits: Limits) -> dict[str, Any]:
    config, thresholds = classifier.config, classifier.model.thresholds
    dataset = config.data.dataset
    told = ("body_bytes", "texts", "explained", "characters", "seconds")
    return {
        "model": config.model.model,
        # Of a file the name alone: where it lies is nobody's business.
        "dataset": dataset if dataset.startswith("hf:") else Path(dataset).name,
        "labels": list(classifier.labels),
        "thresholds": None if thresholds is None else dict(zip(classifier.labels, thresholds, strict=True)),
        "precision": classifier.precision,
        "version": version("cct-text"),
        "limits": {name: getattr(limits, name) for name in told},
    }
