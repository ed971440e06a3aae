"""A text file is converted once and looked up from then on: the same arrays, or as if there were no store."""

import os
import zipfile
from threading import Event

import numpy as np
import pyarrow as pa
import pytest
from filelock import FileLock

from cct_text.errors import DataError
from cct_text.vectors import frequent_words, load_vectors
from cct_text.vectors.store import build_store, open_store, stop_building, store_folder
from cct_text.vectors.text_file import TextVectors
from tests.support.vector_files import FORMATS, MATRIX, WORDS, glove, write
from tests.vectors.conftest import wait_for_background

TEXT_FORMATS = [kind for kind in FORMATS if kind.startswith(("GloVe text", "zip", "word2vec text"))]


def use(spec, **which):
    """What a process gets that loads and ends: words and numbers."""
    vectors = load_vectors(spec, **which)
    wait_for_background()
    return vectors.words, vectors.matrix.tolist()


@pytest.fixture
def file(tmp_path):
    """A text file with a store."""
    path = write("GloVe text", tmp_path)
    use(path)
    file = TextVectors(tmp_path / "m.txt")
    assert open_store(file) is not None
    return file


def stored(home):
    return sorted(path.name for path in (home / "vectors").iterdir() if path.is_dir())


# The second use


@pytest.mark.parametrize("kind", TEXT_FORMATS)
@pytest.mark.parametrize("which", [{}, {"words": ["of", "🙂", "no"]}, {"top": 3}, {"words": ["e", "the"], "top": 2}])
def test_the_second_use_gives_the_same_arrays(tmp_path, kind, which):
    spec = write(kind, tmp_path)
    path, _, member = spec.partition("!")
    assert use(spec, **which) == use(spec, **which)
    assert open_store(TextVectors(tmp_path / path, member or ("m.txt" if path.endswith(".zip") else None))) is not None


