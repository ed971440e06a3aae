"""The tokenizers in a real browser, against the library's."""

import random
import sys

import pytest

from cct_text.datasets import load_dataset
from cct_text.export.web import as_text
from cct_text.export.web_model import packed
from cct_text.text.rules import RULES
from cct_text.text.tokenizer import split_words
from cct_text.text.vocabulary import Vocabulary
from tests.export.conftest import new_model
from tests.support.exported_page import answers_of, ids

QUESTIONS = load_dataset("questions").train.texts.to_pylist()
TRICKY = (
    "Don't she's \"u.s.\" ... -- (3,000) mr. cannot ΣΑΣ Σ İI 😀😀 a\u0301 ´`´` <pad> <unk> <br /> "
    "\u00a0\x1c ’s “ ” .. . '' 5%"
)
NASTY = [
    "",
    " ",
    "\t\v\f\r\x85\u2028\u3000",
    '"',
    '"" ; :',
    TRICKY,
    TRICKY.upper(),
    TRICKY.replace(" ", ""),
    "ΟΔΥΣΣΕΥΣ, Σ ΣΑΣ.",
    "İSTANBUL ISPARTA ıI İ",
    "\ua7dd\ua7e2\uab6c\uab6d\U0001df40\U0001df7e",
    "Wait.... '''' ... ''",
    "Mr. Smith paid $3,000 (or 5%) at 10:30 in the U.S.; isn't it John's?",
    "cannot cannot Cannot, CANNOT.",
    "<br /><br /> a<br />b <BR /> <pad><unk> <PAD>",
    "👩‍👩‍👧 🇫🇷 e\u0301 \u200d\u200b zero\u200bwidth \ufeffmark \ufdd0\ufdd1\ufdd2\ufdd3 \x00nul \x1b[0m",
    "__proto__ constructor toString hasOwnProperty",
    "\ud7ff\ue000\ufffd\uffff \U00010000 \U0010ffff",
    "a" * 200_000,
    "word " * 3000,
]
PIECES = [*"aσΣnt'\"`.,:-()cmrdsu İ😀", "cannot", "mr.", "...", "n't", "''", "<br />", " ", "\u00a0"]
GENERATOR = random.Random(0)
MADE_UP = ["".join(GENERATOR.choices(PIECES, k=GENERATOR.randrange(1, 25))) for _ in range(400)]
SURROGATES = [[0xD800], [0x61, 0xDC00, 0x62], [0xDC00, 0xD83D], [0xD83D, 0xDE00, 0xD83D], [0x20, 0xDBFF, 0x3A3]]
"""UTF-16 units that are no text: halves of pairs."""


def model_of(name, texts):
    """A model that knows every other word of these texts, and its text in a page."""
    words = Vocabulary.build(split_words(texts, name)).words
    extra = [
        word for word in ("__proto__", "constructor", "<br", "line\u2028break", "", "two\nlines") if word not in words
    ]
    words = (*words[:2], *words[2::2], *extra)
    words = tuple(dict.fromkeys(words))
    model = new_model(tokenizer=name, vocabulary=Vocabulary(words, (0,) * len(words)), width=8)
    return model, as_text(packed(model, "int8"))


def in_utf16(text, spans):
    """Words with their spans, counted in units of UTF-16 as JavaScript does."""
    starts = [0]
    for character in text:
        starts.append(starts[-1] + 1 + (ord(character) > 0xFFFF))
    return [(word, starts[start], starts[end]) for word, start, end in spans]


@pytest.mark.parametrize("name", RULES)
def test_the_page_gives_the_ids_of_the_library_on_nasty_texts(page, name):
    texts = [*NASTY, *MADE_UP, *QUESTIONS[:100]]
    model, content = model_of(name, texts)
    encoded = model.tokenizer.encode(texts)
    expected = [
        encoded.ids[start:end].tolist() for start, end in zip(encoded.offsets[:-1], encoded.offsets[1:], strict=True)
    ]
    assert len({word for row in expected for word in row}) > 500
    assert ids(answers_of(page, content, texts)) == expected


@pytest.mark.parametrize("name", RULES)
def test_words_come_from_the_characters_that_the_library_names(page, name):
    texts = [text for text in (*NASTY, *MADE_UP, *QUESTIONS[:50]) if len(text) < 1000]
    model, content = model_of(name, texts)
    found = answers_of(page, content, texts)["words"]
    shown = [[(word["word"], word["start"], word["end"]) for word in words] for words in found]
    assert shown == [in_utf16(text, model.tokenizer.spans(text)) for text in texts]


def test_every_code_point_is_lowered_and_separated_as_the_library_does(page):
    codes = [
        code
        for code in range(sys.maxunicode + 1)
        if not 0xD800 <= code <= 0xDFFF and (code < 0x20000 or code % 97 == 0)
    ]
    texts = [
        "\n".join(f"{chr(code)}a{chr(code)}" for code in codes[start : start + 2000])
        for start in range(0, len(codes), 2000)
    ]
    # The small page's own tokenizer is `whitespace`. The network need not run over so many words.
    found = page.evaluate(
        """async (texts) => {
            const { tokenizer } = await classifier;
            return texts.map((text) => tokenizer.words(text).map(({ word }) => word).join(" "));
        }""",
        texts,
    )
    assert [words.split(" ") for words in found] == split_words(texts, "whitespace").to_pylist()


def test_halves_of_surrogate_pairs_are_read_as_the_replacement_character(page):
    texts = [
        "".join(map(chr, units)).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        for units in SURROGATES
    ]
    seen = page.evaluate(
        "(rows) => rows.map((units) => alignedWithItself(String.fromCharCode(...units)).text)", SURROGATES
    )
    assert seen == texts
