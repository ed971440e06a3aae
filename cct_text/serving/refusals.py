"""How the server says no: a status, a reason in plain words, and one shape of JSON for all of them."""

from __future__ import annotations

import json
import reprlib
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import HTTPException
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.responses import Response

CLIENT_CLOSED = 499
"""Counted for a request whose client went away before the answer; nginx has the number, no client sees it."""

RETRY_AFTER = {"Retry-After": "1"}
"""Seconds; what is refused for too many others may be asked again soon."""


MOST_CHARACTERS = 400
"""Of a reason: it may quote what was sent."""


class Refused(HTTPException):
    """A request that is not answered.

    Args:
        status: of HTTP.
        reason: what was seen and what to do, for people.
        columns: those of a file whose text column has to be named.
        headers: further ones of the answer.
    """

    def __init__(
        self,
        status: int,
        reason: str,
        *,
        columns: Sequence[str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, reason, dict(headers or {}))
        self.columns = columns


def busy(reason: str) -> Refused:
    """A refusal for now."""
    return Refused(503, f"busy: {reason}; try again in a second", headers=RETRY_AFTER)


def as_json(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:  # noqa: ANN401 - any JSON
    """An answer in JSON, in ASCII: what a client sent may come back in it, halves of surrogate pairs as well."""
    return Response(json.dumps(value), status, headers, "application/json")


def as_refusal(refused: StarletteHTTPException) -> Response:
    """The answer that says no."""
    reason = refused.detail if len(refused.detail) <= MOST_CHARACTERS else f"{refused.detail[:MOST_CHARACTERS]}…"
    columns = getattr(refused, "columns", None)
    value = {"error": reason} if columns is None else {"error": reason, "columns": list(columns)}
    return as_json(value, refused.status_code, refused.headers)


def invalid(error: RequestValidationError) -> Refused:
    """A body or a parameter that is not as documented: the first fault."""
    first = error.errors()[0]
    kind, (place, *path), seen = first["type"], first["loc"], first["input"]
    if kind == "json_invalid":
        return Refused(400, f"the body is not JSON: {first['ctx']['error']} at character {path[0]}")
    if place == "body" and not path:
        if isinstance(seen, bytes):
            return Refused(415, "the body is not declared as JSON; send `Content-Type: application/json`")
        if kind == "value_error":
            return Refused(422, str(first["ctx"]["error"]))
        if kind in ("missing", "model_attributes_type"):
            return Refused(422, f"the body is no JSON object; saw {_told(seen)}")
    where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".") or place
    what = first["msg"].removeprefix("Input ")
    return Refused(422, f"{where}: {what[0].lower()}{what[1:]}; saw {_told(seen)}")


def _told(seen: object) -> str:
    return "nothing" if seen is None else reprlib.repr(seen)
