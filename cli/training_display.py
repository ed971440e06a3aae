"""What `cct-text train` shows: a bar with loss, dev accuracy and time left, and a short table at the end."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from cct_text.training.progress import EpochRecord, TrainingObserver

from .messages import Messages
from .tables import CONTROLS, figures_table


class TrainingDisplay(TrainingObserver):
    """Draws on standard error: a live bar on a terminal, one line an epoch elsewhere."""

    def __init__(self) -> None:
        self.console = Messages()
        self.bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[loss]}"),
            TextColumn("{task.fields[dev]}"),
            TimeRemainingColumn(),
            console=self.console,
            transient=True,
            disable=not self.console.is_terminal,
        )
        self.task = self.bar.add_task("reading data", total=None, loss="", dev="")
        self.epochs = 0
        self.steps = 0
        self.best: EpochRecord | None = None

    def __enter__(self) -> Self:
        self.bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.bar.stop()

    def prepared(self, description: str) -> None:
        self.console.print(description.translate(CONTROLS), soft_wrap=True)

    def started(self, epochs: int, steps: int, history: Sequence[EpochRecord]) -> None:
        self.epochs, self.steps, done = epochs, steps, len(history)
        if history:
            self.best = [record for record in history if record.best][-1]
            self.console.print(f"going on after epoch {done}")
        self.bar.reset(self.task, total=epochs * steps, completed=done * steps)
        self.bar.update(self.task, description=f"epoch {done + 1}/{epochs}")

    def step(self, loss: float) -> None:
        self.bar.update(self.task, advance=1, loss=f"loss {loss:.3f}")

    def epoch(self, record: EpochRecord) -> None:
        if record.best:
            self.best = record
        dev = ""
        if record.dev_accuracy is not None and self.best is not None and self.best.dev_accuracy is not None:
            kept = "" if record.best else f" (kept: {self.best.dev_accuracy:.2%}, epoch {self.best.epoch})"
            dev = f"dev {record.dev_accuracy:.2%}{kept}"
        following = min(record.epoch + 1, self.epochs)
        self.bar.update(
            self.task,
            completed=record.epoch * self.steps,
            description=f"epoch {following}/{self.epochs}",
            dev=f"dev {self.best.dev_accuracy:.2%}" if self.best and self.best.dev_accuracy is not None else "",
        )
        if not self.console.is_terminal:
            self.console.print(
                f"epoch {record.epoch}/{self.epochs}: loss {record.train_loss:.4f}  {dev}  {record.seconds:.1f} s"
            )


def print_summary(metrics: dict[str, Any], folder: Path, report: Path, *, as_json: bool) -> None:
    """The run's figures and what to do next; with `as_json` the metrics alone, on standard output."""
    if as_json:
        sys.stdout.write(json.dumps(metrics, ensure_ascii=False) + "\n")
        return
    console = Console(highlight=False, markup=False)
    several = any("micro_f1" in (metrics[name] or {}) for name in ("dev", "test"))
    table = figures_table("split", "rows", "accuracy", *(["micro F1"] if several else []), "macro F1", "loss", "ECE")
    for name in ("dev", "test"):
        figures = metrics[name]
        if figures is not None:
            table.add_row(name, f"{metrics[f'{name}_rows']:,}", *_cells(figures))
    apart = (metrics["test"] or {}).get("without_rows_in_train")
    if apart is not None:
        table.add_row("test, unseen", f"{apart['rows']:,}", *_cells(apart))
    if table.row_count:
        console.print(table)
    parts = [
        f"{metrics['model']}, {metrics['embeddings']}",
        f"{metrics['parameters']:,} parameters + {metrics['embedding_parameters']:,} of word vectors",
    ]
    if metrics["coverage"] is not None:
        parts.append(f"vectors cover {metrics['coverage']['tokens']:.1%} of the words")
    if metrics["truncated_fraction"]:
        parts.append(f"{metrics['truncated_fraction']:.1%} of the texts were cut (max_words)")
    parts.append(
        f"epoch {metrics['best_epoch']} of {metrics['epochs']} kept; {metrics['seconds']:.0f} s, "
        f"{metrics['examples_per_second']:,.0f} texts/s"
    )
    console.print("\n".join(parts), soft_wrap=True)
    console.print(f"run folder: {folder}", soft_wrap=True)
    console.print(f"report:     {report}", soft_wrap=True)
    console.print(f"next:       cct-text predict {shlex.quote(str(folder))} FILE", soft_wrap=True)


def _cells(figures: dict[str, float]) -> list[str]:
    return [
        *(f"{figures[name]:.2%}" for name in ("accuracy", "micro_f1", "macro_f1") if name in figures),
        f"{figures['loss']:.3f}",
        f"{figures['ece']:.2%}",
    ]
