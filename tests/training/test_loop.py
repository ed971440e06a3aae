"""Steps of the trainer against the same steps written plainly: all words in every step, one optimizer for all weights."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from cct_text.config import Config
from cct_text.model.persistence import build_network
from cct_text.text.batching import batches
from cct_text.text.bigrams import Bigrams
from cct_text.text.encoded import EncodedTexts
from cct_text.text.vocabulary import UNK
from cct_text.training.loop import LabelledTexts, Trainer
from cct_text.training.optimization import warmup_cosine
from cct_text.training.progress import TrainingObserver

WORDS, CLASSES, ROWS = 60, 3, 50
BIGRAMS = tuple((first, second) for first in range(2, 12, 2) for second in range(2, 12))


def texts():
    """Words of which some are frequent and some stand in one text only."""
    generator = np.random.default_rng(0)
    lengths = generator.integers(1, 9, ROWS)
    ids = np.minimum(generator.geometric(0.08, lengths.sum()) + UNK, WORDS - 1)
    encoded = EncodedTexts(ids.astype(np.int32), np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64))
    return LabelledTexts(encoded.chunks(8, "head"), generator.integers(0, CLASSES, ROWS))


def nothing():
    no_texts = EncodedTexts(np.zeros(0, np.int32), np.zeros(1, np.int64))
    return LabelledTexts(no_texts.chunks(8, "head"), np.zeros(0, np.int64))


def trainer(embeddings="learned", data=None, **options):
    """A trainer without any dropout."""
    config = Config().with_values(
        {"max_words": 8, "width": 16, "attention_dropout": 0, "stochastic_depth": 0, "batch_size": 8, "epochs": 3}
        | {"learning_rate": 0.01, "embedding_learning_rate": 0.02, "precision": "fp32", "embeddings": embeddings}
        | options
    )
    torch.manual_seed(0)
    vectors = torch.randn(WORDS, 6) if embeddings == "glove-frozen" else None
    bigrams = Bigrams(BIGRAMS if config.text.bigram_min_count else (), WORDS)
    network = build_network(
        config, num_classes=CLASSES, vocab_size=WORDS + len(bigrams), embedding_dim=6, bigrams=bigrams, vectors=vectors
    )
    data = data or texts()
    data = replace(data, texts=bigrams.found_in_chunks(data.texts))
    return Trainer(network, config, data, nothing())


def plain_epochs(network, config, steps, data):
    """Three epochs with torch's AdamW over everything; the network is trained in place."""
    words = [p for p in network.embedding.parameters() if p.requires_grad]
    others = [p for name, p in network.named_parameters() if not name.startswith("embedding")]
    groups = [
        {"params": [p for p in others if p.ndim > 1], "lr": config.learning_rate, "weight_decay": config.weight_decay},
        {"params": [p for p in others if p.ndim == 1], "lr": config.learning_rate, "weight_decay": 0.0},
        {"params": words, "lr": config.embedding_learning_rate, "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW([group for group in groups if group["params"]])
    shares = warmup_cosine(3 * steps, config.warmup_fraction)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: shares[step])
    for epoch in (1, 2, 3):
        made = list(batches(data.texts.encoded, config.batch_size, seed=config.seed, epoch=epoch))
        for start in range(0, len(made), config.gradient_accumulation):
            group = made[start : start + config.gradient_accumulation]
            for batch in group:
                logits = network(torch.from_numpy(batch.ids), torch.from_numpy(batch.mask))
                (F.cross_entropy(logits, torch.from_numpy(data.labels[batch.rows])) / len(group)).backward()
            if config.gradient_clip:
                torch.nn.utils.clip_grad_norm_(network.parameters(), config.gradient_clip)
            optimizer.step()
            optimizer.zero_grad()
            schedule.step()


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"gradient_accumulation": 3},
        {"gradient_clip": 0.3},
        {"embeddings": "glove-frozen"},
        {"bigram_min_count": 1, "gradient_accumulation": 2},
        {"model": "vit-lite-2/2", "positions": "learnable", "gradient_clip": 0},
    ],
)
def test_training_ends_where_dense_adamw_ends(options):
    ours, plain = trainer(**options), trainer(**options)
    start = {name: weight.clone() for name, weight in plain.network.state_dict().items()}
    ours.fit(TrainingObserver(), lambda: None)
    plain_epochs(plain.network, plain.config, plain.steps, plain.train)
    trained = ours.network.state_dict()
    for name, expected in plain.network.state_dict().items():
        if "positions" not in name and not name.startswith("pooling"):
            torch.testing.assert_close(
                trained[name], expected, atol=5e-4, rtol=0, msg=lambda text, n=name: f"{n}: {text}"
            )
    assert (trained["head.weight"] - start["head.weight"]).abs().max() > 0.03


