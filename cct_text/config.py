"""Every option of a run, in one place: command line, TOML file and Python interface are faces of these fields.

A field's name is unique over all sections, so `max_words` and `text.max_words` mean the same.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal, Self, get_type_hints

from cct_text.errors import UsageError, unknown_name
from cct_text.option_values import Option

FileFormat = Literal["text", "fasttext", "csv", "tsv", "jsonl", "parquet"]
EmbeddingMode = Literal["learned", "glove-frozen", "glove-tuned", "corpus"]
Pooling = Literal["seqpool", "class-token", "mean", "max"]
Positions = Literal["none", "sine", "learnable"]
Precision = Literal["auto", "fp32", "bf16"]
ClassWeights = Literal["none", "balanced"]
Keep = Literal["accuracy", "macro_f1", "loss", "last"]
LongTexts = Literal["head", "head-tail", "chunks"]

_LARGEST_SEED = 2**32 - 1
"""What NumPy's generators take at most."""


def _bounded(default: Any, low: float, high: float | None = None) -> Any:  # noqa: ANN401 - a dataclass field of any number type
    return field(default=default, metadata={"low": low, "high": high})


@dataclass(frozen=True, kw_only=True)
class _Section:
    """Options that are checked however they are set: by a file, a flag or in Python."""

    def __post_init__(self) -> None:
        faults: list[str] = []
        for option in fields(self):
            value = getattr(self, option.name)
            try:
                object.__setattr__(self, option.name, _options()[option.name].convert(value))
            except ValueError as error:
                faults.append(f"{option.name} = {value!r}: {error}")
        if faults:
            raise UsageError("; ".join(faults))


@dataclass(frozen=True, kw_only=True)
class DataConfig(_Section):
    """Where the texts and labels come from."""

    dataset: str = "questions"
    """A registered name, a CSV, TSV, JSONL, Parquet or text file, or `hf:ORG/NAME`."""
    data_dir: str | None = None
    """Folder with the data sets' official files; searched before $CCT_TEXT_DATA, the user cache and the hub."""
    dev: str | None = None
    """File with the dev split of a user's data set; without it one is cut from train."""
    test: str | None = None
    """File with the test split of a user's data set."""
    format: FileFormat | None = None
    """Format of these files: text, fasttext, csv, tsv, jsonl or parquet; each by its ending or first label when not given."""
    text_columns: tuple[str, ...] = ()
    """Columns that hold the text, joined by a blank; found by name (text, sentence, title, ...) when empty."""
    label_column: str | None = None
    """Column that holds the label; found by name (label, class, category, ...) when not given."""
    multi_label: bool = False
    """A row may have several labels, or none (files and hub data sets)."""
    label_separator: str = "|"
    """What stands between the labels of a row where they are one string, in files and in predictions."""
    phrases: bool = False
    """Add the labelled sub-trees of the train trees to training (sst2, sst3, sst5 only)."""
    fine_labels: bool = False
    """Learn finer labels of the train rows and answer with the classes that they belong to (trec, sst2, sst3 only)."""
    dev_fraction: float = _bounded(0.1, 0.0, 0.5)
    """Share of train that becomes the dev split, stratified by label, where the data set has none."""
    test_fraction: float = _bounded(0.0, 0.0, 0.5)
    """Share of train that becomes the test split, stratified by label, where the data set has none."""
    split_seed: int = _bounded(0, 0, _LARGEST_SEED)
    """Seed of these cuts; apart from `seed`, so that runs with different seeds see the same rows."""
    dev_seed: int | None = _bounded(None, 0, _LARGEST_SEED)
    """Seed of the cut of the dev split alone; `split_seed` when not given."""
    train_rows: int | None = _bounded(None, 1)
    """Rows of train that are used, stratified by label; all when not given. Fewer are a part of more."""
    train_rows_seed: int = _bounded(0, 0, _LARGEST_SEED)
    """Seed of that choice."""


@dataclass(frozen=True, kw_only=True)
class TextConfig(_Section):
    """From text to word ids."""

    tokenizer: str = "basic_english"
    """Name of the tokenizer: basic_english, penn or whitespace."""
    max_words: int = _bounded(256, 1, 1_000_000)
    """Words kept of a text, or of a chunk of it; the rest is cut off and the share of cut texts reported."""
    long: LongTexts = "head"
    """What is read of a longer text. head: its first words. head-tail: as many of its first words as of its last ones.
    chunks: all of it, in as few chunks as hold it, of like length; each is trained on, and what is said of them averaged."""
    min_count: int = _bounded(1, 1)
    """Words rarer than this in the train split are unknown words."""
    bigram_min_count: int = _bounded(0, 0)
    """Pairs of neighbouring words that occur at least so often in the train split have a trained vector of their own, added to
    that of the first word; 0: none. Frozen vectors have none."""
    vocabulary_extra_words: int = _bounded(0, 0)
    """Most frequent words of the vector file added to the vocabulary, so that they are known at prediction."""


