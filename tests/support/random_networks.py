"""Small networks of every kind whose every weight is random, and texts for them."""

from dataclasses import replace

import numpy as np
import torch

from cct_text.config import Config
from cct_text.model import MODEL_NAMES
from cct_text.model.persistence import build_network
from cct_text.model.saved import SavedModel
from cct_text.text.bigrams import Bigrams
from cct_text.text.encoded import EncodedTexts
from cct_text.text.tokenizer import Tokenizer
from cct_text.text.vocabulary import PAD, Vocabulary

WORDS = 50
MAX_WORDS = 30
VARIANTS = [
    *({"model": name} for name in MODEL_NAMES),
    *({"model": "cct-2/2", "pooling": pooling} for pooling in ("class-token", "mean", "max")),
    *({"model": "cct-2/1", "positions": positions} for positions in ("learnable", "none")),
    *({"model": f"{family}/{kernel}"} for family in ("cct-2", "cvt-2") for kernel in ("3", "6", "1x2", "4x2", "3x3")),
    {"model": "cct-2/1+3+5", "max_pool": "false"},
    {"model": "cct-2/1+2x2"},
    {"model": "cct-2/2", "long": "head-tail"},
    {"model": "cct-2/1", "long": "chunks"},
    {"model": "cct-2/2", "width": 24, "heads": 3, "mlp_ratio": 1.5},
    *({"model": "cct-2/1+2", "bigram_min_count": 2, "long": long} for long in ("head", "head-tail", "chunks")),
    {"model": "transformer-2", "bigram_min_count": 1},
]


def name_of(options):
    """Of a variant, for pytest."""
    return "-".join(map(str, options.values())) if "width" not in options else "sizes"


def stir(network):
    """Move every weight at random, biases included; the pad's vector stays zero."""
    with torch.no_grad():
        for name, weight in network.named_parameters():
            weight.add_(torch.randn_like(weight) * 0.2)
            if name == "embedding.weight":
                weight[PAD] = 0


def random_model(options, *, class_of_label=None):
    """A network in evaluation mode, and the same as it is saved: five labels, `WORDS` words, temperature 1.

    Bigrams are those of `some_texts`.
    """
    torch.manual_seed(1)
    config = Config().with_values({"max_words": MAX_WORDS, **options})
    vocabulary = Vocabulary(("<pad>", "<unk>", *(f"w{word}" for word in range(2, WORDS))), (0,) * WORDS)
    if least := config.text.bigram_min_count:
        vocabulary = replace(vocabulary, pairs=Bigrams.frequent(some_texts(), words=WORDS, min_count=least).pairs)
    network = build_network(
        config,
        num_classes=5,
        vocab_size=len(vocabulary),
        embedding_dim=12,
        bigrams=vocabulary.bigrams,
        class_of_label=class_of_label,
    ).eval()
    stir(network)
    weights = {name: weight.numpy() for name, weight in network.state_dict().items()}
    tokenizer = Tokenizer("whitespace", vocabulary)
    return network, SavedModel(config, tuple("abcde"), tokenizer, weights, 1.0, class_of_label)


def read(model, texts):
    """What a model reads of encoded texts."""
    chunks = texts.chunks(model.config.text.max_words, model.config.text.long)
    return model.tokenizer.vocabulary.bigrams.found_in_chunks(chunks)


def some_texts():
    """Texts of 0 to 40 words, some longer than the model reads."""
    rng = np.random.default_rng(0)
    lengths = np.concatenate([[0, 1, 2, 3], rng.integers(0, 41, 60)])
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return EncodedTexts(rng.integers(1, WORDS, offsets[-1]).astype(np.int32), offsets)
