"""The tokenizers as data: lists of substitutions that two engines execute alike.

Arrow's kernels run them over whole columns, and a `tokenizer.json` holds them for the tokenizers library. Nearly all
patterns are literals; the two that are not, a text's start and end, are read alike by RE2 and Oniguruma. After the
substitutions a text is split at blanks, there being no other white space left.
"""

from __future__ import annotations

from dataclasses import dataclass

from cct_text.errors import UsageError, unknown_name


@dataclass(frozen=True)
class Substitution:
    """Replace every occurrence of `pattern` by `replacement`, a literal.

    Attributes:
        pattern: a literal or, with `regex`, a regular expression.
        replacement: a literal.
        regex: what the pattern is.
        only_with: the substitution matters only to texts that hold this string; a column without it may pass it over.
    """

    pattern: str
    replacement: str
    regex: bool = False
    only_with: str = ""


@dataclass(frozen=True)
class TokenizerRules:
    """A tokenizer: what is replaced in which order, upper case being lowered behind `before`.

    Attributes:
        name: of the tokenizer.
        before: of single characters.
        across: of what may hold blanks, or make such.
        within: of what stands between two blanks. What these do to a text is what they do to each of its pieces between
            blanks, so that it is enough to run them over the distinct pieces of a column.
    """

    name: str
    before: tuple[Substitution, ...]
    across: tuple[Substitution, ...]
    within: tuple[Substitution, ...]


# Letters that Arrow and the tokenizers library lower differently, having different versions of Unicode, or because the
# lower case is two characters. They are replaced beforehand. Found by comparing the two over all code points, as a test
# does.
_CASES = (
    Substitution("\u0130", "i\u0307"),
    Substitution("\ua7dd", "\u0277"),
    Substitution("\ua7e2", "\u027c"),
    Substitution("\uab6c", "\uab4b"),
    Substitution("\uab6d", "\uab4c"),
    *(
        Substitution(chr(upper), chr(upper + 1))
        for upper in (
            0x1DF40,
            0x1DF48,
            0x1DF4A,
            0x1DF4D,
            0x1DF51,
            *range(0x1DF68, 0x1DF6F, 2),
            *range(0x1DF72, 0x1DF7F, 2),
        )
    ),
)

# Code points that no text uses. Each stands for what must not be taken apart, or is not known yet.
_SIGMA = "\ufdd0"
"""A Greek capital sigma while words are not yet apart."""
_ELLIPSIS, _ABBREVIATED, _QUOTE = "\ufdd1", "\ufdd2", "\ufdd3"

_FINAL_SIGMA = (
    Substitution(f" {_SIGMA} ", " \u03c3 "),
    Substitution(f"{_SIGMA} ", "\u03c2 "),
    Substitution(_SIGMA, "\u03c3"),
)
"""A capital sigma at the end of a word of two or more letters is a final sigma, as in str.lower."""

# All that Python's str.split splits at, as blanks. The tokenizers library does not know the first four as white space.
_WHITE_SPACE = tuple(
    Substitution(character, " ")
    for character in "\x1c\x1d\x1e\x1f\t\n\v\f\r\u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006"
    "\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)

_BEFORE = (*_WHITE_SPACE, Substitution("\u03a3", _SIGMA), *_CASES)


def _between_blanks(only_with: str = "") -> tuple[Substitution, ...]:
    """A blank of its own before and behind each piece, so that patterns can name a word's start and end."""
    return (
        Substitution(" ", "  ", only_with=only_with),
        Substitution(r"\A", " ", regex=True, only_with=only_with),
        Substitution(r"\z", " ", regex=True, only_with=only_with),
    )


_LAST = (*_between_blanks(only_with=_SIGMA), *_FINAL_SIGMA, Substitution("<pad>", "<unk>"))
"""The pad is no word: a literal "<pad>" is an unknown word."""


def _spaced(*literals: str) -> tuple[Substitution, ...]:
    return tuple(Substitution(literal, f" {literal} ") for literal in literals)


_LINE_BREAK = Substitution("<br />", " ")

_BASIC_ENGLISH = (
    *_spaced("'", ".", ",", "(", ")", "!", "?"),
    Substitution(";", " "),
    Substitution(":", " "),
)

# As the corpus of GloVe 6B was tokenized: its vocabulary has n't, 's, ``, '', --, ..., 3,000, u.s., mr. and ( as words.
_PENN = (
    *(Substitution(quote, "'") for quote in "\u2018\u2019"),
    *(Substitution(quote, '"') for quote in "\u201c\u201d"),
    Substitution("...", f" {_ELLIPSIS} "),
    *_spaced("--", "``", '"', "(", ")", "[", "]", "{", "}", ";", "!", "?", "$", "#", "%"),
    *_between_blanks(),
    # Commas, colons and full stops stand apart at the end of a word only: 3,000, 10:30 and u.s. are words.
    Substitution(", ", " , "),
    Substitution(": ", " : "),
    *(
        Substitution(f" {word}. ", f" {word}{_ABBREVIATED} ")
        for word in ("mr", "mrs", "ms", "dr", "st", "jr", "u.s", "u.k", "u.n")
    ),
    Substitution(". ", " . "),
    Substitution(_ABBREVIATED, "."),
    Substitution(_ELLIPSIS, "..."),
    Substitution("n't ", " n't "),
    *(Substitution(f"'{ending} ", f" '{ending} ") for ending in ("s", "m", "d", "re", "ve", "ll")),
    Substitution("''", f" {_QUOTE} "),
    Substitution("' ", " ' "),
    Substitution(_QUOTE, "''"),
    Substitution(" cannot ", " can not "),
)

RULES = {
    rules.name: rules
    for rules in (
        TokenizerRules("basic_english", _BEFORE, (Substitution('"', ""), _LINE_BREAK), (*_BASIC_ENGLISH, *_LAST)),
        TokenizerRules("penn", _BEFORE, (_LINE_BREAK,), (*_PENN, *_LAST)),
        TokenizerRules("whitespace", _BEFORE, (), _LAST),
    )
}


def rules_named(name: str) -> TokenizerRules:
    """The rules of a tokenizer.

    Raises:
        UsageError: if there is none of that name.
    """
    if name not in RULES:
        raise UsageError(unknown_name("tokenizer", name, RULES))
    return RULES[name]
