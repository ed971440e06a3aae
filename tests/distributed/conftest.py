"""One Ray of two cores for the tests of a module, and what it should find."""

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from cct_text.datasets import load_dataset
from cct_text.inference.classifier import TextClassifier
from cct_text.inference.stream import predict_file


@pytest.fixture(scope="module")
def ray_here():
    """A Ray of two cores, which `predict_files` uses as this process is connected to it; its address."""
    from cct_text.distributed.cluster import cluster

    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("RAY_ADDRESS", raising=False)
        patch.setenv("OMP_NUM_THREADS", "1")
        with cluster(2):
            yield ray_address()


def ray_address():
    import ray

    return ray.get_runtime_context().gcs_address


@pytest.fixture(scope="session")
def questions():
    return load_dataset("questions").train.texts.to_pylist()


@pytest.fixture(scope="session")
def many(questions):
    """Makes a number of different texts."""
    return lambda count: [f"{questions[number % len(questions)]} {number}" for number in range(count)]


@pytest.fixture
def parts():
    """The rows of an output folder: its parts, sorted by name, one after the other."""

    def read(folder):
        tables = [pq.read_table(path) for path in sorted(folder.glob("part-*.parquet"))]
        table = pa.concat_tables(tables)
        return table.set_column(0, "source", pc.cast(table["source"], pa.string()))

    return read


@pytest.fixture
def agrees(own_run, parts, tmp_path):
    """Whether an output folder says of some files what `predict_file` says of them, row by row."""

    def compare(folder, files, **options):
        classifier = TextClassifier.load(own_run)
        table = parts(folder)
        expected = []
        for number, file in enumerate(files):
            alone = tmp_path / f"alone-{number}.parquet"
            predict_file(classifier, [file], alone, **options)
            one = pq.read_table(alone)
            expected.append(one.add_column(0, "source", pa.array([str(file)] * len(one), pa.string())))
        together = pa.concat_tables(expected)
        assert table["source"].to_pylist() == together["source"].to_pylist()
        assert table["row"].to_pylist() == [row for one in expected for row in range(1, len(one) + 1)]
        assert table["label"].to_pylist() == together["label"].to_pylist()
        difference = pc.abs(pc.subtract(table["probability"], together["probability"]))
        assert pc.max(difference).as_py() < 1e-4
        assert not list(folder.glob(".*"))

    return compare
