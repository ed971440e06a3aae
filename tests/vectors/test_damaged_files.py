"""A damaged or foreign file is named in one line; no bytes at all end in a traceback."""

import resource
import shutil
import zipfile
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cct_text.errors import CCTTextError, DataError
from cct_text.vectors import load_vectors
from cct_text.vectors.sources import find
from cct_text.vectors.store import build_store, open_store
from cct_text.vectors.text_file import TextVectors
from tests.support import vector_files
from tests.support.vector_files import FORMATS, MATRIX, WORDS, write

NOT_PLAIN = [kind for kind, (ending, _) in FORMATS.items() if ending not in (".txt", ".vec")]


def fails(spec):
    """What is told, in one line that names the file."""
    with pytest.raises(DataError) as caught:
        load_vectors(spec)
    message = str(caught.value)
    assert message.startswith(spec.partition("!")[0])
    assert len(message.splitlines()) == 1
    return message


@pytest.mark.parametrize("kind", NOT_PLAIN)
def test_a_file_cut_short_anywhere_is_named(tmp_path, kind):
    spec = write(kind, tmp_path)
    path = Path(spec.partition("!")[0])
    content = path.read_bytes()
    # The last byte is needed in every format, but for word2vec's line end behind the last row.
    last = len(content) - (kind == "word2vec binary with line ends")
    for length in [*range(0, last - 40, max(1, last // 40)), *range(last - 40, last)]:
        path.write_bytes(content[:length])
        fails(spec)


@pytest.mark.parametrize("ending", sorted({ending for ending, _ in FORMATS.values()}))
@pytest.mark.parametrize(
    "content", [b"", b"\n", b"\x00" * 100, b"PK\x03\x04" + bytes(30), b"<!DOCTYPE html>\n<html>\n"]
)
def test_a_file_of_another_kind_is_named(tmp_path, ending, content):
    (tmp_path / f"m{ending}").write_bytes(content)
    fails(str(tmp_path / f"m{ending}"))


@pytest.mark.parametrize("ending", [".npz", ".kv", ".pt", ".zip", ".txt.gz"])
@pytest.mark.parametrize("kind", ["GloVe text", "word2vec binary", "gensim", "NumPy", "torchtext's cache"])
def test_a_file_with_the_ending_of_another_format_is_named(tmp_path, kind, ending):
    path = Path(write(kind, tmp_path))
    if path.suffix != ending:
        fails(str(shutil.copy(path, tmp_path / f"renamed{ending}")))


def test_a_folder_in_the_place_of_the_second_file_is_named(tmp_path):
    spec = write("gensim in two files", tmp_path)
    (tmp_path / "m.kv.vectors.npy").unlink()
    assert "No such file" in fails(spec)
    (tmp_path / "m.kv.vectors.npy").mkdir()
    assert "Is a directory" in fails(spec)


@pytest.mark.parametrize(
    ("header", "told"),
    [
        (b"12\n", "not a word2vec binary file: it begins with b'12'"),
        (b"12 x\n", "not a word2vec binary file: it begins with b'12 x'"),
        (b"12 0\n", "not a word2vec binary file: it begins with b'12 0'"),
        (b"-1 5\n", "not a word2vec binary file: it begins with b'-1 5'"),
        (b"13 5\n", "ends in row 13 of 13"),
        (b"99999999999999999999 5\n", "ends in row 13 of 99999999999999999999"),
        (b"12 99999\n", "ends in row 1 of 12"),
        (b"12 999999999999\n", "not a word2vec binary file: it begins with b'12 999999999999'"),
    ],
)
def test_a_word2vec_header_that_does_not_fit_is_told(tmp_path, header, told):
    path = tmp_path / "m.bin"
    path.write_bytes(vector_files.binary().replace(b"12 5\n", header, 1))
    assert fails(str(path)) == f"{path}: {told}"


ARRAYS = {
    "no vectors": {"words": WORDS},
    "no words": {"vectors": MATRIX},
    "more words than rows": {"words": WORDS, "vectors": MATRIX[:3]},
    "more rows than words": {"words": WORDS[:3], "vectors": MATRIX},
    "one row": {"words": WORDS[:5], "vectors": MATRIX[0]},
    "three axes": {"words": WORDS, "vectors": MATRIX[:, :, None]},
    "no columns": {"words": WORDS, "vectors": MATRIX[:, :0]},
    "whole numbers": {"words": WORDS, "vectors": MATRIX.astype(int)},
    "numbers as text": {"words": WORDS, "vectors": MATRIX.astype(str)},
    "words as numbers": {"words": np.arange(12), "vectors": MATRIX},
    "words as bytes": {"words": np.array([b"a", b"b"]), "vectors": MATRIX[:2]},
    "words in columns": {"words": np.array([WORDS]), "vectors": MATRIX[:1]},
    "a single word": {"words": np.array("ab"), "vectors": MATRIX[:2]},
    "half a character": {"words": np.array(["\ud800", "b"]), "vectors": MATRIX[:2]},
}


@pytest.mark.parametrize("arrays", ARRAYS)
def test_arrays_that_are_no_word_vectors_are_refused(tmp_path, arrays):
    np.savez(tmp_path / "m.npz", **ARRAYS[arrays])
    fails(str(tmp_path / "m.npz"))


def test_a_billion_words_without_letters_take_no_memory(tmp_path):
    np.savez(tmp_path / "m.npz", words=np.array(WORDS), vectors=MATRIX)
    header = b"{'descr': '<U0', 'fortran_order': False, 'shape': (1000000000,), }".ljust(117) + b"\n"
    with zipfile.ZipFile(tmp_path / "m.npz") as whole, zipfile.ZipFile(tmp_path / "other.npz", "w") as archive:
        archive.writestr("words.npy", b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)
        archive.writestr("vectors.npy", whole.read("vectors.npy"))
    assert "words without letters" in fails(str(tmp_path / "other.npz"))


@pytest.mark.parametrize(
    "cache",
    [
        (WORDS, {}, torch.from_numpy(MATRIX)),
        (WORDS, {}, torch.from_numpy(MATRIX[:3]), 5),
        (WORDS, {}, torch.from_numpy(MATRIX).int(), 5),
        (WORDS, {}, torch.from_numpy(MATRIX).bfloat16(), 5),
        (WORDS, {}, MATRIX.tolist(), 5),
        ("words", {}, torch.zeros(5, 2), 5),
        ([1, 2], {}, torch.zeros(2, 2), 5),
        {"words": WORDS},
        7,
    ],
)
def test_a_torch_file_that_is_no_vector_cache_is_refused(tmp_path, cache):
    torch.save(cache, tmp_path / "m.pt")
    fails(str(tmp_path / "m.pt"))


def test_a_package_in_which_files_are_missing_is_told(tmp_path, monkeypatch):
    (tmp_path / "glove_of_another_maker").mkdir()
    (tmp_path / "glove_of_another_maker" / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr("cct_text.vectors.sources.GLOVE_PACKAGE", "glove_of_another_maker")
    with pytest.raises(DataError, match="glove_of_another_maker: not the vectors of"):
        load_vectors("glove.6B.50d")


# Any bytes


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("noise")


@pytest.fixture(scope="module")
def bounded_memory():
    """A few bytes of a pickle can ask for 32 GiB; here they get an error in place of the memory."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + (2 << 30), hard))
    yield
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


@pytest.fixture(scope="module")
def valid(folder):
    """The bytes of a whole file in each format, with its ending."""
    return [(FORMATS[kind][0], Path(write(kind, folder).partition("!")[0]).read_bytes()) for kind in FORMATS]


def told(action):
    """What an error of cct-text says, in one line; an empty text where there is none. Other errors come through."""
    try:
        action()
    except CCTTextError as error:
        return str(error)
    return ""


def read_in_every_way(path):
    """Nothing but the errors of cct-text may come out, and what is read without one must be fit for use."""
    messages = [
        told(lambda: find(str(path)).open().shape()),
        told(lambda: find(str(path)).open().select({"the"}, 2)),
        told(lambda: find(str(path)).open().select(None)),
    ]
    assert all(len(message.splitlines()) <= 1 for message in messages)
    if any(messages):
        return
    file = find(str(path)).open()
    everything = file.select(None)
    assert everything.matrix.dtype == np.float32
    assert everything.matrix.shape == (len(everything.words), everything.dim)
    assert np.isfinite(everything.matrix).all()
    if isinstance(file, TextVectors):
        with suppress(CCTTextError):
            build_store(file)
            assert open_store(file).select(None).words == everything.words


@given(noise=st.binary(max_size=200), ending=st.sampled_from(sorted({ending for ending, _ in FORMATS.values()})))
@settings(deadline=None, max_examples=300)
def test_random_bytes_raise_nothing_but_errors_with_words(folder, bounded_memory, noise, ending):
    path = folder / f"noise{ending}"
    path.write_bytes(noise)
    read_in_every_way(path)


@given(data=st.data())
@settings(deadline=None, max_examples=400)
def test_a_few_changed_bytes_raise_nothing_but_errors_with_words(folder, bounded_memory, valid, data):
    ending, content = data.draw(st.sampled_from(valid))
    changed = bytearray(content)
    for at in data.draw(st.lists(st.integers(-len(content), len(content) - 1), min_size=1, max_size=5)):
        changed[at] = data.draw(st.integers(0, 255))
    path = folder / f"changed{ending}"
    path.write_bytes(changed)
    read_in_every_way(path)
