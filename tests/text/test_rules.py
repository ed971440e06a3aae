"""The tokenizers' words: torchtext's for basic_english, the Penn Treebank's for penn."""

import json
import os
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import normalizers

from benchmarks.reference import tokenize as plainly_tokenized
from cct_text.datasets import load_dataset
from cct_text.errors import UsageError
from cct_text.text.rules import RULES
from cct_text.text.tokenizer import Tokenizer, split_words
from cct_text.text.vocabulary import Vocabulary

ALL_CHARACTERS = [chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code <= 0xDFFF]


def words(text: str, name: str) -> list[str]:
    return split_words([text], name)[0].as_py()


def goldens() -> list[tuple[str, list[str]]]:
    """Recorded output of torchtext beside the shared data; the transcription on the embedded questions elsewhere."""
    path = Path(os.environ.get("CCT_TEXT_DATA", ".")).parent / "goldens" / "basic_english.jsonl"
    if path.is_file():
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        return [(row["text"], row["tokens"]) for row in rows]
    return [(text, plainly_tokenized(text)) for text in load_dataset("questions").train.texts.to_pylist()]


def test_basic_english_gives_the_words_of_torchtext():
    pairs = goldens()
    assert len(pairs) >= 173
    assert split_words([text for text, _ in pairs], "basic_english").to_pylist() == [tokens for _, tokens in pairs]


# Without Σ, which str.lower makes a final sigma by all letters around it, and the rules by the end of the word alone.
@given(st.text(st.sampled_from("aÉσß İı.,;:!?()'\"<br />\t\n\r\x1c\x85\u00a0\u2009😀e\u0301-_#$%&")))
def test_basic_english_is_torchtexts_on_any_text(text):
    assert words(text, "basic_english") == plainly_tokenized(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I don't think it's John's.", "i do n't think it 's john 's ."),
        ("They've said we'll see;", "they 've said we 'll see ;"),
        ("you're sure I'm in, she'd go!", "you 're sure i 'm in , she 'd go !"),
        ('He said, "yes" -- twice.', 'he said , " yes " -- twice .'),
        ("Mr. Smith paid $3,000 (or 5%) at 10:30.", "mr. smith paid $ 3,000 ( or 5 % ) at 10:30 ."),
        ("in the U.S. in 1990.", "in the u.s. in 1990 ."),
        ("Mr. Mrs. Dr. Who cannot cannot", "mr. mrs. dr. who can not can not"),
        ("wait.... '''' ...", "wait ... . '' '' ..."),
        ("well... no", "well ... no"),
        ("I cannot go", "i can not go"),
        ("the dogs' bones", "the dogs ' bones"),
        ("``quoted'' text", "`` quoted '' text"),
        ("what’s “this”", 'what \'s " this "'),
    ],
)
def test_penn_separates_as_the_treebank_does(text, expected):
    assert " ".join(words(text, "penn")) == expected


def test_penn_leaves_what_is_already_separated_as_it_is():
    text = "what 's the u.s. population , and who is n't in it ? ( 3,000 )"
    assert " ".join(words(text, "penn")) == text


PIECES = st.lists(st.sampled_from([*"aσΣnt'\"`.,:-()cmrdsu ", "cannot", "mr.", "...", "n't"])).map("".join)


@pytest.mark.parametrize("name", RULES)
@given(texts=st.lists(PIECES))
def test_a_text_is_its_pieces_between_blanks_one_after_the_other(name, texts):
    pieces = split_words(texts, name).to_pylist()
    assert words(" ".join(texts), name) == [word for piece in pieces for word in piece]


def test_whitespace_only_lowers_and_splits():
    assert words(" Don't  STOP,\tnow.\r\n", "whitespace") == ["don't", "stop,", "now."]


@pytest.mark.parametrize("name", RULES)
def test_every_white_space_character_separates(name):
    spaces = [character for character in ALL_CHARACTERS if character.isspace()]
    assert len(spaces) > 20
    assert split_words([f"a{space}b" for space in spaces], name).to_pylist() == [["a", "b"]] * len(spaces)


@pytest.mark.parametrize("name", RULES)
def test_texts_without_words_have_none(name):
    assert split_words(["", " ", "\n\t", None], name).to_pylist() == [[], [], [], []]


@pytest.mark.parametrize("name", RULES)
def test_a_slice_and_a_column_of_chunks_give_the_words_of_their_rows(name):
    texts = ["One, two", "it's THREE ΣΑΣ", "", "four"] * 5
    column = pa.chunked_array([pa.array(texts)[1:4], pa.array(texts)[4:4], pa.array(texts)[7:]])
    assert split_words(column, name).to_pylist() == [words(text, name) for text in column.to_pylist()]


def test_greek_words_end_in_a_final_sigma():
    assert words("ΟΔΥΣΣΕΥΣ, Σ ΣΑΣ.", "basic_english") == ["οδυσσευς", ",", "σ", "σας", "."]


def test_a_literal_special_word_is_an_unknown_word():
    tokenizer = Tokenizer("whitespace", Vocabulary.build(split_words(["<pad> <unk> word"], "whitespace")))
    assert tokenizer.encode(["<pad> <unk> word"]).ids.tolist() == [1, 1, 2]


def test_an_unknown_tokenizer_names_those_there_are():
    with pytest.raises(UsageError, match="basic_english"):
        split_words(["a"], "basic")


def test_characters_that_the_engines_lower_differently_are_replaced_beforehand():
    lower = normalizers.Lowercase()
    arrow = pc.utf8_lower(pa.array(ALL_CHARACTERS)).to_pylist()
    theirs = [lower.normalize_str(character) for character in ALL_CHARACTERS]
    differ = {c for c, a, b in zip(ALL_CHARACTERS, arrow, theirs, strict=True) if a != b}
    for rules in RULES.values():
        assert differ <= {substitution.pattern for substitution in rules.before}
