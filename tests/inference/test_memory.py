"""However long a file is, no more of it is in memory than a few thousand rows."""

import os
import subprocess
import sys

MEASURED = """
import resource, sys
from cct_text.inference.classifier import TextClassifier
from cct_text.inference.stream import predict_file
classifier = TextClassifier.load(sys.argv[1], device="cpu")
predict_file(classifier, [sys.argv[2]], sys.argv[3])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def peak(run, path, output):
    """Largest memory of a process that classifies a file, in MiB."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, str(run), str(path), str(output)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    return int(done.stdout) / 1024


def test_memory_does_not_grow_with_the_file(run, texts, tmp_path):
    peaks = {}
    for copies in (100, 1000):
        path = tmp_path / f"{copies}.txt"
        path.write_text("".join(text + "\n" for text in texts) * copies)
        peaks[copies] = peak(run, path, tmp_path / f"{copies}.csv")
        assert (tmp_path / f"{copies}.csv").read_text().count("\n") == len(texts) * copies + 1
    # 108,000 rows more, 6 MB of text and 2 MB of output: what allocators leave lying about, not the file.
    assert peaks[1000] < peaks[100] + 30
