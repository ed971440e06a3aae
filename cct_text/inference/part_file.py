"""An output that is not whole yet: a file beside it that can be gone on with, and what that was made of."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO, Self

import pyarrow as pa

from cct_text.atomic_writes import flush_folder, led_to, write_atomically
from cct_text.errors import DataError, UsageError
from cct_text.inference.writers import OutputFormat, open_writer
from cct_text.locks import held

FORMAT = 1
"""Version of the state; one of another version is refused."""
SECONDS_BETWEEN_STATES = 5.0
"""A prediction that is killed loses at most this much."""
_IN_WORDS = {"sources": "other sources, or they have changed", "model": "another model"}
"""What is too long to be told in a line."""


@dataclass(frozen=True)
class _State:
    """What is whole of a part file.

    Attributes:
        made_of: everything that the predictions depend on.
        rows: predicted.
        bytes: of the part file that hold them; what comes behind is of a batch that was being written.
        sha256: of these bytes.
    """

    made_of: Mapping[str, Any]
    rows: int
    bytes: int
    sha256: str

    def to_json(self) -> str:
        """The text of the file."""
        return json.dumps({"format": FORMAT, **vars(self)}, indent=1, ensure_ascii=False) + "\n"

    @classmethod
    def read(cls, path: Path) -> Self | None:
        """What `to_json` returned, from a file; None where it is not there.

        Raises:
            DataError: if it is damaged or of another version.
        """
        try:
            document = json.loads(path.read_bytes())
            state = cls(*(document[name] for name in ("made_of", "rows", "bytes", "sha256")))
            if document["format"] != FORMAT or not all(type(number) is int for number in (state.rows, state.bytes)):
                raise ValueError("format")
            if not isinstance(state.made_of, dict) or min(state.rows, state.bytes) < 0:
                raise ValueError("made_of")
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise DataError(f"damaged ({type(error).__name__}); leave --resume out to begin anew", path=path) from None
        return state


class PartFile:
    """Predictions that have been made so far, in a file beside the output that they become.

    Lines stand in it as they will in the output; what becomes Parquet, which cannot be appended to, stands there as Arrow's
    messages, a batch in each.

    Args:
        output: the file that it becomes.
        form: of the output.
        schema: of the batches.
        separator: joins the items of a list, where it is one value.
        made_of: all that the predictions depend on, as JSON has it; asked for when the first state is written.

    Attributes:
        rows: that were whole when it was opened.
    """

    def __init__(
        self,
        output: Path,
        form: OutputFormat,
        schema: pa.Schema,
        separator: str,
        made_of: Callable[[], dict[str, Any]],
    ) -> None:
        self.output, self.form, self.schema, self.separator = output, form, schema, separator
        self.made_of = cache(made_of)
        self.path, self.state = _beside(output, "part"), _beside(output, "part.json")
        self.rows = 0
        self.whole = (0, 0)  # rows and bytes, which change together
        self.hash, self.hashed = sha256(), 0
        self.saved_at = time.monotonic()

    @contextmanager
    def writer(self, *, resume: bool) -> Iterator[Callable[[pa.RecordBatch], None]]:
        """A function that appends predictions; when the block ends well, the output has its name.

        Where the block is interrupted or the disk is full, what is whole stays, to be gone on with. Where the data are at
        fault it goes.

        Raises:
            UsageError: if the output cannot be written, another process writes it, or what is to be gone on with was made
                of something else.
            DataError: if that is damaged.
        """
        try:
            taken = f"{self.output}: another process writes this file; wait for it, or name another"
            with held(_beside(self.output, "lock"), patience=0, taken=taken):
                with self._opened(resume=resume) as file:
                    try:
                        with self._writer(file) as write:
                            yield partial(self._put, file, write)
                        file.flush()
                        os.fsync(file.fileno())
                    except KeyboardInterrupt:
                        if self.whole[0]:
                            self._save(file)
                        raise
                self._finish()
                self._remove()
        except OSError as error:
            raise UsageError(f"{self.output}: cannot write: {error.strerror or error}") from error

    @contextmanager
    def _opened(self, *, resume: bool) -> Iterator[BinaryIO]:
        """The part file at the end of what is whole of it; afterwards it is there only if it can be gone on with."""
        state = _State.read(self.state) if resume and self.path.exists() else None
        if state is None:
            self.state.unlink(missing_ok=True)
        elif (other := _difference(state.made_of, self.made_of())) is not None:
            raise UsageError(f"{self.output}: cannot go on: {other}; leave --resume out to begin anew")
        with self.path.open("w+b" if state is None else "r+b") as file:
            if state is not None:
                self.rows, self.whole = state.rows, (state.rows, state.bytes)
                if self._digest(file) != state.sha256:
                    raise DataError("damaged; leave --resume out to begin anew", path=self.path)
                file.truncate()
            try:
                yield file
            except BaseException as error:
                if isinstance(error, DataError) or not self.state.exists():
                    self._remove()
                raise

    @contextmanager
    def _writer(self, file: BinaryIO) -> Iterator[Callable[[pa.RecordBatch], object]]:
        if self.form == "parquet":
            yield lambda batch: file.write(batch.serialize())
        else:
            with open_writer(file, self.form, self.schema, self.separator, begun=self.rows > 0) as write:
                yield write

    def _put(self, file: BinaryIO, write: Callable[[pa.RecordBatch], object], batch: pa.RecordBatch) -> None:
        write(batch)
        self.whole = (self.whole[0] + len(batch), file.tell())
        if time.monotonic() - self.saved_at > SECONDS_BETWEEN_STATES:
            self._save(file)

    def _save(self, file: BinaryIO) -> None:
        """Note how much is whole, after it is on the disk."""
        file.flush()
        os.fsync(file.fileno())
        state = _State(self.made_of(), *self.whole, self._digest(file))
        with write_atomically(self.state) as path:
            path.write_text(state.to_json(), encoding="utf-8")
        self.saved_at = time.monotonic()

    def _digest(self, file: BinaryIO) -> str:
        """SHA-256 of what is whole; the file is at its end then."""
        file.seek(self.hashed)
        while self.hashed < self.whole[1] and (block := file.read(min(self.whole[1] - self.hashed, 1 << 20))):
            self.hash.update(block)
            self.hashed += len(block)
        file.seek(self.whole[1])
        return self.hash.hexdigest()

    def _finish(self) -> None:
        """Give the output its name."""
        if self.form != "parquet":
            self.path.replace(self.output)
            flush_folder(self.output.parent)
            return
        with (
            write_atomically(self.output) as path,
            path.open("wb") as file,
            open_writer(file, self.form, self.schema, self.separator) as write,
            pa.OSFile(str(self.path)) as source,
        ):
            while source.tell() < self.whole[1]:
                write(pa.ipc.read_record_batch(pa.ipc.read_message(source), self.schema))

    def _remove(self) -> None:
        """Leave nothing but the output."""
        self.path.unlink(missing_ok=True)
        self.state.unlink(missing_ok=True)


def rows_kept(output: str | Path) -> int:
    """Rows that an interrupted prediction left of an output.

    Raises:
        DataError: if the state beside it is damaged.
    """
    state = _State.read(_beside(led_to(Path(output)), "part.json"))
    return 0 if state is None else state.rows


def _beside(output: Path, ending: str) -> Path:
    """A hidden file for an output; a long name is told apart by its digest."""
    name = output.name if len(output.name) <= 100 else sha256(output.name.encode()).hexdigest()
    return output.with_name(f".{name}.{ending}")


def _difference(then: Mapping[str, Any], now: Mapping[str, Any]) -> str | None:
    """What the predictions depend on that has changed."""
    for name in now:
        if then.get(name) != now[name]:
            return f"it was made with {_IN_WORDS.get(name, f'{name} = {then.get(name)!r} (now {now[name]!r})')}"
    return None
