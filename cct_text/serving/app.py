"""The application: what is answered under which path."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager, suppress
from functools import partial
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import Depends, FastAPI, Request
from fastapi import Query as Parameter
from fastapi.exceptions import RequestValidationError
from jinja2 import Environment
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles

from cct_text.inference.classifier import TextClassifier
from cct_text.serving.answers import answer
from cct_text.serving.batcher import Batcher
from cct_text.serving.documentation import objects, operations, refusals
from cct_text.serving.gate import Gate
from cct_text.serving.limits import Limits, in_megabytes
from cct_text.serving.messages import (
    REFUSALS,
    Explanations,
    FilePredictions,
    Health,
    Predictions,
    Query,
    require_bounded,
)
from cct_text.serving.metrics import CONTENT_TYPE, Metrics
from cct_text.serving.refusals import Refused, as_json, as_refusal, invalid
from cct_text.serving.uploads import READ_ENDINGS, read_upload

DESCRIPTION = "Labels, probabilities and word weights of texts. Each refusal is JSON with an `error` in plain words."


def create_app(
    classifier: TextClassifier, *, limits: Limits | None = None, allowed_hosts: Collection[str] = ()
) -> FastAPI:
    """An ASGI application around a classifier.

    Args:
        classifier: the model.
        limits: what requests may take; the defaults when None.
        allowed_hosts: names that the server may be called by; any where empty.
    """
    limits = limits or Limits()
    metrics = Metrics()
    batcher = Batcher(partial(answer, classifier), limits, metrics)
    health = _health(classifier, limits)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        classifier.predict_logits(["."])  # what is made at first use is made before the first request
        async with batcher:
            yield

    app = FastAPI(
        title="cct-text",
        version=version("cct-text"),
        description=DESCRIPTION,
        lifespan=lifespan,
        # FastAPI's own pages load scripts from elsewhere.
        docs_url=None,
        redoc_url=None,
    )
    app.add_middleware(Gate, limits=limits, metrics=metrics, allowed_hosts=allowed_hosts)
    app.add_exception_handler(HTTPException, _refuse)
    app.add_exception_handler(RequestValidationError, _refuse_invalid)

    def require_top_k(top_k: int | None) -> None:
        if top_k is not None and top_k > len(classifier.labels):
            raise Refused(422, f"top_k: {top_k}; the model has {len(classifier.labels)} labels")

    def at_most(texts: int) -> Any:  # noqa: ANN401 - FastAPI types it so
        async def require(request: Request) -> None:
            with suppress(ValueError, RecursionError):  # told when the body is validated, which comes next
                require_bounded(await request.json(), texts)

        return Depends(require)

    async def asked(query: Query, *, words: bool) -> Response:
        require_top_k(query.top_k)
        for index, text in enumerate(query.all_texts):
            if len(text) > limits.characters:
                raise Refused(413, f"text {index}: {len(text):,} characters; at most {limits.characters:,}")
        return as_json({"predictions": await batcher.ask(query.all_texts, top_k=query.top_k, words=words)})

    @app.post("/predict", response_model=Predictions, responses=REFUSALS, dependencies=[at_most(limits.texts)])
    async def predict(query: Query) -> Response:
        """Labels and probabilities of one text or several."""
        return await asked(query, words=False)

    @app.post("/explain", response_model=Explanations, responses=REFUSALS, dependencies=[at_most(limits.explained)])
    async def explain(query: Query) -> Response:
        """As /predict, with the words of each text and how much the model looked at them."""
        return await asked(query, words=True)

    @app.post("/file", response_model=FilePredictions, responses=REFUSALS, openapi_extra=_FILE_BODY)
    async def file(
        request: Request,
        name: Annotated[
            str, Parameter(description=f"Of the file, ending in {', '.join(READ_ENDINGS)}; .gz may follow.")
        ],
        text_column: Annotated[
            list[str], Parameter(description="Column with the text; repeat to join several. Found by name without it.")
        ] = [],  # noqa: B006 - FastAPI copies it
        format: Annotated[
            Literal["auto", "text", "csv", "tsv", "jsonl"], Parameter(description="auto: by the name's ending.")
        ] = "auto",
        top_k: Annotated[int, Parameter(ge=1, description="Labels for each row, most probable first.")] = 1,
    ) -> Response:
        """A prediction for each row of a file, which is the body of the request."""
        require_top_k(top_k)
        body = await request.body()
        rows = await asyncio.to_thread(
            read_upload,
            body,
            Path(name).name,
            format=format,
            text_columns=text_column,
            trained_on=classifier.config.data,
            limits=limits,
        )
        predictions = await batcher.ask(rows.texts, top_k=top_k)
        return as_json(
            {
                "columns": rows.columns,
                "text_columns": rows.text_columns,
                "replaced": rows.replaced,
                "texts": rows.texts,
                "predictions": predictions,
            }
        )

    @app.get("/health", response_model=Health)
    async def tell_health() -> Response:
        """Whether the server is ready, and what it serves."""
        return as_json({"ready": batcher.running, **health}, 200 if batcher.running else 503)

    @app.get("/metrics", response_class=Response)
    async def tell_metrics() -> Response:
        """Requests, latencies, batches and the queue, for Prometheus."""
        return Response(metrics.exposition(), media_type=CONTENT_TYPE)

    @app.get("/", include_in_schema=False)
    async def page() -> HTMLResponse:
        return HTMLResponse(index)

    @app.get("/docs", include_in_schema=False)
    async def documentation() -> HTMLResponse:
        return HTMLResponse(docs)

    app.mount("/static", StaticFiles(directory=str(files("cct_text.serving") / "static")))
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    index = _rendered(environment, "page.html.j2", **health, size=in_megabytes(limits.body_bytes), endings=READ_ENDINGS)
    docs = _rendered(
        environment,
        "docs.html.j2",
        title=f"{app.title} {app.version}",
        description=app.description,
        operations=operations(app.openapi()),
        objects=objects(app.openapi()),
        refusals=refusals(app.openapi()),
    )
    return app


def _health(classifier: TextClassifier, limits: Limits) -> dict[str, Any]:
    config = classifier.config
    dataset = config.data.dataset
    return {
        "model": config.model.model,
        # Of a file the name alone: where it lies is nobody's business.
        "dataset": dataset if dataset.startswith("hf:") else Path(dataset).name,
        "labels": list(classifier.labels),
        "precision": classifier.precision,
        "version": version("cct-text"),
        "limits": {
            name: getattr(limits, name) for name in ("body_bytes", "texts", "explained", "characters", "seconds")
        },
    }


def _rendered(environment: Environment, template: str, **values: Any) -> str:  # noqa: ANN401 - what a template shows
    text = (files("cct_text.serving") / template).read_text(encoding="utf-8")
    return environment.from_string(text).render(**values)


async def _refuse(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if not isinstance(error, Refused):  # of the framework: no such path, another method, or a body that it cannot read
        asked = f"{request.method} {request.url.path}"
        bodies = "the body cannot be read as JSON: not in UTF-8, nested too deeply, or with a huge number"
        error.detail = (
            bodies if error.status_code == 400 else f"{asked}: {error.detail.lower()}; /docs tells what there is"
        )
    return as_refusal(error)


async def _refuse_invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return as_refusal(invalid(error))


_FILE_BODY = {
    "requestBody": {"required": True, "content": {"application/octet-stream": {"schema": {"format": "binary"}}}}
}
