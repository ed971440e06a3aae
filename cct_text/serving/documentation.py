"""The page for programs, made from the OpenAPI schema: FastAPI's own loads its scripts from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

EXAMPLES = {
    "/predict": """curl URL/predict -H 'Content-Type: application/json' \\
    -d '{"texts": ["Who wrote the Iliad ?", "Where is Oslo ?"], "top_k": 2}'""",
    "/explain": """curl URL/explain -H 'Content-Type: application/json' -d '{"text": "Who wrote the Iliad ?"}'""",
    "/file": """curl 'URL/file?name=new.csv&text_column=title&text_column=body' --data-binary @new.csv""",
    "/health": "curl URL/health",
    "/metrics": "curl URL/metrics",
}


@dataclass(frozen=True)
class Fields:
    """A table of what has names: parameters, the fields of an object, status codes.

    Attributes:
        caption: of what.
        rows: name, type (may be empty) and description of each.
    """

    caption: str
    rows: Sequence[tuple[str, str, str]]


@dataclass(frozen=True)
class Operation:
    """What can be asked for.

    Attributes:
        name: method and path.
        description: what it does.
        example: a command line.
        takes: name of the object that its body is; None where it has none.
        answers: name of the object that it answers with; None where that is no JSON.
        query: its parameters.
    """

    name: str
    description: str
    example: str
    takes: str | None
    answers: str | None
    query: Fields


def operations(schema: Mapping[str, Any]) -> list[Operation]:
    """Everything that can be asked for."""
    return [
        Operation(
            name=f"{method.upper()} {path}",
            description=one["description"],
            example=EXAMPLES[path],
            takes=_object(one.get("requestBody", {})),
            answers=_object(one["responses"]["200"]),
            query=Fields("In the query", [_row(found["name"], found) for found in one.get("parameters", ())]),
        )
        for path, methods in schema["paths"].items()
        for method, one in methods.items()
    ]


def objects(schema: Mapping[str, Any]) -> list[Fields]:
    """The objects of the bodies and answers."""
    return [
        Fields(name, [_row(field, one) for field, one in found["properties"].items()])
        for name, found in schema["components"]["schemas"].items()
    ]


def refusals(schema: Mapping[str, Any]) -> Fields:
    """The statuses of those answers that say no."""
    statuses: dict[str, str] = {}
    for methods in schema["paths"].values():
        for one in methods.values():
            statuses |= {status: found["description"] for status, found in one["responses"].items() if status != "200"}
    return Fields("Status", [(status, "", statuses[status]) for status in sorted(statuses)])


def _row(name: str, found: Mapping[str, Any]) -> tuple[str, str, str]:
    return name, _kind(found.get("schema", found)), found.get("description", "")


def _object(message: Mapping[str, Any]) -> str | None:
    kinds: Iterable[Mapping[str, Any]] = (content.get("schema", {}) for content in message.get("content", {}).values())
    return next((_kind(kind) for kind in kinds if "$ref" in kind), None)


def _kind(found: Mapping[str, Any]) -> str:
    """A type in words."""
    if "$ref" in found:
        return str(found["$ref"].rpartition("/")[2])
    if "anyOf" in found:
        return " or ".join(_kind(one) for one in found["anyOf"] if one.get("type") != "null")
    if "enum" in found:
        return ", ".join(found["enum"])
    if "items" in found:
        return f"list of {_kind(found['items'])}"
    if isinstance(found.get("additionalProperties"), Mapping):
        return f"object of {_kind(found['additionalProperties'])}"
    return str(found["type"])
