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

WIDTH, MIDDLE = 720, 440
STYLE = """
  .page { fill: #ffffff; stroke: #c9d1d4 }
  text { font: 14px system-ui, "Segoe UI", Helvetica, Arial, sans-serif; fill: #1c2528; text-anchor: middle }
  .size { font-size: 12px; fill: #52636a }
  .step { font-weight: 600; text-anchor: start }
  .note { font-size: 12px; fill: #52636a; text-anchor: start }
  .box { fill: #e3f1ef; stroke: #2f7f77 }
  .token { fill: #f6ecd9; stroke: #a8772a }
  .block { fill: #e7eaf6; stroke: #5363a8 }
  .line { stroke: #52636a; fill: none }
  @media (prefers-color-scheme: dark) {
    .page { fill: #1e2129; stroke: #3d4653 }
    text { fill: #e6eaec }
    .size, .note { fill: #a9b5ba }
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
    shapes = [f"{len(WORDS)} x {sizes.embedding_dim}", f"{tokens} x {sizes.width}", f"{sizes.width}"]
    words, pooled = _places(len(WORDS), 76), _places(tokens, 104)
    parts = [f'<rect class="page" x="1" y="1" width="{WIDTH - 2}" height="648" rx="10"/>']
    parts += [_step(34, "Text"), _box("box", MIDDLE, 20, 300, "Where is the Danube Delta ?")]
    parts += [_arrow(MIDDLE, 52, 84)]

    parts += [_step(104, "Words"), _note(122, "looked up in a table"), _note(138, f"of vectors: {shapes[0]}")]
    for x, word in zip(words, WORDS, strict=True):
        parts += [_box("box", x, 90, 68, word), _arrow(x, 122, 150), _vector(x, 152, "box")]

    parts += [
        _step(252, "Conv tokenizer"),
        _note(270, f"windows of {sizes.kernels[0]} words,"),
        _note(286, "neighbours pooled"),
    ]
    parts += [
        _box("token", MIDDLE, 234, 460, f"convolution over {sizes.kernels[0]} words, ReLU, maximum of two windows")
    ]
    parts += [_arrow(x, 208, 232) for x in words]
    for x in pooled:
        parts += [_arrow(x, 266, 290), _vector(x, 292, "token")]
    parts += [_size(MIDDLE, 366, f"{shapes[1]} numbers: {tokens} tokens, each of several words")]

    parts += [_step(402, "Encoder"), _note(420, "tokens see each other")]
    parts += [
        _box("block", MIDDLE, 384, 460, f"{sizes.layers} blocks of attention ({sizes.heads} heads) and a small MLP")
    ]
    parts += [_arrow(MIDDLE, 416, 444)]

    parts += [_step(464, "SeqPool"), _note(482, "a learned weighted mean")]
    parts += [_box("block", MIDDLE, 446, 460, "softmax of one score per token; weighted sum of the tokens")]
    parts += [_arrow(MIDDLE, 478, 504), _size(MIDDLE, 520, f"{shapes[2]} numbers for the whole text")]
    parts += [_arrow(MIDDLE, 528, 552)]

    parts += [_step(572, "Label"), _note(590, "a linear layer, softmax")]
    for x, label in zip(_places(len(LABELS), 120), LABELS, strict=True):
        parts += [_box("token" if label == "LOC" else "box", x, 556, 96, label)]
    parts += [_size(MIDDLE, 616, "probabilities that sum to 1")]
    title = f"<title>How {MODEL} reads a text of {len(WORDS)} words</title>"
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} 650" role="img">'
    return "\n".join([head, title, f"<style>{STYLE}</style>", *parts, "</svg>", ""])


def _places(count: int, apart: int) -> Sequence[float]:
    """Middles of things side by side, around the middle of the right part."""
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


def _step(y: float, text: str) -> str:
    return f'<text class="step" x="24" y="{y:g}">{escape(text)}</text>'


def _note(y: float, text: str) -> str:
    return f'<text class="note" x="24" y="{y:g}">{escape(text)}</text>'


def _size(x: float, y: float, text: str) -> str:
    return f'<text class="size" x="{x:g}" y="{y:g}">{escape(text)}</text>'


if __name__ == "__main__":
    FILE.write_text(figure(), encoding="utf-8")