@dataclass(frozen=True, kw_only=True)
class EmbeddingConfig(_Section):
    """The word vectors."""

    embeddings: EmbeddingMode = "glove-tuned"
    """learned: random, trained. glove-frozen: pre-trained, fixed. glove-tuned: pre-trained, trained on.
    corpus: word2vec on the train split's own text, trained on."""
    vectors: str = "glove.6B.50d"
    """Name or path of pre-trained vectors; several are stacked side by side with `+`."""
    embedding_dim: int = _bounded(100, 1)
    """Width of the word vectors for `learned` and `corpus`; pre-trained vectors bring their own."""
    embedding_dropout: float = _bounded(0.0, 0.0, 0.95)
    """Share of word-vector elements set to zero in training."""
    word_dropout: float = _bounded(0.0, 0.0, 0.95)
    """Share of words replaced by the unknown word in training."""


@dataclass(frozen=True, kw_only=True)
class ModelConfig(_Section):
    """The network; what is not given follows from the model's name."""

    model: str = "cct-2/2"
    """family-layers/kernel, optionally `x` conv layers: transformer-2, vit-lite-4/2, cvt-6/1, cct-2/1x1, ... Several
    kernels, joined by `+`, stand side by side: cct-2/1+3+5."""
    layers: int | None = _bounded(None, 1)
    """Encoder blocks."""
    heads: int | None = _bounded(None, 1)
    """Attention heads; they divide the width."""
    width: int | None = _bounded(None, 1)
    """Width D of the encoder."""
    mlp_ratio: float | None = _bounded(None, 0.01)
    """Hidden width of a block's MLP as a multiple of D."""
    kernel: tuple[int, ...] | None = _bounded(None, 1)
    """Words under the convolution windows: a number, or several joined by `+`, each with a share of the width."""
    conv_layers: int | None = _bounded(None, 1)
    """Convolution layers in the tokenizer."""
    max_pool: bool | None = None
    """Whether the maximum of each two windows is a token, as in the paper (cct only), or each window is."""
    positions: Positions = "sine"
    """Position embeddings: none, sine (fixed) or learnable."""
    pooling: Pooling | None = None
    """How tokens become one vector: seqpool, class-token, mean or max."""
    dropout: float = _bounded(0.0, 0.0, 0.95)
    """Dropout in the blocks' MLPs and after their projections."""
    attention_dropout: float = _bounded(0.1, 0.0, 0.95)
    """Dropout on attention weights."""
    stochastic_depth: float = _bounded(0.1, 0.0, 0.95)
    """Rate at which the last block's branches are dropped; falls linearly to 0 at the first block."""


@dataclass(frozen=True, kw_only=True)
class TrainingConfig(_Section):
    """How the network is trained."""

    seed: int = _bounded(0, 0, _LARGEST_SEED)
    """Seed of initial weights, shuffling and dropout."""
    epochs: int = _bounded(20, 1)
    """Passes over the train split."""
    min_epoch_steps: int = _bounded(1, 1)
    """Steps of an epoch at least: where the train split has fewer batches it is passed over several times."""
    batch_size: int = _bounded(64, 1)
    """Texts in a step of the optimizer."""
    gradient_accumulation: int = _bounded(1, 1)
    """Batches whose gradients are added up before a step; each holds `batch_size` texts."""
    learning_rate: float = _bounded(1e-3, 0.0)
    """Peak learning rate of AdamW."""
    embedding_learning_rate: float | None = _bounded(None, 0.0)
    """Peak learning rate of trained word vectors; `learning_rate` when not given."""
    weight_decay: float = _bounded(0.05, 0.0)
    """Decoupled weight decay; biases, norms, positions and embeddings have none."""
    warmup_fraction: float = _bounded(0.1, 0.0, 1.0)
    """Share of all steps in which the learning rate rises linearly; then it falls as a half cosine to 0."""
    gradient_clip: float = _bounded(1.0, 0.0)
    """Largest norm of the gradient; 0 switches clipping off."""
    label_smoothing: float = _bounded(0.0, 0.0, 0.95)
    """Share of the target probability spread over all labels that are learned."""
    class_weights: ClassWeights = "none"
    """balanced: a class counts in the loss by the inverse of its share of train."""
    keep: Keep = "accuracy"
    """The epoch whose weights are kept: that of the best accuracy, macro F1 or loss on dev, or the last one."""
    patience: int | None = _bounded(None, 1)
    """Stop after this many epochs that were no better by `keep`; never when not given, when the last one is kept, or
    without a dev split."""
    ema_decay: float = _bounded(0.0, 0.0, 0.99999)
    """Decay per step of the exponential moving average of the weights, which is evaluated and saved; 0: off."""
    precision: Precision = "auto"
    """Of the training: auto is bf16 on a GPU or a CPU that multiplies it natively, else fp32; or as named."""


