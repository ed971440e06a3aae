"""Text to words to ids, whole columns at a time, on Arrow's kernels."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import tokenizers
from tokenizers import models, normalizers, pre_tokenizers

from cct_text.errors import DataError
from cct_text.text.alignment import word_spans
from cct_text.text.bigrams import FIRST_WORD
from cct_text.text.encoded import EncodedTexts
from cct_text.text.rules import RULES, Substitution, TokenizerRules, rules_named
from cct_text.text.vocabulary import SPECIAL_WORDS, UNK, Vocabulary

Texts: TypeAlias = Sequence[str] | pa.Array | pa.ChunkedArray

CHUNK_ROWS = 16_384
"""Rows that go through the kernels together: enough to hide their overhead, few enough to bound memory."""


def split_words(texts: Texts, name: str) -> pa.ChunkedArray:
    """Words of each text, list<string> (N,), by the tokenizer called `name`.

    Raises:
        UsageError: if there is no tokenizer of that name.
    """
    rules = rules_named(name)
    lists = []
    for chunk in _chunks(texts):
        pieces = _Pieces.of(chunk, rules)
        positions, offsets = pieces.words_of_texts()
        flat = pieces.words.flatten().take(pa.array(positions))
        lists.append(pa.ListArray.from_arrays(pa.array(offsets.astype(np.int32)), flat))
    # In chunks, as one array holds 2 GiB of characters at most.
    return pa.chunked_array(lists, pa.list_(pa.string()))


def _chunks(texts: Texts) -> list[pa.Array]:
    column = texts if isinstance(texts, pa.Array | pa.ChunkedArray) else pa.array(texts, pa.string())
    column = column if isinstance(column, pa.ChunkedArray) else pa.chunked_array([column])
    return [chunk.slice(start, CHUNK_ROWS) for chunk in column.chunks for start in range(0, len(chunk), CHUNK_ROWS)]


@dataclass(frozen=True)
class _Pieces:
    """N texts cut at their blanks into P pieces, of which the distinct ones are made into words once.

    Attributes:
        offsets: (N + 1,) int64: text i is the pieces offsets[i] to offsets[i + 1].
        which: (P,) int64, the distinct piece that each is.
        words: list<string>, the words of each distinct piece.
    """

    offsets: np.ndarray
    which: np.ndarray
    words: pa.ListArray

    @classmethod
    def of(cls, texts: pa.Array, rules: TokenizerRules) -> _Pieces:
        texts = pc.fill_null(texts.cast(pa.string()), "")
        texts = pc.utf8_lower(_substitute(texts, rules.before))
        pieces = pc.split_pattern(_substitute(texts, rules.across), " ")
        distinct = pieces.flatten().dictionary_encode()
        words = _without_empty(pc.split_pattern(_substitute(distinct.dictionary, rules.within), " "))
        return cls(pieces.offsets.to_numpy().astype(np.int64), distinct.indices.to_numpy().astype(np.int64), words)

    def words_of_texts(self) -> tuple[np.ndarray, np.ndarray]:
        """Positions in the flat `words` of the words of all texts, in order; where each text begins, (N + 1,) int64."""
        starts = self.words.offsets.to_numpy().astype(np.int64)
        counts = np.diff(starts)[self.which]  # (P,)
        ends = np.cumsum(counts)
        positions = np.arange(ends[-1] if len(ends) else 0) + np.repeat(starts[self.which] - ends + counts, counts)
        return positions, np.concatenate([[0], ends])[self.offsets]


def _without_empty(words: pa.ListArray) -> pa.ListArray:
    """Lists without empty words, which blanks in a row or at the ends leave."""
    flat, offsets = words.flatten(), words.offsets.to_numpy()
    real = pc.greater(pc.binary_length(flat), 0).to_numpy(zero_copy_only=False)
    before = np.concatenate([[0], np.cumsum(real)])  # real words before each word
    return pa.ListArray.from_arrays(pa.array(before[offsets].astype(np.int32)), flat.filter(pa.array(real)))


_ASCII = bytes(range(128))


def _substitute(texts: pa.Array, substitutions: tuple[Substitution, ...]) -> pa.Array:
    # Most substitutions are of rare characters: to see that a column has none is far cheaper than to copy it, and
    # what is not ASCII is little.
    content = _content(texts)
    beyond_ascii = content.translate(None, _ASCII)
    for substitution in substitutions:
        needle = (substitution.only_with or ("" if substitution.regex else substitution.pattern)).encode()
        rare = needle.translate(None, _ASCII)
        if (rare not in beyond_ascii) if rare else (needle not in content):
            continue
        replace = pc.replace_substring_regex if substitution.regex else pc.replace_substring
        texts = replace(texts, substitution.pattern, substitution.replacement)
        content = _content(texts)
        if rare or not substitution.replacement.isascii():
            beyond_ascii = content.translate(None, _ASCII)
    return texts


def _content(texts: pa.StringArray) -> bytes:
    """The characters of all texts in a row."""
    start, end = texts.offset, texts.offset + len(texts)
    offsets = np.frombuffer(texts.buffers()[1], np.int32, end - start + 1, start * 4)
    data = texts.buffers()[2]
    return b"" if data is None else data[offsets[0] : offsets[-1]].to_pybytes()


@dataclass(frozen=True)
class Tokenizer:
    """A tokenizer and the vocabulary that gives its words ids.

    Attributes:
        name: basic_english, penn or whitespace.
        vocabulary: words by id.
    """

    name: str
    vocabulary: Vocabulary

    def encode(self, texts: Texts) -> EncodedTexts:
        """Ids of the words of N texts; a null counts as an empty text."""
        rules = rules_named(self.name)
        ids, lengths = [np.zeros(0, np.int32)], [np.zeros(0, np.int64)]
        for chunk in _chunks(texts):
            pieces = _Pieces.of(chunk, rules)
            positions, starts = pieces.words_of_texts()
            ids.append(self.vocabulary.ids_of(pieces.words.flatten())[positions])
            lengths.append(np.diff(starts))
        offsets = np.concatenate([[0], np.cumsum(np.concatenate(lengths))])
        return EncodedTexts(np.concatenate(ids), offsets.astype(np.int64))

    def spans(self, text: str) -> list[tuple[str, int, int]]:
        """Words of one text with the characters they come from: (word, start, end), text[start:end]."""
        return word_spans(text, rules_named(self.name))

    def to_json(self) -> str:
        """The tokenizer as a `tokenizer.json` of the tokenizers library; the vocabulary's counts are not in it.

        A bigram is an entry of two words with a blank between them.
        """
        return self._library.to_str()

    @classmethod
    def from_json(cls, text: str, *, source: str) -> Tokenizer:
        """Read what `to_json` wrote; the rules are known by their substitutions.

        Raises:
            DataError: naming `source`, if it is damaged or not one of ours.
        """
        try:
            document: dict[str, Any] = json.loads(text)
            ids: dict[str, int] = document["model"]["vocab"]
            if any(type(index) is not int for index in ids.values()) or sorted(ids.values()) != list(range(len(ids))):
                raise ValueError("the ids are not 0 to V - 1")
            vocabulary = _vocabulary(sorted(ids, key=ids.__getitem__), ids)
            for name in RULES:
                tokenizer = cls(name, vocabulary)
                # How batches are padded is no rule: an exported tokenizer says it, the library's own does not.
                if tokenizer._header == {**document, "model": None, "padding": None}:
                    return tokenizer
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise DataError(f"damaged, or not a tokenizer of cct-text: {error!r}", path=source) from None
        raise DataError("not a tokenizer of this version of cct-text", path=source)

    @property
    def _header(self) -> dict[str, Any]:
        """Everything of `tokenizer.json` but the model, which holds the words."""
        return {
            **json.loads(_library(self.name, dict(zip(SPECIAL_WORDS, range(2), strict=True))).to_str()),
            "model": None,
        }

    @cached_property
    def _library(self) -> tokenizers.Tokenizer:
        words, pairs = self.vocabulary.words, self.vocabulary.pairs
        # No word has a blank, so that the library, which cuts there, finds the words of a text alone.
        bigrams = (f"{words[first]} {words[second]}" for first, second in pairs)
        return _library(self.name, {entry: index for index, entry in enumerate((*words, *bigrams))})


def _vocabulary(entries: Sequence[str], ids: Mapping[str, int]) -> Vocabulary:
    """Of the entries of a `tokenizer.json` by their ids; counts are 0."""
    words = tuple(takewhile(lambda entry: " " not in entry, entries))
    pairs = [tuple(ids.get(word, -1) for word in entry.split(" ")) for entry in entries[len(words) :]]
    for index, pair in enumerate(pairs, start=len(words)):
        if len(pair) != 2 or min(pair) < FIRST_WORD or max(pair) >= len(words):
            raise ValueError(f"id {index} is neither a word nor two words with a blank between")
    return Vocabulary(words, (0,) * len(words), tuple((first, second) for first, second in pairs))


def _library(name: str, ids: dict[str, int]) -> tokenizers.Tokenizer:
    """The rules called `name` and a vocabulary, for the tokenizers library."""
    rules = rules_named(name)
    library = tokenizers.Tokenizer(models.WordLevel(ids, SPECIAL_WORDS[UNK]))
    library.normalizer = normalizers.Sequence(
        [
            *map(_normalizer, rules.before),
            normalizers.Lowercase(),
            *map(_normalizer, (*rules.across, *rules.within)),
        ]
    )
    library.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return library


def _normalizer(substitution: Substitution) -> normalizers.Normalizer:
    pattern = tokenizers.Regex(substitution.pattern) if substitution.regex else substitution.pattern
    return normalizers.Replace(pattern, substitution.replacement)
