"""However long a file is, no more of it is in memory than a few thousand rows."""

import os
import subprocess
import sys

# A process of its own stands between: what a process is started from counts towards its largest memory.
MEASURED = """
import resource, subprocess, sys
subprocess.run([sys.executable, "-m", "cct_text_cli", "predict", *sys.argv[1:]], check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def peak(run, path, output):
    """Largest memory of `cct-text predict` over a file, in MiB."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, str(run), str(path), "-o", str(output)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    return int(done.stdout) / 1024


def test_memory_does_not_grow_with_the_file(run, texts, tmp_path):
    peaks = {}
    for copies in (200, 800):
        path = tmp_path / f"{copies}.txt"
        # Lines of about 2 KB, in 6 and in 24 batches: 48 MB and 192 MB.
        path.write_text("".join((text + " ") * 40 + "\n" for text in texts) * copies)
        peaks[copies] = peak(run, path, tmp_path / f"{copies}.csv")
        assert (tmp_path / f"{copies}.csv").read_text().count("\n") == len(texts) * copies + 1
    # 144 MB more were read. What allocators leave lying about may differ; what was read may not be held.
    assert peaks[800] < peaks[200] + 70, peaks