@dataclass(frozen=True, kw_only=True)
class Config:
    """All options of a run. Immutable; `with_values` returns a changed copy."""

    data: DataConfig = field(default_factory=DataConfig)
    text: TextConfig = field(default_factory=TextConfig)
    embedding: EmbeddingConfig = field(default_factory=EmbeddingConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)

    def with_values(self, values: Mapping[str, object], *, source: str = "configuration") -> Self:
        """A copy with the options of `values` set, keyed by `name` or `section.name`.

        Strings are converted to a field's type, as they arrive from `--set name=value`.

        Raises:
            UsageError: naming `source` and every unknown name and unusable value at once.
        """
        faults: list[str] = []
        changes: dict[str, dict[str, object]] = {}
        for key, value in values.items():
            try:
                option = _options()[option_name(key)]
            except UsageError as error:
                faults.append(str(error))
                continue
            try:
                changes.setdefault(option.section, {})[option.name] = option.convert(value)
            except ValueError as error:
                faults.append(f"{key} = {value!r}: {error}")
        if faults:
            raise UsageError(f"{source}: " + "; ".join(faults))
        sections = {section: replace(getattr(self, section), **items) for section, items in changes.items()}
        return replace(self, **sections)

    def with_toml(self, text: str, *, source: str) -> Self:
        """A copy with the options of a TOML document set.

        A table `run` is passed over: it is what a run folder's `config.toml` holds beside the options, and such a file
        repeats its run when given as a configuration.

        Raises:
            UsageError: if the text is no TOML or any option in it is wrong; all faults are named.
        """
        try:
            document = tomllib.loads(text)
        except (ValueError, RecursionError) as error:  # also a number of thousands of digits; lists in lists in lists
            raise UsageError(f"{source}: not a TOML file: {error}") from None
        document.pop("run", None)
        return self.with_values(dict(_flatten(document)), source=source)

    def with_file(self, path: str | Path) -> Self:
        """A copy with the options of a TOML file set.

        Raises:
            UsageError: if the file cannot be read, is no TOML, or any option in it is wrong.
        """
        try:
            text = Path(path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
            raise UsageError(f"{path}: cannot read the configuration: {reason}") from None
        return self.with_toml(text, source=str(path))

    def to_dict(self) -> dict[str, dict[str, object]]:
        """Sections of plain values; options that are not given (None) are left out, as TOML has no word for them."""
        return {
            section.name: {
                option.name: list(value) if isinstance(value, tuple) else value
                for option in fields(section_value)
                if (value := getattr(section_value, option.name)) is not None
            }
            for section in fields(self)
            for section_value in [getattr(self, section.name)]
        }

    def to_toml(self) -> str:
        """The configuration as a TOML document that `with_toml` reads back to an equal one."""
        import tomli_w

        return tomli_w.dumps(self.to_dict())


def option_name(key: str) -> str:
    """The plain name of an option that is called by `name` or `section.name`.

    Raises:
        UsageError: if there is no such option, or not in that section.
    """
    section, _, name = key.rpartition(".")
    known = _options()
    if name not in known:
        choices = [option.path for option in known.values()] if section else list(known)
        raise UsageError(unknown_name("option", key, choices))
    if section not in ("", known[name].section):
        raise UsageError(f"unknown option {key!r}; did you mean {known[name].path}?")
    return name


@cache
def _options() -> dict[str, Option]:
    """Every option by its name."""
    return {
        option.name: Option(
            section.name, option.name, hints[option.name], option.metadata.get("low"), option.metadata.get("high")
        )
        for section in fields(Config)
        for section_type in [get_type_hints(Config)[section.name]]
        for hints in [get_type_hints(section_type)]
        for option in fields(section_type)
    }


def _flatten(document: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """`{"text": {"max_words": 8}}` as ("text.max_words", 8)."""
    for key, value in document.items():
        if isinstance(value, Mapping):
            yield from ((f"{key}.{inner}", item) for inner, item in value.items())
        else:
            yield key, value
