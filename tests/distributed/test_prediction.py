"""Ray's workers say of every row what `predict` says, once."""

import csv
import gzip
import json
import os
import subprocess
import sys
import time

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cct_text.distributed.output import MANIFEST
from cct_text.distributed.prediction import predict_files
from cct_text.errors import DataError, UsageError
from tests.support.http_server import Reply


def write(path, texts):
    """Texts as a file whose ending gives its format."""
    if path.suffix == ".jsonl":
        path.write_text("".join(json.dumps({"text": text}) + "\n\n" for text in texts), encoding="utf-8")
    elif path.suffix == ".parquet":
        pq.write_table(pa.table({"text": texts}), path)
    elif path.suffix in (".csv", ".tsv"):
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, delimiter="," if path.suffix == ".csv" else "\t")
            writer.writerows([("id", "text"), *((number, f"{text}\n") for number, text in enumerate(texts))])
    else:
        path.write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
    return path


def wait_for_parts(out, count, driver):
    while len(list(out.glob("part-*"))) < count and driver.poll() is None:
        time.sleep(0.02)


def ray_workers():
    """The processes that predict, of the Ray that this process started."""
    return [process for process in psutil.Process().children(recursive=True) if "MapBatches(" in str(process.cmdline())]


@pytest.fixture
def files(tmp_path, many):
    """A file of each format, under one folder."""
    folder = tmp_path / "in"
    (folder / "deeper").mkdir(parents=True)
    names = ("a.csv", "b.jsonl", "c.parquet", "d.tsv", "deeper/e.txt")
    written = [write(folder / name, many(100 + number)) for number, name in enumerate(names)]
    (folder / "deeper" / "f.txt.gz").write_bytes(gzip.compress("\n".join(many(50)).encode()))
    (folder / "_SUCCESS").touch()
    (folder / ".hidden.csv").touch()
    return [*written, folder / "deeper" / "f.txt.gz"]


def test_a_folder_of_all_formats_cut_into_many_sections_gives_the_rows_of_predict(
    ray_here, own_run, files, tmp_path, agrees
):
    done = []
    out = tmp_path / "out"
    summary = predict_files(own_run, [str(tmp_path / "in")], str(out), section_bytes=1000, progress=done.append)
    agrees(out, files)
    assert (summary.rows, summary.rows_now, summary.files) == (560, 560, 6)
    assert summary.parts == len(list(out.glob("part-*"))) > 20
    assert done[-1] == 560
    assert done == sorted(done)


def test_a_single_large_file_is_shared_and_a_worker_that_is_killed_costs_and_doubles_no_row(
    ray_here, own_run, tmp_path, many, agrees
):
    source = write(tmp_path / "large.csv", many(30_000))
    killed = []

    def kill(rows):
        if rows > 2_000 and not killed:
            workers = ray_workers()
            assert len(workers) == 2
            killed.append(workers[0].pid)
            workers[0].kill()

    out = tmp_path / "out"
    summary = predict_files(own_run, [str(source)], str(out), section_bytes=40_000, progress=kill)
    assert killed
    assert not psutil.pid_exists(killed[0])
    agrees(out, [source])
    assert (summary.rows, summary.workers) == (30_000, 2)


def test_files_by_url_are_read_as_those_on_disk_are(ray_here, own_run, files, tmp_path, server, parts, agrees):
    # Without ranges, and it fails for a moment when it is read after it was looked at.
    broken = Reply(files[0].read_bytes(), break_after=100)
    served = server.serve("/data/q.csv", *[files[0]] * 5, broken, files[0])
    on_disk = tmp_path.joinpath("in").as_uri() + "/b.*"
    out = tmp_path / "out"
    predict_files(own_run, [served, on_disk], out.as_uri(), section_bytes=1000)
    table = parts(out)
    assert table["source"].unique().to_pylist() == [served, str(files[1])]
    table = table.set_column(0, "source", pa.array([str(files[0])] * 100 + [str(files[1])] * 101))
    disk = tmp_path / "disk"
    disk.mkdir()
    pq.write_table(table, disk / "part-0.parquet")
    agrees(disk, files[:2])
    assert len(server.requests) > 6


