"""A run as others may have it: without folders of this machine and, unless they are wanted, without texts."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cct_text.artifacts import (
    CARD,
    CONFIG,
    HISTORY,
    METRICS,
    PREDICTIONS,
    REPORT,
    TOKENIZER,
    TOKENIZER_CONFIG,
    WEIGHTS,
    RunFolder,
)
from cct_text.atomic_writes import write_folder_atomically
from cct_text.errors import UsageError
from cct_text.figures import read_figures, write_figures
from cct_text.model.saved import SavedModel
from cct_text.report.model_card import TRAIN_COMMAND, model_card
from cct_text.report.run_report import write_run_report
from cct_text.sharing.public_names import with_public_names, with_public_names_of
from cct_text.text.vocabulary import PAD, SPECIAL_WORDS, UNK

SHOW_TEXTS = (PREDICTIONS, REPORT)
"""Files of a run that hold texts of its data set."""

SHARED_FILES = (CONFIG, TOKENIZER, WEIGHTS, METRICS, HISTORY, CARD, TOKENIZER_CONFIG, *SHOW_TEXTS)
"""All that a shared copy may hold."""


@dataclass(frozen=True, kw_only=True)
class Sharing:
    """How a run is shown to others.

    Attributes:
        licence: of the model, as the hub calls it, such as `apache-2.0`; not stated when None.
        languages: of the texts, by their codes (ISO 639), such as `en`.
        dataset_name: what a data set of the user's own is called; its file's name, without folders, when None.
        with_texts: whether `predictions.parquet` and `report.html`, which show texts, are shared.
    """

    licence: str | None = None
    languages: Sequence[str] = ()
    dataset_name: str | None = None
    with_texts: bool = False


def share(run: str | Path, out: str | Path, repository: str, how: Sharing | None = None) -> tuple[str, ...]:
    """Write what `push` would send into a folder, whole or not at all; nothing is sent.

    Args:
        run: the run folder.
        out: a new folder.
        repository: ORG/NAME, which the model card names.
        how: it is shown.

    Returns:
        The files' names.

    Raises:
        UsageError: if `out` is there and not empty, or cannot be written, or an option does not go with the run.
        DataError: if `run` holds no finished run, or a damaged one.
    """
    with write_folder_atomically(out) as temporary:
        return write_shared_copy(run, temporary, repository, how or Sharing())


def write_shared_copy(run: str | Path, folder: Path, repository: str, how: Sharing) -> tuple[str, ...]:
    """As `share`, into an empty folder that is there."""
    source, copy = RunFolder(run), RunFolder(folder)
    model = SavedModel.load(source.path)
    figures = read_figures(source)
    config = with_public_names(model.config, how.dataset_name)
    copy.file(CONFIG).write_text(source.config_with(config), encoding="utf-8")
    copy.write_json(TOKENIZER_CONFIG, _tokenizer_config(config.text.max_words))
    for name in (TOKENIZER, WEIGHTS, HISTORY, *((PREDICTIONS,) if how.with_texts else ())):
        if source.file(name).exists():
            shutil.copyfile(source.file(name), copy.file(name))
    write_figures(copy, with_public_names_of(config, figures))
    if source.file(CARD).exists():
        if how.licence or how.languages:
            raise UsageError(f"{source.file(CARD)}: is there and goes as it is; state licence and language in it")
        shutil.copyfile(source.file(CARD), copy.file(CARD))
    else:
        card = model_card(folder, repository=repository, licence=how.licence, languages=how.languages)
        copy.file(CARD).write_text(card, encoding="utf-8")
    if how.with_texts:
        write_run_report(folder, command=TRAIN_COMMAND)
    return tuple(name for name in SHARED_FILES if copy.file(name).exists())


def _tokenizer_config(max_words: int) -> dict[str, object]:
    """What the transformers library asks for beside `tokenizer.json`."""
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "pad_token": SPECIAL_WORDS[PAD],
        "unk_token": SPECIAL_WORDS[UNK],
        "model_max_length": max_words,
        "clean_up_tokenization_spaces": False,
        # A literal "<pad>" in a text is a word that is not known, and no pad.
        "split_special_tokens": True,
    }
