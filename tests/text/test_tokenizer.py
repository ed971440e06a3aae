"""The tokenizer's two engines agree, and `tokenizer.json` carries it to the tokenizers library."""

import json
import sys
from dataclasses import replace

import pytest
import tokenizers
from hypothesis import given
from hypothesis import strategies as st

from cct_text.datasets import load_dataset
from cct_text.errors import DataError
from cct_text.text.rules import RULES
from cct_text.text.tokenizer import Tokenizer, split_words
from cct_text.text.vocabulary import Vocabulary

TEXTS = load_dataset("questions").train.texts.to_pylist()
TRICKY = (
    "Don't she's \"u.s.\" ... -- (3,000) mr. cannot ΣΑΣ Σ İI 😀😀 a\u0301 ´`´` <pad> <unk> <br /> "
    "\u00a0\x1c ’s “ ” .. . '' 5%"
)
TOKENIZERS = {
    name: Tokenizer(name, Vocabulary.build(split_words([*TEXTS, TRICKY], name), min_count=1)) for name in RULES
}
LIBRARY = {name: tokenizers.Tokenizer.from_str(tokenizer.to_json()) for name, tokenizer in TOKENIZERS.items()}

random_text = st.text() | st.text(st.sampled_from(TRICKY)) | st.lists(st.sampled_from(TRICKY.split())).map(" ".join)


@pytest.mark.parametrize("name", RULES)
@given(text=random_text)
def test_the_tokenizers_library_gives_the_same_ids_on_any_text(name, text):
    assert LIBRARY[name].encode(text).ids == TOKENIZERS[name].encode([text]).ids.tolist()


@pytest.mark.parametrize("name", RULES)
def test_the_tokenizers_library_gives_the_same_ids_for_each_code_point(name):
    texts = [
        f"{chr(code)} a{chr(code)} {chr(code)}b"
        for code in range(sys.maxunicode + 1)
        if not 0xD800 <= code <= 0xDFFF and (code < 0x20000 or code % 97 == 0)
    ]
    # Words, not ids: nearly all of these are unknown words.
    theirs = [
        [word for word, _ in LIBRARY[name].pre_tokenizer.pre_tokenize_str(LIBRARY[name].normalizer.normalize_str(text))]
        for text in texts
    ]
    assert split_words(texts, name).to_pylist() == theirs


@pytest.mark.parametrize("name", RULES)
@given(texts=st.lists(random_text, max_size=5))
def test_ids_of_a_text_do_not_depend_on_the_texts_around_it(name, texts):
    encoded = TOKENIZERS[name].encode(texts)
    alone = [TOKENIZERS[name].encode([text]).ids.tolist() for text in texts]
    apart = [encoded.ids[start:end].tolist() for start, end in zip(encoded.offsets, encoded.offsets[1:], strict=False)]
    assert apart == alone


@pytest.mark.parametrize("name", RULES)
@given(text=random_text)
def test_spans_are_the_words_in_order_and_lie_in_the_text(name, text):
    spans = TOKENIZERS[name].spans(text)
    assert [word for word, _, _ in spans] == split_words([text], name)[0].as_py()
    positions = [position for _, start, end in spans for position in (start, end)]
    assert all(0 <= start <= end <= len(text) for _, start, end in spans)
    assert positions == sorted(positions)


@pytest.mark.parametrize("name", RULES)
def test_spans_count_characters_of_the_original_text_emoji_included(name):
    text = "😀 Who  WROTE 👩‍👩‍👧 Ulysses ?"
    assert [(text[start:end].lower(), word) for word, start, end in TOKENIZERS[name].spans(text)] == [
        (word, word) for word in ("😀", "who", "wrote", "👩‍👩‍👧", "ulysses", "?")
    ]


def test_spans_of_words_that_stood_together_are_their_own_characters():
    text = "It's John's, don't!"
    assert [(word, text[start:end]) for word, start, end in TOKENIZERS["penn"].spans(text)] == [
        ("it", "It"),
        ("'s", "'s"),
        ("john", "John"),
        ("'s", "'s"),
        (",", ","),
        ("do", "do"),
        ("n't", "n't"),
        ("!", "!"),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I cannot", [("i", "I"), ("can", "can"), ("not", "not")]),
        ("well... a''b", [("well", "well"), ("...", "..."), ("a", "a"), ("''", "''"), ("b", "b")]),
        ("wait... mr. X", [("wait", "wait"), ("...", "..."), ("mr.", "mr."), ("x", "X")]),
        ("Anna’s", [("anna", "Anna"), ("'s", "’s")]),
        ("ΣΑΣ İzmir", [("σας", "ΣΑΣ"), ("i̇zmir", "İzmir")]),
    ],
)
def test_spans_hold_through_every_kind_of_substitution(text, expected):
    assert [(word, text[start:end]) for word, start, end in TOKENIZERS["penn"].spans(text)] == expected


