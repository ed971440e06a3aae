"""How a value becomes one of an option's type, or is refused with a word on what was expected."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from types import NoneType
from typing import Any, Literal, get_args, get_origin


@dataclass(frozen=True)
class Option:
    """A field of a section of the configuration.

    Attributes:
        section: its name.
        name: of the field.
        hint: type of the field.
        low: least number allowed; None where there is none.
        high: largest number allowed, likewise.
    """

    section: str
    name: str
    hint: Any
    low: float | None
    high: float | None

    @property
    def path(self) -> str:
        """`section.name`."""
        return f"{self.section}.{self.name}"

    def convert(self, value: object) -> object:
        """The value as the field's type: strings as they arrive from `--set name=value`, others as TOML and Python have them.

        Raises:
            ValueError: saying what was expected.
        """
        optional = NoneType in get_args(self.hint)
        if optional and (value is None or value == ""):
            return None
        hint = next(arg for arg in get_args(self.hint) if arg is not NoneType) if optional else self.hint
        converted = _convert(value, hint)
        for number in converted if isinstance(converted, tuple) else (converted,):
            if isinstance(number, int | float) and not isinstance(number, bool):
                if self.low is not None and not number >= self.low:
                    raise ValueError(f"expected at least {self.low:.10g}")
                if self.high is not None and not number <= self.high:
                    raise ValueError(f"expected at most {self.high:.10g}")
        return converted


def _convert(value: object, hint: Any) -> object:  # noqa: ANN401 - a type hint is of no one type
    if get_origin(hint) is Literal:
        if value not in get_args(hint):
            raise ValueError(f"expected one of {', '.join(get_args(hint))}")
        return value
    if hint == tuple[int, ...]:
        items = value.split("+") if isinstance(value, str) else [value] if isinstance(value, int) else value
        if not isinstance(items, list | tuple) or not items:
            raise ValueError("expected whole numbers joined by +")
        return tuple(_convert(item, int) for item in items)
    if get_origin(hint) is tuple:
        items = value.split(",") if isinstance(value, str) else value
        if not isinstance(items, list | tuple) or not all(isinstance(item, str) for item in items):
            raise ValueError("expected a list of strings")
        return tuple(item for item in items if item)
    if hint is bool:
        words = {"true": True, "false": False}
        if isinstance(value, str) and value.lower() in words:
            return words[value.lower()]
        if not isinstance(value, bool):
            raise ValueError("expected true or false")
        return value
    if hint is str:
        if not isinstance(value, str):
            raise ValueError("expected a string")
        return value
    expected = "a whole number" if hint is int else "a number"
    if isinstance(value, bool) or (hint is int and isinstance(value, float)):
        raise ValueError(f"expected {expected}")
    try:
        number = hint(value)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"expected {expected}") from None
    if isinstance(number, float) and not isfinite(number):
        raise ValueError(f"expected {expected}")
    return number
