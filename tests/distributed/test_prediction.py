"""Ray's workers say of every row what `predict` says, once."""

import csv
import gzip
import json
import os
import shutil
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
from cct_text.inference.classifier import TextClassifier
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
    own = {process.pid for process in psutil.Process().children(recursive=True)}
    running = psutil.process_iter(["cmdline"])  # which knows no arguments of one that has just ended
    return [process for process in running if process.pid in own and "MapBatches(" in str(process.info["cmdline"])]


@pytest.fixture(scope="module")
def files(tmp_path_factory, many):
    """A file of each format, under one folder."""
    folder = tmp_path_factory.mktemp("files") / "in"
    (folder / "deeper").mkdir(parents=True)
    names = ("a.csv", "b.jsonl", "c.parquet", "d.tsv", "deeper/e.txt")
    written = [write(folder / name, many(100 + number)) for number, name in enumerate(names)]
    (folder / "deeper" / "f.txt.gz").write_bytes(gzip.compress("\n".join(many(50)).encode()))
    (folder / "_SUCCESS").touch()
    (folder / ".hidden.csv").touch()
    return [*written, folder / "deeper" / "f.txt.gz"]


@pytest.fixture(scope="module")
def predicted(ray_here, own_run, files, tmp_path_factory):
    """The output folder of all of them, the summary and the progress."""
    out = tmp_path_factory.mktemp("out") / "labels"
    done = []
    summary = predict_files(own_run, [str(files[0].parent)], str(out), section_bytes=1000, progress=done.append)
    return out, summary, done


@pytest.fixture
def again(predicted, own_run, files, tmp_path):
    """Goes on in a copy of that folder, with other options."""
    out = tmp_path / "copy"
    shutil.copytree(predicted[0], out)
    same = {"run": own_run, "sources": [str(files[0].parent)], "out": str(out), "section_bytes": 1000, "resume": True}
    return out, lambda **options: predict_files(**{**same, **options})


def test_a_folder_of_all_formats_cut_into_many_sections_gives_the_rows_of_predict(predicted, files, agrees):
    out, summary, done = predicted
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
            killed.append(ray_workers()[0])
            killed[0].kill()

    out = tmp_path / "out"
    summary = predict_files(own_run, [str(source)], str(out), section_bytes=40_000, progress=kill)
    assert psutil.wait_procs(killed, timeout=20) == (killed, [])
    agrees(out, [source])
    assert (summary.rows, summary.workers) == (30_000, 2)


def test_files_by_url_are_read_as_those_on_disk_are(ray_here, own_run, files, tmp_path, server, parts, agrees):
    # Without ranges, and it fails for a moment when it is read after it was looked at.
    broken = Reply(files[0].read_bytes(), break_after=100)
    served = server.serve("/data/q.csv", *[files[0]] * 5, broken, files[0])
    on_disk = files[0].parent.as_uri() + "/b.*"
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
    ray_here, own_run, tmp_path, many, agrees
):
    first, second = (write(tmp_path / f"{number}.jsonl", many(60)) for number in range(2))
    whole = first.read_bytes()
    first.write_bytes(whole + b'{"text": \n')
    arguments = {
        "run": own_run,
        "sources": [str(first), str(second)],
        "out": str(tmp_path / "out"),
        "section_bytes": 1000,
    }
    with pytest.raises(DataError) as raised:
        predict_files(**arguments)
    assert str(raised.value).startswith(f"{first}:121: not JSON")
    assert str(raised.value).endswith("the other files, 1 of 2, are done; mend and --resume")
    agrees(tmp_path / "out", [second])
    first.write_bytes(whole)
    summary = predict_files(**arguments, resume=True)
    agrees(tmp_path / "out", [first, second])
    assert (summary.rows, summary.rows_now) == (120, 60)


def test_resume_keeps_what_is_there_and_refuses_another_prediction(again, files):
    _, predict = again
    assert predict().rows_now == 0
    inside, others = str(files[0].parent), [str(file) for file in files]
    for options, told in (
        ({"resume": False}, "holds predictions; --resume goes on with them"),
        ({"top_k": 2}, "was begun with top_k 1, not 2"),
        ({"sources": others[1:]}, f"was begun with other files: {files[0]}"),
        ({"sources": [others[1], inside]}, "was begun with other files"),
    ):
        with pytest.raises(UsageError, match=told):
            predict(**options)
    before, content = files[4].stat(), files[4].read_text()
    files[4].write_text("other\n")
    try:
        with pytest.raises(UsageError, match=r"e.txt has changed since"):
            predict()
    finally:
        files[4].write_text(content)
        os.utime(files[4], ns=(before.st_atime_ns, before.st_mtime_ns))


def test_a_part_that_is_gone_or_damaged_is_made_again(again, files, agrees):
    out, predict = again
    first, second, *_ = sorted(out.glob("part-*"))
    first.unlink()
    second.write_bytes(second.read_bytes()[:-20])
    summary = predict()
    agrees(out, files)
    assert 0 < summary.rows_now < summary.rows == 560
    assert summary.kept == summary.parts - 2


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


def test_parts_hold_lists_of_labels(ray_here, tagged_run, many, parts, tmp_path):
    texts = many(300)
    (tmp_path / "new.txt").write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
    predict_files(tagged_run, [str(tmp_path / "new.txt")], str(tmp_path / "out"), precision="fp32", section_bytes=4000)
    found = parts(tmp_path / "out")
    wanted = TextClassifier.load(tagged_run, precision="fp32").predict_sets(texts)
    assert list(map(tuple, found["label"].to_pylist())) == wanted
    assert [len(row) for row in found["probability"].to_pylist()] == [len(row) for row in wanted]