@given(st.text(st.characters(max_codepoint=0x24F, exclude_characters="\u0130<")))
def test_spans_of_simple_text_hold_their_words_letter_for_letter(text):
    for word, start, end in TOKENIZERS["basic_english"].spans(text):
        assert text[start:end].lower().replace('"', "") == word


def test_the_tokenizers_librarys_own_offsets_hold_for_the_default_tokenizer():
    text = "😀 It's 👩‍👩‍👧, Ulysses (1922)?"
    offsets = LIBRARY["basic_english"].encode(text).offsets
    assert offsets == [(start, end) for _, start, end in TOKENIZERS["basic_english"].spans(text)]


@pytest.mark.parametrize("name", RULES)
def test_what_was_written_is_read_again(name):
    again = Tokenizer.from_json(TOKENIZERS[name].to_json(), source="tokenizer.json")
    assert again.name == name
    assert again.vocabulary.words == TOKENIZERS[name].vocabulary.words
    assert again.encode(TEXTS).ids.tolist() == TOKENIZERS[name].encode(TEXTS).ids.tolist()


def test_bigrams_are_written_and_the_library_finds_the_same_words_as_without():
    plain = TOKENIZERS["penn"]
    with_bigrams = replace(plain, vocabulary=replace(plain.vocabulary, pairs=((2, 3), (2, 5), (4, 2))))
    assert Tokenizer.from_json(with_bigrams.to_json(), source="tokenizer.json").vocabulary.pairs == (
        (2, 3),
        (2, 5),
        (4, 2),
    )
    library = tokenizers.Tokenizer.from_str(with_bigrams.to_json())
    for text, encoding in zip(TEXTS, library.encode_batch(TEXTS), strict=True):
        assert encoding.ids == plain.encode([text]).ids.tolist()


def _without(document, *path):
    *parents, last = path
    for key in parents:
        document = document[key]
    del document[last]


DAMAGES = {
    "not JSON": lambda text: text[:-9],
    "no JSON object": lambda text: "[]",
    "empty": lambda text: "",
    "nested without end": lambda text: '{"a":' * 20_000,
    "a rule is missing": lambda text: json.dumps(_changed(text, lambda d: d["normalizer"]["normalizers"].pop())),
    "no model": lambda text: json.dumps(_changed(text, lambda d: _without(d, "model"))),
    "a word is missing": lambda text: json.dumps(_changed(text, lambda d: _without(d, "model", "vocab", "what"))),
    "the pad has another id": lambda text: json.dumps(
        _changed(text, lambda d: d["model"]["vocab"].update({"<pad>": 1, "<unk>": 0}))
    ),
    "an id is text": lambda text: json.dumps(_changed(text, lambda d: d["model"]["vocab"].update(what="3"))),
    "the vocabulary is a list": lambda text: json.dumps(_changed(text, lambda d: d["model"].update(vocab=[]))),
    **{
        f"a bigram is {bigram!r}": lambda text, bigram=bigram: json.dumps(
            _changed(text, lambda d: d["model"]["vocab"].update({bigram: len(d["model"]["vocab"])}))
        )
        for bigram in ("what nowhere", "what <unk>", "what what what", "what ")
    },
    "a word stands behind a bigram": lambda text: json.dumps(
        _changed(text, lambda d: d["model"]["vocab"].update(_behind(d["model"]["vocab"], "what what", "nowhere")))
    ),
    "an id is no whole number": lambda text: json.dumps(
        _changed(
            text, lambda d: d["model"]["vocab"].update({word: float(at) for word, at in d["model"]["vocab"].items()})
        )
    ),
    "it is another tokenizer": lambda text: tokenizers.Tokenizer(tokenizers.models.BPE()).to_str(),
}


def _behind(ids, *entries):
    return {entry: len(ids) + place for place, entry in enumerate(entries)}


def _changed(text, change):
    document = json.loads(text)
    change(document)
    return document


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_refused_with_its_name(damage):
    text = DAMAGES[damage](TOKENIZERS["penn"].to_json())
    with pytest.raises(DataError, match=r"^runs/a/tokenizer\.json: "):
        Tokenizer.from_json(text, source="runs/a/tokenizer.json")
