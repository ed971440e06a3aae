"""A terminal that is closed while a command works in it."""

from __future__ import annotations

import fcntl
import os
import pty
import signal
import subprocess
import sys
import termios

from cct_text.training.checkpoint import CHECKPOINT


def test_what_was_trained_is_kept(tmp_path):
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "cct_text_cli", "train", "questions", "--epochs", "5000", "--out", tmp_path / "run"],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # its terminal, and not only where it writes to
        env={**os.environ, "OMP_NUM_THREADS": "1", "TERM": "xterm"},
    )
    os.close(theirs)
    seen = b""
    while b"epoch 2/5000" not in seen:
        seen += os.read(ours, 4096)
    os.close(ours)
    assert process.wait(timeout=60) == -signal.SIGTERM
    assert (tmp_path / "run" / CHECKPOINT).exists()
    assert not (tmp_path / "run" / "metrics.json").exists()