def test_the_second_use_does_not_read_the_file(file):
    before, status = use(str(file.path)), file.path.stat()
    file.path.write_bytes(b"\n" * status.st_size)
    os.utime(file.path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert use(str(file.path)) == before


def test_words_that_stand_twice_do_not_come_twice_at_the_second_use(tmp_path):
    (tmp_path / "m.txt").write_bytes(b"a 1 2\nb 3 4\na 5 6\nb 7 8\nc 9 10\n")
    for _ in range(2):
        assert use(str(tmp_path / "m.txt")) == (["a", "b", "c"], [[1, 2], [3, 4], [9, 10]])
        assert use(str(tmp_path / "m.txt"), words=["b"]) == (["b"], [[3, 4]])
        assert frequent_words(str(tmp_path / "m.txt"), 3) == ["a", "b"]


def test_a_file_of_many_blocks_is_converted_row_by_row(tmp_path):
    words, matrix = [f"w{index}" for index in range(20_001)], np.arange(40_002, dtype=np.float32).reshape(-1, 2)
    file = TextVectors(tmp_path / "m.txt")
    file.path.write_bytes(b"20001 2\n" + glove(words, matrix))
    build_store(file)
    store = open_store(file)
    assert store.shape() == (20_001, 2)
    assert store.select(None).words == words
    assert np.array_equal(store.select(None).matrix, matrix)


def test_only_text_files_are_converted(tmp_path, home):
    for kind in set(FORMATS) - set(TEXT_FORMATS):
        use(write(kind, tmp_path))
    assert not (home / "vectors").exists()


# Which file a store belongs to


def test_a_file_that_grows_is_read_anew(file):
    file.path.write_bytes(file.path.read_bytes() + glove(["new"], MATRIX[:1]))
    for _ in range(2):
        assert use(str(file.path), words=["new"]) == (["new"], MATRIX[:1].tolist())


def test_a_file_that_changes_without_growing_is_read_anew(file):
    file.path.write_bytes(file.path.read_bytes().replace(b"the ", b"teh "))
    os.utime(file.path, ns=(0, file.path.stat().st_mtime_ns + 1))
    for _ in range(2):
        assert use(str(file.path))[0] == ["teh", *WORDS[1:]]


def test_each_member_of_a_zip_has_a_store_of_its_own(tmp_path, home):
    with zipfile.ZipFile(tmp_path / "m.zip", "w") as archive:
        archive.writestr("a.txt", "word 1 2\n")
        archive.writestr("b.txt", "word 3 4\n")
    for _ in range(2):
        assert use(f"{tmp_path}/m.zip!a.txt") == (["word"], [[1, 2]])
        assert use(f"{tmp_path}/m.zip!b.txt") == (["word"], [[3, 4]])
    assert len(stored(home)) == 2


def test_a_file_has_one_store_however_its_path_is_written(file, home, monkeypatch):
    monkeypatch.chdir(file.path.parent)
    (file.path.parent / "link.txt").symlink_to(file.path)
    for spec in ("m.txt", "./m.txt", "link.txt"):
        use(spec)
    assert len(stored(home)) == 1


def test_a_file_of_too_many_bytes_is_not_kept(tmp_path, home, monkeypatch):
    monkeypatch.setattr("cct_text.vectors.store._MOST_BYTES", 100)
    write("GloVe text", tmp_path)
    with pytest.raises(DataError, match="more than 100 bytes"):
        build_store(TextVectors(tmp_path / "m.txt"))
    assert stored(home) == []


# A store that is no good


def other_words(folder):
    table = pa.table({"word": ["one"]})
    with pa.OSFile(str(folder / "words.arrow"), "wb") as sink, pa.ipc.new_file(sink, table.schema) as out:
        out.write_table(table)


def other_offsets(folder):
    offsets = np.zeros(len(WORDS) + 1, np.int32)
    offsets[3] = 2**30  # only the first and the last are looked at when a file is opened
    words = pa.Array.from_buffers(pa.string(), len(WORDS), [None, pa.py_buffer(offsets), pa.py_buffer(b"x")])
    table = pa.table({"word": words})
    with pa.OSFile(str(folder / "words.arrow"), "wb") as sink, pa.ipc.new_file(sink, table.schema) as out:
        out.write_table(table)


DAMAGE = {
    "no words": lambda folder: (folder / "words.arrow").unlink(),
    "no numbers": lambda folder: (folder / "vectors.npy").unlink(),
    "emptied words": lambda folder: (folder / "words.arrow").write_bytes(b""),
    "emptied numbers": lambda folder: (folder / "vectors.npy").write_bytes(b""),
    "noise for words": lambda folder: (folder / "words.arrow").write_bytes(bytes(range(256))),
    "noise for numbers": lambda folder: (folder / "vectors.npy").write_bytes(bytes(range(256))),
    "words of another file": other_words,
    "numbers of another file": lambda folder: np.save(folder / "vectors.npy", MATRIX[:3]),
    "numbers of another kind": lambda folder: np.save(folder / "vectors.npy", MATRIX.astype(np.int64)),
    "a list of numbers": lambda folder: np.save(folder / "vectors.npy", MATRIX[:, 0]),
    "offsets that point anywhere": other_offsets,
    "half of everything": lambda folder: [os.truncate(path, path.stat().st_size // 2) for path in folder.iterdir()],
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_store_is_passed_over_and_made_anew(file, damage):
    DAMAGE[damage](store_folder(file))
    assert open_store(file) is None
    assert use(str(file.path)) == (WORDS, MATRIX.tolist())
    assert open_store(file).select(None).words == WORDS


@pytest.mark.parametrize("name", ["words.arrow", "vectors.npy"])
def test_a_store_cut_short_anywhere_is_passed_over(file, name):
    path = store_folder(file) / name
    content = path.read_bytes()
    for length in range(0, len(content), 7):
        path.write_bytes(content[:length])
        assert open_store(file) is None


# A file that cannot be converted


@pytest.mark.parametrize(
    "row",
    [b"short 1\n", b"word 1 x\n", b"wide 1 2 3\n", b"word nan 2\n", b"word 1e39 2\n", b"caf\xe9 1 2\n"],
    ids=["short", "no number", "wide", "NaN", "infinity", "no UTF-8"],
)
def test_a_file_with_a_bad_row_is_not_stored_and_still_usable(tmp_path, home, row):
    path = tmp_path / "m.txt"
    path.write_bytes(b"a 1 2\n" + row + b"b 3 4\n")
    for _ in range(2):
        assert use(str(path), words=["a", "b"]) == (["a", "b"], [[1, 2], [3, 4]])
    assert stored(home) == []
    with pytest.raises(DataError):
        build_store(TextVectors(path))


def test_a_cache_that_cannot_be_written_to_is_done_without(tmp_path, monkeypatch):
    (tmp_path / "home").write_text("in the way")
    monkeypatch.setenv("CCT_TEXT_HOME", str(tmp_path / "home"))
    spec = write("GloVe text", tmp_path)
    for _ in range(2):
        assert use(spec) == (WORDS, MATRIX.tolist())


def test_a_file_that_another_process_converts_is_left_to_it(tmp_path, home):
    file = TextVectors(tmp_path / "m.txt")
    file.path.write_bytes(glove())
    folder = store_folder(file)
    folder.parent.mkdir()
    with FileLock(f"{folder}.lock"):
        build_store(file)
        assert stored(home) == []
    build_store(file)
    assert stored(home) == [folder.name]


def test_a_process_that_is_interrupted_does_not_wait_for_the_conversion(tmp_path, home, monkeypatch):
    monkeypatch.setattr("cct_text.vectors.store._stopping", Event())
    stop_building()
    assert use(write("GloVe text", tmp_path)) == (WORDS, MATRIX.tolist())
    assert stored(home) == []
