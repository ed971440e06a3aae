"""Draw docs/assets/method.svg: one text on its way to a label, with the sizes that `cct-2/4` has.

python docs/site/method_figure.py
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

from cct_text.model.architecture import resolve_architecture

FILE = Path(__file__).parents[1] / "assets" / "method.svg"

MODEL, EMBEDDING_DIM = "cct-2/4", 50
WORDS = ("where", "is", "the", "danube", "delta", "?")
LABELS = ("HUM", "LOC", "NUM")

WIDTH, HEIGHT, MIDDLE, BROAD = 470, 668, 235, 426
STYLE = """
  .page { fill: #ffffff; stroke: #c9d1d4 }
  text { font: 14px system-ui, "Segoe UI", Helvetica, Arial, sans-serif; fill: #1c2528; text-anchor: middle }
  .step { font-weight: 600; text-anchor: start }
  .note { font-size: 12.5px; font-weight: 400; fill: #52636a }
  .box { fill: #e3f1ef; stroke: #2f7f77 }
  .token { fill: #f6ecd9; stroke: #a8772a }
  .block { fill: #e7eaf6; stroke: #5363a8 }
  .line { stroke: #52636a; fill: none }
  @media (prefers-color-scheme: dark) {
    .page { fill: #1e2129; stroke: #3d4653 }
    text { fill: #e6eaec }
    .note { fill: #a9b5ba }
    .box { fill: #1d3f3c; stroke: #5fb3aa }
    .token { fill: #45351a; stroke: #d3a459 }
    .block { fill: #2a3157; stroke: #8f9ddd }
    .line { stroke: #a9b5ba }
  }
"""
"""Light and dark as the reader's system is; the figure brings its own ground, so that it is legible on any page."""


def figure() -> str:
    """The drawing."""
    sizes = resolve_architecture(MODEL, EMBEDDING_DIM)
    tokens = sizes.tokens(len(WORDS))
    window = sizes.kernels[0]
    words, conv_tokens = _places(len(WORDS), 72), _places(tokens, 84)

    parts = [_step(28, "Text"), _box("box", MIDDLE, 40, 300, "Where is the Danube Delta ?"), _arrow(MIDDLE, 72, 88)]

    parts += [_step(104, "Words", f"looked up in a table of vectors: {len(WORDS)} x {sizes.embedding_dim} numbers")]
    for x, word in zip(words, WORDS, strict=True):
        parts += [_box("box", x, 116, 66, word), _arrow(x, 148, 168), _vector(x, 170, "box"), _arrow(x, 226, 250)]

    parts += [_step(268, "Conv tokenizer", f"{tokens} tokens of {sizes.width} numbers, each of several words")]
    parts += [_box("token", MIDDLE, 280, BROAD, f"convolution over {window} words, ReLU, maximum of two windows")]
    for x in conv_tokens:
        parts += [_arrow(x, 312, 332), _vector(x, 334, "token"), _arrow(x, 390, 414)]

    parts += [_step(432, "Encoder", "tokens see each other")]
    parts += [
        _box("block", MIDDLE, 444, BROAD, f"{sizes.layers} blocks: attention with {sizes.heads} heads, a small MLP")
    ]
    parts += [_arrow(x, 476, 500) for x in conv_tokens]

    parts += [_step(518, "SeqPool", f"a learned weighted mean: {sizes.width} numbers for the text")]
    parts += [_box("block", MIDDLE, 530, BROAD, "softmax of a score per token, weighted sum of tokens")]
    parts += [_arrow(MIDDLE, 562, 586)]

    parts += [_step(604, "Label", "a linear layer, then probabilities that sum to 1")]
    for x, label in zip(_places(len(LABELS), 120), LABELS, strict=True):
        parts += [_box("token" if label == "LOC" else "box", x, 616, 96, label)]

    size = f'width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">'
    title = f"<title>How {MODEL} reads a text of {len(WORDS)} words</title>"
    page = f'<rect class="page" x="1" y="1" width="{WIDTH - 2}" height="{HEIGHT - 2}" rx="10"/>'
    return "\n".join([head, title, f"<style>{STYLE}</style>", page, *parts, "</svg>", ""])


def _places(count: int, apart: int) -> Sequence[float]:
    """Middles of things side by side."""
    return [MIDDLE + (index - (count - 1) / 2) * apart for index in range(count)]


def _box(kind: str, middle: float, top: float, width: float, text: str) -> str:
    return (
        f'<rect class="{kind}" x="{middle - width / 2:g}" y="{top:g}" width="{width:g}" height="32" rx="6"/>'
        f'<text x="{middle:g}" y="{top + 21:g}">{escape(text)}</text>'
    )


def _vector(middle: float, top: float, kind: str) -> str:
    """A column of numbers, of which four cells are drawn."""
    return "".join(
        f'<rect class="{kind}" x="{middle - 12:g}" y="{top + 14 * cell:g}" width="24" height="14"/>'
        for cell in range(4)
    )


def _arrow(x: float, top: float, bottom: float) -> str:
    return f'<path class="line" d="M{x:g} {top:g}V{bottom:g}m-4 -6l4 6l4 -6"/>'


def _step(y: float, name: str, what: str = "") -> str:
    note = f'<tspan class="note" dx="8">{escape(what)}</tspan>' if what else ""
    return f'<text class="step" x="20" y="{y:g}">{escape(name)}{note}</text>'


if __name__ == "__main__":
    FILE.write_text(figure(), encoding="utf-8")
