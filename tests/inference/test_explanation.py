"""Pieces of a text, whatever is between its words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cct_text.inference.classifier import WordWeight
from cct_text.inference.explanation import pieces
from cct_text.text.tokenizer import Tokenizer
from cct_text.text.vocabulary import SPECIAL_WORDS, Vocabulary

TEXT = "  Who, me ? "
WORDS = [
    WordWeight("who", 2, 5, 0.5),
    WordWeight(",", 5, 6, 0.0),
    WordWeight("me", 7, 9, 0.25),
    WordWeight("?", 10, 11, 0.25),
]


def test_a_word_has_its_share_of_the_largest_weight_and_what_is_between_has_none():
    assert pieces(TEXT, WORDS) == [
        ("  ", None), ("Who", 1.0), (",", 0.0), (" ", None), ("me", 0.5), (" ", None), ("?", 0.5), (" ", None)
    ]  # fmt: skip


def test_of_a_long_text_the_words_that_weigh_most_together_are_kept():
    assert "".join(piece.text for piece in pieces(TEXT, WORDS, most_words=2)) == "  Who, …"
    late = [word._replace(weight=place) for place, word in enumerate(WORDS)]
    assert [piece.text for piece in pieces(TEXT, late, most_words=2)] == ["… ", "me", " ", "?", " "]
    assert pieces(TEXT, WORDS, most_words=4) == pieces(TEXT, WORDS)


@pytest.mark.parametrize("text", ["", "  "])
def test_a_text_without_words_is_one_piece_or_none(text):
    assert pieces(text, []) == ([(text, None)] if text else [])


@given(st.text(max_size=60), st.sampled_from(["basic_english", "penn", "whitespace"]))
def test_the_pieces_of_any_text_are_the_text(text, rules):
    spans = Tokenizer(rules, Vocabulary(SPECIAL_WORDS, (0, 0))).spans(text)
    assert "".join(piece.text for piece in pieces(text, [WordWeight(*span, 0.1) for span in spans])) == text
