"""Which characters of a text each of its words comes from.

The third reader of the substitutions, beside Arrow and the tokenizers library: slow and exact. The library's own offsets
are exact where a substitution replaces one character; of a longer one they name a single character.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from tokenizers import normalizers

from cct_text.text.rules import Substitution, TokenizerRules

Span = tuple[int, int]


def word_spans(text: str, rules: TokenizerRules) -> list[tuple[str, int, int]]:
    """Words of a text with the characters they come from: (word, start, end), text[start:end]."""
    aligned = _substitute([(character, (at, at + 1)) for at, character in enumerate(text)], rules.before)
    lower = normalizers.Lowercase().normalize_str
    aligned = [(small, span) for character, span in aligned for small in lower(character)]
    aligned = _substitute(aligned, (*rules.across, *rules.within))
    words = []
    characters = "".join(character for character, _ in aligned)
    for match in re.finditer("[^ ]+", characters):
        spans = [span for _, span in aligned[match.start() : match.end()]]
        words.append((match.group(), min(start for start, _ in spans), max(end for _, end in spans)))
    return words


def _substitute(aligned: list[tuple[str, Span]], substitutions: Iterable[Substitution]) -> list[tuple[str, Span]]:
    characters = "".join(character for character, _ in aligned)
    for substitution in substitutions:
        if substitution.only_with not in characters:
            continue
        if not substitution.regex and substitution.pattern not in characters:
            continue
        pattern = substitution.pattern.replace(r"\z", r"\Z") if substitution.regex else re.escape(substitution.pattern)
        result: list[tuple[str, Span]] = []
        done = 0
        for match in re.finditer(pattern, characters):
            result += aligned[done : match.start()]
            done = match.end()
            result += _replaced(aligned[match.start() : match.end()], substitution.replacement, len(result))
        aligned = result + aligned[done:]
        characters = "".join(character for character, _ in aligned)
    return aligned


def _replaced(matched: list[tuple[str, Span]], replacement: str, at: int) -> list[tuple[str, Span]]:
    """The replacement's characters, each with the span of its own in the match or, where they are others, of all of it."""
    origins = [span for character, span in matched if character != " "]
    written = sum(character != " " for character in replacement)
    if len(origins) != written:
        spans = [span for _, span in matched] or [(at, at)]
        origins = [(spans[0][0], spans[-1][1])] * written
    following = iter(origins)
    nowhere = (at, at)  # of a blank, which is in no word
    return [(character, nowhere if character == " " else next(following)) for character in replacement]
