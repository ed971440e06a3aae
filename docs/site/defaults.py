"""Defaults of options as a reader knows them: without the bounds that the code keeps beside them."""

from __future__ import annotations

from typing import Any

import griffe


class Defaults(griffe.Extension):
    """Shows `_bounded(0.1, 0.0, 0.5)` as `0.1`, and names the bounds below the text of the option."""

    def on_attribute_instance(self, *, attr: griffe.Attribute, **_: Any) -> None:  # noqa: ANN401 - as griffe calls it
        """Called with each attribute that was read, before signatures are made of them."""
        call = attr.value
        if not isinstance(call, griffe.ExprCall) or str(call.function) != "_bounded":
            return
        default, low, *high = call.arguments
        attr.value = default
        if attr.docstring is not None:
            attr.docstring.value += f" At least {low}{f', at most {_number(high[0])}' if high else ''}."


def _number(bound: griffe.Expr | str) -> str:
    return "4294967295" if str(bound) == "_LARGEST_SEED" else str(bound)
