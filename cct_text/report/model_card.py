"""A run as the model card of a hub: metadata that machines read, and what people have to know before they use it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cct_text.artifacts import CONFIG, RunFolder
from cct_text.config import Config, TextConfig
from cct_text.datasets.registry import ENTRIES
from cct_text.figures import figures_shown, read_figures
from cct_text.hub.names import HUB_PREFIX
from cct_text.markdown import escaped
from cct_text.model.saved import SavedModel

if TYPE_CHECKING:
    from huggingface_hub import EvalResult
    from jinja2 import Template

LABELS_SHOWN = 60
CLASSES_SHOWN = 60
"""Rows of the table class by class."""
LIBRARY = "cct-text"
TASK = "text-classification"
TAGS = ("compact-convolutional-transformer",)
TRAIN_COMMAND = f"cct-text train --config {CONFIG} --out DIR"

_SPLITS_OF_THE_HUB = {"test": "test", "dev": "validation"}
_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+", re.ASCII)
"""ORG/NAME, which stands in a link as it is; a folder may be called anything."""


class _Markdown(str):
    """Text that is Markdown already; all other text is escaped."""


def model_card(path: str | Path, *, repository: str, licence: str | None = None, languages: Sequence[str] = ()) -> str:
    """The model card of a run, for the `README.md` of a repository of the hub.

    All that comes from data (labels, names of files) is escaped, so that it is shown as it is.

    Args:
        path: the run folder.
        repository: ORG/NAME.
        licence: as the hub calls it, such as `apache-2.0`; not stated when None.
        languages: of the texts, by their codes (ISO 639), such as `en`.

    Raises:
        DataError: if the folder holds no finished run, or a file of it is missing or damaged.
    """
    folder = RunFolder(path)
    model = SavedModel.load(path)
    figures = read_figures(folder)
    with figures_shown(folder):
        return _card(model, figures, repository, licence, languages)


def _card(
    model: SavedModel, metrics: Mapping[str, Any], repository: str, licence: str | None, languages: Sequence[str]
) -> str:
    name = repository.partition("/")[2]
    split = next((split for split in _SPLITS_OF_THE_HUB if metrics[split] is not None), None)
    classes = _classes(metrics[split]) if split else []
    learned = model.class_of_label
    card = _template().render(
        metadata=_Markdown(_metadata(metrics, name, split, licence, languages)),
        name=name,
        repository=_Markdown(repository),
        folder=_Markdown(f"runs/{name}"),
        labels=model.labels,
        shown_labels=_listed(model.labels),
        thresholds=model.thresholds,
        learned_labels=None if learned is None else len(learned),
        model=metrics["model"],
        parameters=f"{metrics['parameters']:,}",
        embedding_parameters=f"{metrics['embedding_parameters']:,}",
        version=metrics["versions"][LIBRARY],
        dataset=metrics["dataset"],
        rows=[(one, f"{metrics[f'{one}_rows']:,}") for one in ("train", "dev", "test") if metrics[f"{one}_rows"]],
        about_data=_about_data(metrics),
        split=split,
        figures=_figures(metrics),
        about_figures=_about_figures(model.config, metrics, split) if split else [],
        about_thresholds="The thresholds were chosen on dev."
        if metrics["dev"] is not None
        else "Without dev all are 0.5.",
        classes=classes[:CLASSES_SHOWN],
        classes_left=len(classes[CLASSES_SHOWN:]),
        limits=_limits(model, metrics, languages),
        training=_training(metrics),
        command=_Markdown(TRAIN_COMMAND),
    )
    return re.sub(r"\n{3,}", "\n\n", card)


def _metadata(
    metrics: Mapping[str, Any], name: str, split: str | None, licence: str | None, languages: Sequence[str]
) -> str:
    """The YAML block that the hub reads."""
    from huggingface_hub import ModelCardData

    on_hub = _on_hub(metrics["dataset"])
    return ModelCardData(
        language=list(languages) or None,
        license=licence,
        library_name=LIBRARY,
        pipeline_tag=TASK,
        tags=list(TAGS),
        datasets=[on_hub] if on_hub else None,
        metrics=["accuracy", "f1"],
        model_name=name,
        eval_results=_results(metrics, split) if split else None,
    ).to_yaml()


def _results(metrics: Mapping[str, Any], split: str) -> list[EvalResult]:
    """The figures of a split as the hub has them, in [0, 1]."""
    from huggingface_hub import EvalResult

    dataset = metrics["dataset"]
    about = {
        "task_type": TASK,
        "dataset_type": _on_hub(dataset) or dataset,
        "dataset_name": dataset.removeprefix(HUB_PREFIX),
        "dataset_split": _SPLITS_OF_THE_HUB[split],
    }
    figures = (("accuracy", "accuracy", "Accuracy"), ("f1", "macro_f1", "Macro F1"), ("ece", "ece", "ECE"))
    return [
        EvalResult(**about, metric_type=kind, metric_name=title, metric_value=round(metrics[split][figure], 4))
        for kind, figure, title in figures
    ]


def _on_hub(dataset: str) -> str | None:
    """What a data set is called on the hub, as far as it is there."""
    if dataset in ENTRIES:
        hub = ENTRIES[dataset].hub
        return None if hub is None else hub.name
    path = dataset.removeprefix(HUB_PREFIX).partition(":")[0]
    return path if dataset.startswith(HUB_PREFIX) and _HUB_NAME.fullmatch(path) else None


def _about_data(metrics: Mapping[str, Any]) -> list[str]:
    dataset, on_hub = metrics["dataset"], _on_hub(metrics["dataset"])
    told = []
    if dataset in ENTRIES:
        entry = ENTRIES[dataset]
        told.append(f"{entry.title}: {entry.homepage}. Licence of the data, as its authors state it: {entry.licence}.")
    elif on_hub:
        told.append(_Markdown(f"[{on_hub}](https://huggingface.co/datasets/{on_hub})"))
    else:
        told.append("Data of its author's own, which are no part of this repository.")
    if metrics["test_rows_in_train"]:
        told.append(f"{metrics['test_rows_in_train']:,} test rows stand in train or dev, too, word for word.")
    return [*told, f"SHA-256 of texts and labels: {metrics['data_sha256']}"]


def _figures(metrics: Mapping[str, Any]) -> list[tuple[str, ...]]:
    found = [(split, metrics[f"{split}_rows"], metrics[split]) for split in ("test", "dev") if metrics[split]]
    unseen = (metrics["test"] or {}).get("without_rows_in_train")
    found += [("test, texts that train lacks", unseen["rows"], unseen)] if unseen else []
    return [
        (
            split,
            f"{rows:,}",
            *(f"{100 * one[of]:.2f}" for of in ("accuracy", "micro_f1", "macro_f1", "ece") if of in one),
            f"{one['loss']:.3f}",
        )
        for split, rows, one in found
    ]


def _about_figures(config: Config, metrics: Mapping[str, Any], split: str) -> list[str]:
    told = [] if config.data.multi_label else [_without_looking(metrics, split)]
    if split == "test":
        return [*told, "Training did not see the test split."]
    if config.data.multi_label:
        told.append("The thresholds were chosen on dev, so on new texts the model will be a little worse.")
    if config.training.keep != "last":
        told.append("Dev chose the epoch that is kept, so on new texts the model will be a little worse.")
    return ["There is no test split.", *told]


def _without_looking(metrics: Mapping[str, Any], split: str) -> str:
    supports = {name: one["support"] for name, one in metrics[split]["per_class"].items()}
    most = max(supports, key=supports.__getitem__)
    return f"Who always says {most} is right on {100 * supports[most] / metrics[f'{split}_rows']:.2f} % of {split}."


def _classes(figures: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Cells of each class; the first ones are those with the most rows where not all are shown."""
    classes = list(figures["per_class"].items())
    if len(classes) > CLASSES_SHOWN:
        classes.sort(key=lambda one: -one[1]["support"])
    return [
        (
            name,
            *([f"{one['threshold']:.3f}"] if "threshold" in one else []),
            *(f"{100 * one[of]:.1f}" for of in ("precision", "recall", "f1")),
            f"{one['support']:,}",
        )
        for name, one in classes
    ]


