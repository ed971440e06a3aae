"""Bytes as a broken disk, a wrong program or an enemy leaves them: whole files with a few things wrong, and noise."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

LONGEST = 1 << 16
"""Bytes of an input, at most, before it is packed."""

VALUES = (
    *(b"0", b"-1", b"1e999", b"-1e-999", b"nan", b"NaN", b"inf", b"Infinity", b"0x10", b"1_0", b"99999999999999999999"),
    *(b"2147483648", b"1000000000000", b"-9223372036854775809", b"9" * 5_000, b"null", b"true", b"[]", b"{}", b'""'),
    *(b"[[1]]", b'{"a": 1}', b'"text"', b'"\\ud800"', b'"\\u0000"', b"'x'", b"1979-05-27", b"[" * 20_000),
    *(b'{"a":' * 20_000, b"(2 " * 5_000, "\u0663".encode(), "\u2028".encode(), "\u0130".encode(), b"x" * 5_000),
)
"""What stands in the place of a number, a string or a word: too large, of another kind, or nested without end."""

PIECES = (
    *(b"\x00", b"\xff", b"\xff\xfe", b"\xed\xa0\x80", b"\n", b"\r", b"\r\n", b'"', b"'", b",", b"\t", b"{", b"}", b"["),
    *(b"(", b")", b" ", b":", b"=", b"#", b"&", b";", b"<", b"__label__", b"PAR1", b"\x1f\x8b\x08", b"PK\x03\x04"),
    *(b"\x1b[2J", b"<br />", b"\x85", b"\xe2\x80\xa8", b"...", b"..", b"\\", b"\\ud800", codecs.BOM_UTF8),
)
"""Bytes that mean something to one reader or another."""

INTEGERS = (
    b"\x00" * 8,
    b"\xff" * 8,
    b"\xff" * 7 + b"\x7f",
    b"\x00" * 7 + b"\x80",
    b"\x00\x00\x00\x80",
    b"\xff\xff\xff\x7f",
)
"""Sizes and offsets of binary formats that no file can have."""

_TOKEN = re.compile(rb'-?\d+(?:\.\d+)?|"[^"\n]*"|\b\w+\b')
_CODES = ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig", "latin-1", "cp1252", "utf-7")

Edit = Callable[[bytes], bytes]


@dataclass(frozen=True)
class Seed:
    """A file as it should be.

    Attributes:
        content: what is changed.
        pack: makes the file of it: compresses it, or makes its checksum agree.
    """

    content: bytes
    pack: Callable[[bytes], bytes] = bytes


def hostile_bytes(seeds: Sequence[Seed]) -> SearchStrategy[bytes]:
    """Files that are nearly one of `seeds`, and some that are nothing like them."""
    others = [seed.content for seed in seeds]
    changed = st.builds(_changed, st.sampled_from(seeds), st.lists(_edits(others), min_size=1, max_size=5))
    noise = st.lists(st.sampled_from((*PIECES, *INTEGERS)) | st.binary(max_size=8), max_size=30).map(b"".join)
    packed = st.builds(lambda seed, content: seed.pack(content), st.sampled_from(seeds), noise)
    return st.one_of(changed, changed, changed, changed, packed, noise)


def _changed(seed: Seed, edits: Sequence[Edit]) -> bytes:
    content = seed.content
    for edit in edits:
        content = edit(content)[:LONGEST]
    return seed.pack(content)


def _edits(others: Sequence[bytes]) -> SearchStrategy[Edit]:
    """Single changes; where they are made is a share of the content, in 65536ths."""
    place, length = st.integers(0, 1 << 16), st.integers(1, 40)
    return st.one_of(
        st.builds(_written, place, st.binary(min_size=1, max_size=4)),
        st.builds(_written, place, st.sampled_from(INTEGERS)),
        st.builds(_inserted, place, st.sampled_from(PIECES) | st.binary(max_size=6)),
        st.builds(_deleted, place, length),
        st.builds(_repeated, place, length, st.sampled_from((2, 3, 50, 2_000))),
        st.builds(lambda at: lambda content: content[: _at(content, at)], place),
        st.builds(_spliced, place, st.sampled_from(others), place),
        st.builds(_valued, place, st.sampled_from(VALUES)),
        st.builds(_valued, place, st.sampled_from(VALUES)),
        st.builds(_recoded, st.sampled_from(_CODES)),
        st.sampled_from((b"\r\n", b"\r", b"", b"\n\n", b"\x00")).map(_with_line_ends),
        st.builds(_without_a_line, place, st.integers(0, 2)),
    )


def _at(content: bytes, place: int) -> int:
    return len(content) * place >> 16


def _written(place: int, piece: bytes) -> Edit:
    """Bytes in the place of others."""
    return lambda content: content[: _at(content, place)] + piece + content[_at(content, place) + len(piece) :]


def _inserted(place: int, piece: bytes) -> Edit:
    return lambda content: content[: _at(content, place)] + piece + content[_at(content, place) :]


def _deleted(place: int, length: int) -> Edit:
    return lambda content: content[: _at(content, place)] + content[_at(content, place) + length :]


def _repeated(place: int, length: int, times: int) -> Edit:
    def edit(content: bytes) -> bytes:
        start = _at(content, place)
        return content[:start] + content[start : start + length] * times + content[start + length :]

    return edit


def _spliced(place: int, other: bytes, place_there: int) -> Edit:
    """The beginning of one file and the end of another."""
    return lambda content: content[: _at(content, place)] + other[_at(other, place_there) :]


def _valued(place: int, value: bytes) -> Edit:
    """Another value in the place of a number, a string or a word."""

    def edit(content: bytes) -> bytes:
        match = _TOKEN.search(content, _at(content, place))
        return content if match is None else content[: match.start()] + value + content[match.end() :]

    return edit


def _recoded(code: str) -> Edit:
    return lambda content: content.decode("utf-8", errors="replace").encode(code, errors="replace")


def _with_line_ends(end: bytes) -> Edit:
    return lambda content: content.replace(b"\n", end)


def _without_a_line(place: int, instead: int) -> Edit:
    """A line left out, or standing twice or three times."""

    def edit(content: bytes) -> bytes:
        lines = content.splitlines(keepends=True)
        at = min(_at(lines, place), len(lines) - 1) if lines else 0  # type: ignore[arg-type]
        return b"".join([*lines[:at], *lines[at : at + 1] * (instead + (instead > 0)), *lines[at + 1 :]])

    return edit
