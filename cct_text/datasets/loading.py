"""Load a data set by name, by file or from the hub."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cct_text.artifacts import sha256_of
from cct_text.config import DataConfig
from cct_text.datasets.cache import cache_key, load_cached, save_cached
from cct_text.datasets.dataset import (
    NO_CLASS,
    Dataset,
    FineTrain,
    Split,
    content_digest,
    cut_rows,
    natural_order,
    some_rows,
)
from cct_text.datasets.files import AUTO, read_rows
from cct_text.datasets.hub import load_from_hub, load_registered_from_hub
from cct_text.datasets.label_sets import first_unknown, label_array, require_joinable, rows_of_labels
from cct_text.datasets.registry import ENTRIES, Entry, entry_named
from cct_text.download import cache_dir, fetch, folders_of_the_environment
from cct_text.errors import DataError, ResourceError, UsageError, listed
from cct_text.hub.names import HUB_PREFIX

logger = logging.getLogger(__name__)

DATA_FOLDER = "CCT_TEXT_DATA"

_CHUNK = 50_000


def load_dataset(config: DataConfig | str) -> Dataset:
    """The splits of a data set.

    Args:
        config: the options; a string is the data set's name with all others at their defaults.

    Raises:
        UsageError: if the name is unknown, or an option does not go with the data set.
        DataError: if a file is missing, broken or empty, holds one class only, or dev or test hold a label that train
            does not have.
        ResourceError: if a registered data set is not here and cannot be fetched.
    """
    config = DataConfig(dataset=config) if isinstance(config, str) else config
    if config.dataset.startswith(HUB_PREFIX):
        _refuse_trees_and_fine_labels(config)
        _refuse_options(config, ("dev", "test", "format"), "a hub data set has its own splits and files")
        labels, splits = load_from_hub(
            config.dataset.removeprefix(HUB_PREFIX),
            config.text_columns,
            config.label_column,
            separator=separator_of(config),
        )
        return _finish(config, labels, splits, config.dataset, {})
    if config.dataset in ENTRIES:
        return _load_registered(entry_named(config.dataset), config)
    if config.format is not None or _looks_like_a_file(config.dataset):
        if os.path.isdir(config.dataset):  # noqa: PTH112 - Path raises for a name too long
            raise DataError(
                "is a folder; name a file, or give hf:FOLDER for one in the hub's layout", path=config.dataset
            )
        _refuse_trees_and_fine_labels(config)
        return _load_files(config)
    entry_named(config.dataset)
    raise AssertionError("entry_named raises for a name that is not registered")


def separator_of(config: DataConfig) -> str | None:
    """What stands between the labels of a row that may have several; None where a row has one.

    Raises:
        UsageError: if nothing does.
    """
    if config.multi_label and not config.label_separator:
        raise UsageError("label_separator = '': expected a character or more; a blank is set in a --config file")
    return config.label_separator if config.multi_label else None


def _looks_like_a_file(name: str) -> bool:
    return os.sep in name or "." in name or os.path.exists(name)  # noqa: PTH110 - Path raises for a name too long


def _refuse_trees_and_fine_labels(config: DataConfig) -> None:
    entry = ENTRIES.get(config.dataset)
    if config.phrases and not (entry and entry.trees):
        raise UsageError(f"phrases = true: {config.dataset} has no trees; sst2, sst3 and sst5 have")
    if config.fine_labels and not (entry and entry.fine):
        raise UsageError(f"fine_labels = true: {config.dataset} has no finer labels; trec, sst2 and sst3 have")


def _refuse_options(config: DataConfig, options: Iterable[str], why: str) -> None:
    for option in options:
        if value := getattr(config, option):
            raise UsageError(f"{option} = {value!r}: {why}")


def _load_registered(entry: Entry, config: DataConfig) -> Dataset:
    _refuse_trees_and_fine_labels(config)
    _refuse_options(config, ("multi_label",), f"a row of {entry.name} has one label; leave it out")
    _refuse_options(
        config,
        ("dev", "test", "format", "text_columns", "label_column"),
        f"{entry.name} has its own splits and columns",
    )
    fine = None
    if config.fine_labels and entry.fine is not None:
        names, splits, _, _ = _read_or_fetch(entry_named(entry.fine.dataset), config)
        classes = [entry.fine.class_of(name) for name in names]
        # A class that train lacks stands for itself.
        lacking = [label for label in entry.labels if label not in classes]
        index = {None: NO_CLASS} | {label: number for number, label in enumerate(entry.labels)}
        numbers = np.array([index[name] for name in (*classes, *lacking)], dtype=np.int64)
        fine = FineTrain(splits["train"], (*names, *lacking), numbers)
    return _finish(config, *_read_or_fetch(entry, config), fine)


def _read_or_fetch(entry: Entry, config: DataConfig) -> tuple[tuple[str, ...], dict[str, Split], str, dict[str, str]]:
    """Labels, splits, where they were found, and checksums of the files."""
    found = find_files(entry, config.data_dir)
    if found is None and entry.hub is not None:
        try:
            return *load_registered_from_hub(entry.hub, entry.labels), f"hub: {entry.hub.name}", {}
        except (ResourceError, DataError) as error:
            logger.info("%s; trying the official files", error)
    if found is None:
        found = _fetch_files(entry)
    checksums = {name: sha256_of(path) for name, path in found.items()}
    key = cache_key(name=entry.name, version=entry.version, files=checksums, phrases=config.phrases)
    # The embedded data set is nothing to cache: it is small, and its files may be under edit.
    cached = load_cached(key) if found else None
    if cached is None:
        cached = _read_registered(entry, found, config.phrases)
        if found:
            save_cached(key, *cached)
    source = str(next(iter(found.values())).parent) if found else "embedded"
    return *cached, source, checksums


def find_files(entry: Entry, data_dir: str | None) -> dict[str, Path] | None:
    """The official files of a data set on this machine by name; None if one is missing.

    Looked for in `data_dir`, then $CCT_TEXT_DATA, then the cache; in each under the data set's folder or directly.

    Raises:
        DataError: if `data_dir` does not exist.
    """
    if data_dir is not None and not os.path.isdir(data_dir):  # noqa: PTH112 - Path raises for a name too long
        raise DataError("no such folder (--data-dir)", path=data_dir)
    roots = [data_dir, *folders_of_the_environment(DATA_FOLDER), str(cache_dir() / "downloads")]
    for root in filter(None, roots):
        for folder in (Path(root) / entry.folder, Path(root)):
            paths = {file.name: folder / file.name for file in entry.files}
            if all(path.is_file() for path in paths.values()):
                return paths
    return None


def _fetch_files(entry: Entry) -> dict[str, Path]:
    try:
        return {file.name: fetch(file, cache_dir() / "downloads" / entry.folder) for file in entry.files}
    except ResourceError as error:
        names = " and ".join(file.name for file in entry.files)
        raise ResourceError(
            f"{error}\nPut {names} into DIR/{entry.folder} and give --data-dir DIR, or set {DATA_FOLDER}."
        ) from None


def _read_registered(entry: Entry, files: dict[str, Path], phrases: bool) -> tuple[tuple[str, ...], dict[str, Split]]:
    rows = {split: entry.read(files, split, phrases) for split in ("train", "dev", "test")}
    read = {split: _gather(source) for split, source in rows.items() if source is not None}
    labels = entry.labels or tuple(sorted(set(read["train"][1])))
    index = {label: number for number, label in enumerate(labels)}
    splits = {}
    for split, (texts, names) in read.items():
        unknown = sorted(set(names) - set(index))
        if unknown:
            raise DataError(f"{entry.name}: {split} has the label {unknown[0]!r}; known are {listed(labels)}")
        splits[split] = Split(texts, np.fromiter((index[name] for name in names), np.int64, len(names)))
    return labels, splits


def _gather(rows: Iterable[tuple[str, str]]) -> tuple[pa.ChunkedArray, list[str]]:
    """Texts as Arrow chunks, and labels."""
    chunks: list[pa.Array] = []
    texts: list[str] = []
    labels: list[str] = []
    for label, text in rows:
        labels.append(label)
        texts.append(text)
        if len(texts) == _CHUNK:
            chunks.append(pa.array(texts, pa.string()))
            texts = []
    chunks.append(pa.array(texts, pa.string()))
    return pa.chunked_array(chunks), labels


def _load_files(config: DataConfig) -> Dataset:
    paths = {"train": config.dataset, "dev": config.dev, "test": config.test}
    given = {split: path for split, path in paths.items() if path is not None}
    read = {split: _read_file(path, config) for split, path in given.items()}
    labels = natural_order({name for row in read["train"][1] for name in row})
    if config.multi_label:
        require_joinable(labels, config.label_separator, config.dataset)
        if all(len(row) < 2 for row in read["train"][1]):
            logger.warning(
                "%s: no row has several labels; where they are joined by something else than %r, give it by "
                "--set label_separator=TEXT",
                config.dataset,
                config.label_separator,
            )
    elif len(labels) < 2:
        raise DataError(f"only one class, {labels[0]!r}; a classifier needs two or more", path=config.dataset)
    splits = {}
    for split, (texts, rows, lines, _) in read.items():
        if (unknown := first_unknown(rows, labels)) is not None:
            row, name = unknown
            raise DataError(
                f"label {name!r} never occurs in train ({config.dataset}); known are {listed(labels[:20])}",
                path=given[split],
                line=lines[row],
            )
        splits[split] = Split(texts, label_array(rows, labels, several=config.multi_label))
    names = [Path(path).name for path in given.values()]
    checksums = {
        path if names.count(name) > 1 else name: sha256_of(path)
        for name, path in zip(names, given.values(), strict=True)
    }
    source = str(Path(config.dataset).absolute().parent)
    return replace(_finish(config, labels, splits, source, checksums), text_columns=read["train"][3])


def _read_file(
    path: str, config: DataConfig
) -> tuple[pa.ChunkedArray, list[tuple[str, ...]], list[int], tuple[str, ...]]:
    """Texts, labels of each row and lines of a labelled file, and the columns that the texts come from."""
    chunks: list[pa.Array] = []
    labels: list[tuple[str, ...]] = []
    lines: list[int] = []
    text_columns: tuple[str, ...] = ()
    replaced = empty = 0
    for batch in read_rows(
        path,
        format=config.format or AUTO,
        text_columns=config.text_columns,
        label_column=config.label_column,
        labelled=True,
        separator=separator_of(config),
    ):
        assert batch.labels is not None
        chunks.append(batch.texts)
        rows = rows_of_labels(batch.labels)
        empty += pc.sum(pc.equal(pc.utf8_trim_whitespace(batch.texts), "")).as_py()
        if () in rows and not config.multi_label:
            raise DataError("no label", path=path, line=batch.lines[rows.index(())].as_py())
        labels.extend(rows)
        lines.extend(batch.lines.to_pylist())
        replaced += batch.replaced
        text_columns = batch.text_columns
    if not labels:
        raise DataError("no rows", path=path)
    if replaced:
        logger.warning("%s: invalid UTF-8 replaced in %d rows", path, replaced)
    if empty:
        logger.warning("%s: %d of %d rows have no text", path, empty, len(labels))
    return pa.chunked_array(chunks), labels, lines, text_columns


def _finish(
    config: DataConfig,
    labels: tuple[str, ...],
    splits: dict[str, Split],
    source: str,
    files: dict[str, str],
    fine: FineTrain | None = None,
) -> Dataset:
    """Check what was read, cut the splits that are missing, and keep the rows of train that are wanted."""
    train, dev, test = splits["train"], splits.get("dev"), splits.get("test")
    if (train.labels == train.labels[:1]).all():
        raise DataError(f"{config.dataset}: {_nothing_to_learn(labels, config)}")
    rows = np.arange(len(train))
    digest = content_digest(labels, splits)
    if fine is not None:
        names = (f"{name} {at}" for name, at in zip(fine.labels, fine.class_of_label, strict=True))
        digest = content_digest((*labels, *names), {**splits, "fine": fine.split})
    if test is None and config.test_fraction:
        kept, held_out = cut_rows(train.labels, config.test_fraction, config.split_seed)
        rows, test, train = rows[kept], train.take(held_out), train.take(kept)
        if not len(test):
            raise DataError(
                f"{config.dataset}: too few rows to cut a test split from (test_fraction = {config.test_fraction})"
            )
    cut = dev is None
    if dev is None:
        seed = config.split_seed if config.dev_seed is None else config.dev_seed
        kept, held_out = cut_rows(train.labels, config.dev_fraction, seed)
        rows, dev, train = rows[kept], train.take(held_out), train.take(kept)
    share = 1.0
    if config.train_rows is not None:
        kept = some_rows(train.labels, config.train_rows, config.train_rows_seed)
        rows, share, train = rows[kept], len(kept) / len(train), train.take(kept)
    if fine is not None:
        fine = _of_train(fine, splits["train"], rows, share, config.train_rows_seed)
    return Dataset(config.dataset, labels, train, dev, test, source, files, digest, cut, fine)


def _nothing_to_learn(labels: tuple[str, ...], config: DataConfig) -> str:
    if not config.multi_label:
        return "train holds one class only; a classifier needs two or more"
    return (
        "all rows of train have the same labels; a classifier needs rows that differ"
        if labels
        else "no row of train has a label"
    )


def _of_train(fine: FineTrain, whole: Split, rows: np.ndarray, share: float, seed: int) -> FineTrain:
    """The fine rows that are learned, where some rows of the whole train split are.

    Where both are the same texts in the same order, the same rows. Otherwise those whose text stands in these rows, and of
    those that belong to no class as large a share as is learned of train.

    Raises:
        DataError: if a text of train has no fine label.
    """
    texts, own = fine.split.texts.combine_chunks(), whole.texts.combine_chunks()
    if texts.equals(own):
        return replace(fine, split=fine.split.take(rows))
    if not pc.all(pc.is_in(own, value_set=texts)).as_py():
        raise DataError("fine_labels = true: the train split and the one with finer labels are not of the same texts")
    stands = pc.is_in(texts, value_set=own.take(pa.array(rows))).to_numpy(zero_copy_only=False)
    without = np.flatnonzero(fine.class_of_label[fine.split.labels] == NO_CLASS)
    chosen = np.random.default_rng(seed).permutation(without)[: round(share * len(without))]
    return replace(fine, split=fine.split.take(np.union1d(np.flatnonzero(stands), chosen)))