def _limits(model: SavedModel, metrics: Mapping[str, Any], languages: Sequence[str]) -> list[str]:
    config, text = model.config, model.config.text
    language = ", ".join(languages) if languages else "that of its data; nothing was recorded of it"
    extra = text.vocabulary_extra_words
    more = (
        f" and are not among the {extra:,} most frequent ones of its vectors" if extra and metrics["coverage"] else ""
    )
    return [
        f"Language: {language}. Words that its train split lacks{more} are unknown to it.",
        _long_texts(text, metrics["truncated_fraction"]),
        _vectors(config, metrics),
        "It answers every text with one of its labels, also a text that none of them suits."
        if model.thresholds is None
        else "It decides on each label for itself, and does not learn which of them go together.",
        "It was not tested on anything but the rows above: other sources, times and ways of writing may be harder for it, and "
        "whether it treats groups of people alike was not looked at.",
    ]


def _long_texts(text: TextConfig, truncated_fraction: float) -> str:
    if text.long == "chunks":
        return f"A text of more than {text.max_words:,} words is read in chunks, which do not know of each other."
    kept = "first words" if text.long == "head" else "first words and as many of its last ones"
    return (
        f"Of a text at most {text.max_words:,} words are read: its {kept}. {truncated_fraction:.1%} of the train "
        "split's texts were longer and were cut."
    )