def test_a_broken_row_is_told_with_its_line_and_after_mending_only_its_file_is_read(
    ray_here, own_run, files, tmp_path, agrees
):
    out = tmp_path / "out"
    mended = files[1].read_bytes()
    files[1].write_bytes(mended + b'{"text": \n')
    with pytest.raises(DataError) as raised:
        predict_files(own_run, list(map(str, files)), str(out), section_bytes=1000)
    assert str(raised.value).startswith(f"{files[1]}:203: not JSON")
    assert str(raised.value).endswith("the other files, 5 of 6, are done; mend and --resume")
    agrees(out, [file for file in files if file != files[1]])
    files[1].write_bytes(mended)
    summary = predict_files(own_run, list(map(str, files)), str(out), section_bytes=1000, resume=True)
    agrees(out, files)
    assert (summary.rows, summary.rows_now) == (560, 101)


def test_resume_refuses_what_is_not_the_same_prediction(ray_here, own_run, files, tmp_path):
    out = str(tmp_path / "out")
    names = [str(files[0]), str(files[4])]
    predict_files(own_run, names, out)
    for options, told in (
        ({}, "holds predictions; --resume goes on with them"),
        ({"resume": True, "top_k": 2}, "was begun with top_k 1, not 2"),
        ({"resume": True, "sources": names[:1]}, f"was begun with other files: {files[4]}"),
        ({"resume": True, "sources": names[::-1]}, "was begun with other files"),
    ):
        with pytest.raises(UsageError, match=told):
            predict_files(**{"run": own_run, "sources": names, "out": out, **options})
    assert predict_files(own_run, names, out, resume=True).rows_now == 0
    files[4].write_text("other\n")
    with pytest.raises(UsageError, match=r"e.txt has changed since"):
        predict_files(own_run, names, out, resume=True)


def test_a_part_that_is_gone_or_damaged_is_made_again(ray_here, own_run, files, tmp_path, agrees):
    out = tmp_path / "out"
    predict_files(own_run, [str(files[0])], str(out), section_bytes=1000)
    first, second, *_ = sorted(out.glob("part-*"))
    first.unlink()
    second.write_bytes(second.read_bytes()[:-20])
    summary = predict_files(own_run, [str(files[0])], str(out), resume=True)
    agrees(out, [files[0]])
    assert 0 < summary.rows_now < summary.rows == 100


def test_a_driver_that_is_killed_after_a_worker_was_leaves_whole_parts_and_resume_makes_the_others(
    ray_here, own_run, tmp_path, many, agrees, cct_text
):
    sources = [write(tmp_path / f"{number:02}.txt", many(4000)) for number in range(20)]
    out = tmp_path / "out"
    arguments = ["predict", own_run, tmp_path / "*.txt", "--engine", "ray", "--workers", "2", "-o", out]
    driver = subprocess.Popen(
        [sys.executable, "-m", "cct_text_cli", *map(str, arguments)],
        env={**os.environ, "RAY_ADDRESS": ray_here},
        stdout=subprocess.PIPE,
    )
    wait_for_parts(out, 2, driver)
    ray_workers()[0].kill()
    wait_for_parts(out, 5, driver)
    driver.kill()
    assert driver.communicate()[0] == b""
    while ray_workers():
        time.sleep(0.1)
    there = {part.name: part.stat().st_mtime_ns for part in out.glob("part-*")}
    assert 5 <= len(there) < 20
    assert json.loads((out / MANIFEST).read_text())["rows"] is None
    outcome = cct_text(*arguments, "--resume")
    assert (outcome.code, outcome.out, outcome.err) == (0, "", "")
    agrees(out, sources)
    assert {name: (out / name).stat().st_mtime_ns for name in there} == there
    assert json.loads((out / MANIFEST).read_text())["rows"] == 80_000
