"""Readers of users' files."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO
from pathlib import Path

from cct_text.config import DataConfig
from cct_text.datasets import load_dataset
from cct_text.datasets.files import read_rows
from cct_text.errors import CCTTextError
from tests.support import user_files
from tests.support.hostile_bytes import Seed
from tests.support.hostile_trials import Reader
from tests.support.readers.packing import gzipped

ROWS = [("a", "one"), ("b", "two, three"), ("a", 'a "quoted"\tfour'), ("ü", "fünf\u2028")] * 3


def rows(folder: Path, *, form: str, ending: str) -> Reader:
    path = folder / f"rows{ending}"
    content = user_files.FORMATS[form](ROWS)
    if form == "jsonl":
        content += b'{"text": ["list"], "label": 3, "title": null}\n{"text": 1.5, "label": true, "id": {"a": [1]}}\n'
    seeds = [Seed(content, gzipped)] if ending.endswith(".gz") else [Seed(content)]
    if form == "parquet":
        seeds += [Seed(table) for table in _tables()]

    def read(content: bytes) -> None:
        path.write_bytes(content)
        for labelled in (False, True):
            with suppress(CCTTextError):
                for batch in read_rows(path, labelled=labelled):
                    assert len(batch.texts) == len(batch.lines)
                    assert batch.labels is None or len(batch.labels) == len(batch.texts)
        load_dataset(DataConfig(dataset=str(path), test=str(path)))

    return Reader(seeds, read)


def _tables() -> Iterator[bytes]:
    """Parquet with columns of all kinds."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = {
        "text": pa.array(["one", None, "three"]).dictionary_encode(),
        "label": pa.array([1, 2, None], pa.int64()),
    }
    nested = pa.array([{"a": [1.5], "b": b"x"}, None, {"a": [], "b": None}])
    tables = [
        {**columns, "nested": nested},
        {**columns, "label": nested},
        *(
            {**columns, "text": pa.array([1, -(2**31), 2**31 - 1], pa.int32()).cast(kind)}
            for kind in (pa.date32(), pa.decimal128(12, 2))
        ),
        *(
            {**columns, "text": pa.array([1, -(2**62), 2**62], pa.int64()).cast(kind)}
            for kind in (pa.timestamp("us", "UTC"), pa.timestamp("ns"), pa.duration("s"), pa.duration("us"))
        ),
    ]
    for table in tables:
        for compression in ("none", "zstd"):
            file = BytesIO()
            pq.write_table(pa.table(table), file, compression=compression)
            yield file.getvalue()


def upload(folder: Path) -> Reader:
    """Files that come as the body of a request."""
    from cct_text.serving.limits import Limits
    from cct_text.serving.refusals import Refused
    from cct_text.serving.uploads import read_upload

    forms = {f"a{ending}": form for form, ending in ENDINGS.items() if form != "parquet"}
    seeds = [Seed(user_files.FORMATS[form](ROWS)) for form in forms.values()]

    def read(content: bytes) -> None:
        for name in (*forms, "a.csv.gz", "a.jsonl.gz"):
            with suppress(Refused):
                read_upload(
                    content if not name.endswith(".gz") else gzip.compress(content, 1),
                    name,
                    format="auto",
                    text_columns=(),
                    trained_on=DataConfig(),
                    limits=Limits(),
                )

    return Reader(seeds, read)


ENDINGS = {"text": ".txt", "csv": ".csv", "tsv": ".tsv", "jsonl": ".jsonl", "parquet": ".parquet"}