def _vectors(config: Config, metrics: Mapping[str, Any]) -> str:
    coverage = metrics["coverage"]
    if coverage is None:
        return "Its word vectors were learned from the train split alone."
    trained = "trained further" if config.embedding.embeddings == "glove-tuned" else "left as they were"
    return (
        f"Its word vectors, {metrics['vectors']}, {trained}, know {coverage['tokens']:.1%} of the words of the train split's "
        f"text and {coverage['types']:.1%} of its different words; the others began at random."
    )


def _training(metrics: Mapping[str, Any]) -> list[str]:
    versions = ", ".join(f"{name} {number}" for name, number in metrics["versions"].items())
    commit = f", commit {metrics['commit']}" if metrics["commit"] else ""
    threads = f"{metrics['threads']} thread{'s' if metrics['threads'] > 1 else ''}"
    return [
        f"Seed {metrics['seed']}; epoch {metrics['best_epoch']} of {metrics['epochs']} was kept; all options are in {CONFIG}.",
        f"{metrics['seconds']:,.0f} s on {metrics['device']} ({metrics['processor']}, {threads}), in {metrics['precision']}.",
        f"Its logits are divided by a temperature of {metrics['temperature']:.3f}, fitted to dev."
        if metrics["dev"] is not None
        else "Its probabilities are not calibrated, for it had no dev split.",
        f"{versions}{commit}.",
        f"With these, the data above and this repository's {CONFIG}, this command repeats it:",
    ]


def _listed(labels: Sequence[str]) -> str:
    left = len(labels) - LABELS_SHOWN
    return ", ".join(labels[:LABELS_SHOWN]) + (f" and {left} more" if left > 0 else "")


def _shown(value: object) -> str:
    """What is inserted into the card."""
    return value if isinstance(value, _Markdown) else escaped(str(value))


def _cells(row: Iterable[object]) -> _Markdown:
    return _Markdown(" | ".join(map(_shown, row)))


@cache
def _template() -> Template:
    from jinja2 import Environment

    text = (files("cct_text.report") / "card.md.j2").read_text(encoding="utf-8")
    # Jinja's own autoescape is for HTML; here all that is inserted is escaped for Markdown.
    environment = Environment(
        autoescape=False, finalize=_shown, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    environment.filters["cells"] = _cells
    return environment.from_string(text)