def cosine(one, other):
    return F.cosine_similarity(one.flatten(), other.flatten(), dim=0).item()


@pytest.mark.parametrize("accumulation", [1, 3])
def test_training_in_bf16_moves_the_weights_as_fp32_does(accumulation):
    options = {"gradient_accumulation": accumulation, "epochs": 3}
    start = {name: weight.clone() for name, weight in trainer().network.state_dict().items()}
    moved = {}
    for precision in ("fp32", "bf16"):
        run = trainer(precision=precision, **options)
        run.fit(TrainingObserver(), lambda: None)
        assert run.bf16 == (precision == "bf16")
        assert {weight.dtype for weight in run.network.state_dict().values()} == {torch.float32}
        moved[precision] = {name: weight - start[name] for name, weight in run.network.state_dict().items()}
    for name in ("embedding.weight", "tokenizer.layers.0.weights.0", "encoder.blocks.1.mlp.0.weight", "head.weight"):
        assert cosine(moved["fp32"][name], moved["bf16"][name]) > 0.98, name
    # Rounded to bf16 the weights would not have moved by so little as they did.
    assert not torch.equal(run.network.head.weight, run.network.head.weight.bfloat16().float())


def gradient(precision, size):
    """Of the same 48 texts, in batches of a size that are one step."""
    run = trainer(precision=precision, batch_size=size)
    found = []
    run.stepper._update = lambda parts: found.append(torch.cat([part.flatten() for part in parts]))
    made = list(batches(run.train.texts.encoded, size))[: 48 // size]
    run.stepper.step(made, run.train.labels)
    return found[0]


def test_the_gradients_of_many_batches_are_added_up_in_fp32():
    exact = gradient("fp32", 48)
    alone, summed = ((gradient("bf16", size) - exact).norm() / exact.norm() for size in (48, 3))
    assert summed < 1.5 * alone


def test_balanced_classes_weigh_each_of_their_labels_and_a_label_of_no_class_weighs_one():
    config = Config().with_values({"width": 16, "class_weights": "balanced", "precision": "fp32"})
    network = build_network(config, num_classes=2, vocab_size=WORDS, embedding_dim=6, class_of_label=(0, -1, 0, 1))
    labels = np.repeat([0, 1, 2, 3], [10, 25, 5, 10])  # 15 rows of one class, 10 of the other, 25 of none
    weights = Trainer(network, config, replace(texts(), labels=labels), nothing()).stepper.row_weights
    torch.testing.assert_close(weights, torch.tensor([25 / 30, 1.0, 25 / 30, 25 / 20])[labels])


def test_rows_of_weight_zero_are_not_learned():
    kept = np.arange(ROWS) % 3 > 0
    other = replace(texts(), labels=np.where(kept, texts().labels, (texts().labels + 1) % 2))
    found = []
    for data in (texts(), other):
        weighted = replace(data, weights=kept.astype(float))
        found.append(trainer(data=weighted))
        found[-1].fit(TrainingObserver(), lambda: None)
    for name, weight in found[0].network.state_dict().items():
        assert torch.equal(found[1].network.state_dict()[name], weight), name


def test_a_row_that_counts_twice_is_learned_as_two():
    twice = trainer(data=replace(texts(), weights=1.0 + (np.arange(ROWS) == 0)))
    assert twice.stepper.row_weights[0] == 2 * twice.stepper.row_weights[1]
    assert twice.stepper.row_weights.mean() == pytest.approx(1.0)


def test_words_that_no_text_holds_keep_their_vectors_bit_for_bit():
    trained = trainer()
    start = trained.network.embedding.weight.detach().clone()
    trained.fit(TrainingObserver(), lambda: None)
    unseen = np.setdiff1d(np.arange(WORDS), texts().texts.encoded.ids)
    assert len(unseen) > 3
    assert torch.equal(trained.network.embedding.weight[unseen], start[unseen])
    assert not torch.equal(trained.network.embedding.weight, start)


def test_a_long_epoch_is_as_many_passes_over_few_rows_as_it_takes():
    long, short = trainer(epochs=1, min_epoch_steps=20), trainer(epochs=3)  # 7 batches a pass
    steps = []

    class Listener(TrainingObserver):
        def step(self, loss):
            steps.append(loss)

    assert (long.steps, long.texts_in_an_epoch) == (21, 3 * ROWS)
    long.fit(Listener(), lambda: None)
    assert len(steps) == 21
    short.fit(TrainingObserver(), lambda: None)
    for name, weight in short.network.state_dict().items():
        assert torch.allclose(long.network.state_dict()[name], weight, atol=1e-3), (
            name
        )  # updates are rounded at other times


def test_an_epoch_that_is_long_enough_is_one_pass():
    assert trainer(min_epoch_steps=7).steps == trainer().steps == 7
