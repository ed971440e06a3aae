"""The application: which path leads where."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from importlib.metadata import version
from importlib.resources import files
from typing import Any

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from jinja2 import Environment
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles

from cct_text.inference.classifier import TextClassifier
from cct_text.serving.documentation import objects, operations, refusals
from cct_text.serving.gate import Gate
from cct_text.serving.limits import Limits, in_megabytes
from cct_text.serving.messages import REFUSALS, Explanations, FilePredictions, Health, Predictions
from cct_text.serving.refusals import Refused, as_refusal, invalid
from cct_text.serving.service import Service, at_most
from cct_text.serving.uploads import READ_ENDINGS

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
    service = Service(classifier, limits)
    app = FastAPI(
        title="cct-text",
        version=version("cct-text"),
        description=DESCRIPTION,
        lifespan=service.running,
        # FastAPI's own pages load scripts from elsewhere.
        docs_url=None,
        redoc_url=None,
    )
    app.add_middleware(Gate, limits=limits, metrics=service.metrics, allowed_hosts=allowed_hosts)
    app.add_exception_handler(HTTPException, _refuse)
    app.add_exception_handler(RequestValidationError, _refuse_invalid)

    for path, answer, model, options in (
        ("/predict", service.predict, Predictions, {"dependencies": [Depends(at_most(limits.texts))]}),
        ("/explain", service.explain, Explanations, {"dependencies": [Depends(at_most(limits.explained))]}),
        ("/file", service.file, FilePredictions, {"openapi_extra": _FILE_BODY}),
    ):
        app.post(path, response_model=model, responses=REFUSALS, **options)(answer)
    app.get("/health", response_model=Health)(service.health)
    app.get("/metrics", response_class=Response)(service.tell_metrics)

    _tell_limits(app, limits, labels=len(classifier.labels))
    size = in_megabytes(limits.body_bytes)
    shown = {**service.about, "separator": classifier.config.data.label_separator}
    app.get("/", include_in_schema=False)(_page("page.html.j2", **shown, size=size, endings=READ_ENDINGS))
    app.get("/docs", include_in_schema=False)(_documentation(app))
    app.mount("/static", StaticFiles(directory=str(files("cct_text.serving") / "static")))
    return app


def _tell_limits(app: FastAPI, limits: Limits, *, labels: int) -> None:
    """Put into the schema what depends on the model and the server."""
    schema = app.openapi()
    query = schema["components"]["schemas"]["Query"]["properties"]
    for name, bounds in (
        ("text", {"maxLength": limits.characters}),
        ("texts", {"maxItems": limits.texts}),
        ("top_k", {"maximum": labels}),
    ):
        given = next(one for one in query[name]["anyOf"] if one["type"] != "null")
        given.update(bounds)
        given.get("items", {}).update({"maxLength": limits.characters} if name == "texts" else {})
    for parameter in schema["paths"]["/file"]["post"]["parameters"]:
        if parameter["name"] == "top_k":
            parameter["schema"]["maximum"] = labels
    # As FastAPI documents it for a schema of one's own.
    app.openapi = lambda: schema  # type: ignore[method-assign]


def _documentation(app: FastAPI) -> Callable[[], Awaitable[HTMLResponse]]:
    schema = app.openapi()
    return _page(
        "docs.html.j2",
        title=f"{app.title} {app.version}",
        description=app.description,
        operations=operations(schema),
        objects=objects(schema),
        refusals=refusals(schema),
    )


def _page(template: str, **values: Any) -> Callable[[], Awaitable[HTMLResponse]]:  # noqa: ANN401 - what the template shows
    """What answers with a page, which is made once."""
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    text = (files("cct_text.serving") / template).read_text(encoding="utf-8")
    content = environment.from_string(text).render(**values)

    async def show() -> HTMLResponse:
        return HTMLResponse(content)

    return show


async def _refuse(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if not isinstance(error, Refused):  # of the framework: no such path, another method, or a body that it cannot read
        asked = f"{request.method} {request.url.path}"
        body = "the body cannot be read as JSON: not in UTF-8, nested too deeply, or with a huge number"
        error.detail = (
            body if error.status_code == 400 else f"{asked}: {error.detail.lower()}; /docs tells what there is"
        )
    return as_refusal(error)


async def _refuse_invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return as_refusal(invalid(error))


_FILE_BODY = {
    "requestBody": {"required": True, "content": {"application/octet-stream": {"schema": {"format": "binary"}}}}
}
