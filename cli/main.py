"""The entry point: registers the verbs, and turns the library's errors into one line and an exit code.

Exit codes: 0 done, 1 runs of a study failed, 2 usage, 3 bad input data, 4 a resource that is not here and cannot be
fetched, 130 interrupted. SIGTERM, and the end of the terminal, interrupt as Ctrl-C does; the process then ends by SIGTERM
(143 in a shell).
"""

from __future__ import annotations

import errno
import logging
import os
import signal
import stat
import sys
from types import FrameType
from typing import Annotated

import typer

from cct_text.errors import CCTTextError

from .compare import compare
from .curve import curve
from .datasets import datasets
from .doctor import doctor
from .evaluate import evaluate
from .export import export
from .inspect import inspect
from .pooling import pooling
from .predict import predict
from .pull import pull
from .push import push
from .report import report
from .reproduce import reproduce
from .serve import serve
from .train import train
from .tune import tune
from .vectors import vectors

app = typer.Typer(
    name="cct-text",
    help="Train, evaluate and use small text classifiers (Compact Convolutional Transformers).",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for verb in (
    *(train, evaluate, predict, inspect, serve, report, export),
    *(compare, tune, curve, reproduce, pooling),
    *(push, pull),
    *(datasets, vectors, doctor),
):
    app.command()(verb)

_debug = False
_interrupted = False
_terminated = False


def _interrupt(number: int, frame: FrameType | None) -> None:
    """Ctrl-C, as Python has it, but remembered: half an import may turn it into an error of its own."""
    global _interrupted
    _interrupted = True
    signal.default_int_handler(number, frame)


def _terminate(number: int, frame: FrameType | None) -> None:
    """SIGTERM, which a cluster sends before it kills: there is time to keep what was done."""
    global _terminated
    _terminated = True
    _interrupt(number, frame)


def _hang_up(number: int, frame: FrameType | None) -> None:
    """SIGHUP, as the terminal was closed: there is time to keep what was done, and nobody to be told."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        if stat.S_ISCHR(os.fstat(stream.fileno()).st_mode):  # what is written to the terminal would fail
            os.dup2(nowhere, stream.fileno())
    signal.raise_signal(signal.SIGTERM)


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"cct-text {version('cct-text')}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and leave.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    global _debug
    _debug = debug
    logging.basicConfig(format="%(levelname)s: %(message)s", level=logging.DEBUG if debug else logging.WARNING)
    # Libraries that chat on import or draw bars of their own would spoil what the user sees.
    for name in ("gensim", "urllib3", "filelock", "datasets", "fsspec", "asyncio"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _drop_standard_output() -> None:
    """Send what Python would flush at its end nowhere, as it could not be written."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _is_shortage(error: Exception) -> bool:
    """Whether memory ran out, of the machine or the GPU: torch has no type of its own for the former."""
    told = str(error)
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and ("can't allocate memory" in told or "out of memory" in told)
    )


def _open_what_is_closed() -> None:
    """Have each standard stream, as `>&-` closes it, lead somewhere: Python has None, and the next file gets its number.

    Nothing is to be read, results cannot be written, and there is nobody to be told.
    """
    for name, way, mode in (("stdin", os.O_RDONLY, "r"), ("stdout", os.O_RDONLY, "w"), ("stderr", os.O_WRONLY, "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, way), mode, encoding="utf-8", errors="replace"))


def main() -> None:
    """Run the command line; the process ends with the documented exit code."""
    _open_what_is_closed()
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupt)
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _terminate)
        if signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:  # not under nohup
            signal.signal(signal.SIGHUP, _hang_up)
    try:
        _run()
    finally:
        if _interrupted and (store := sys.modules.get("cct_text.vectors.store")) is not None:
            store.stop_building()  # Python would wait for it, in silence
        if _terminated:  # whoever sent it sees that it was obeyed
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.raise_signal(signal.SIGTERM)


def _run() -> None:
    """The command; every error of the library is one line and its exit code."""
    try:
        try:
            app()
        finally:
            sys.stdout.flush()
    except SystemExit as ending:
        # `| head` has had enough: that is no error, but click and rich leave with 1.
        if not isinstance(ending.__context__, BrokenPipeError):
            raise
        _drop_standard_output()
        sys.exit(0)
    except CCTTextError as error:
        if _debug:
            raise
        sys.stderr.write(f"cct-text: {error}\n")
        sys.exit(error.exit_code)
    except OSError as error:  # standard output: the library tells of files by errors of its own
        if _debug:
            raise
        _drop_standard_output()
        if error.errno == errno.EPIPE:
            sys.exit(0)
        sys.stderr.write(f"cct-text: cannot write: {error.strerror}\n")
        sys.exit(2)
    except Exception as error:
        if _debug or not (_interrupted or _is_shortage(error)):
            raise
        if _interrupted:
            sys.exit(130)
        sys.stderr.write(
            "cct-text: not enough memory; a smaller model or batch, fewer words of a text or shorter lines take less "
            "(--debug tells where it ran out)\n"
        )
        sys.exit(2)
