"""A file of word vectors that someone sends runs nothing when it is read."""

import pickle
import zipfile

import numpy as np
import pytest
import torch

from cct_text.errors import DataError
from cct_text.vectors import load_vectors
from tests.support import vector_files
from tests.support.planted import Bomb
from tests.support.vector_files import MATRIX, WORDS


def gensim_with(**attributes):
    """The bytes of a KeyedVectors file in which some parts are others."""
    vectors = vector_files.keyed_vectors()
    vars(vectors).update(attributes)
    return pickle.dumps(vectors, protocol=4)


def objects_in_npz(path, bomb):
    words = np.array([bomb, *WORDS[1:]], dtype=object)
    np.savez(path, words=words, vectors=MATRIX)


def pickle_in_npz(path, bomb):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("words.npy", pickle.dumps(bomb))
        archive.writestr("vectors.npy", pickle.dumps(bomb))


def second_file(path, bomb):
    vector_files.gensim_in_two_files(path)
    np.save(f"{path}.vectors.npy", np.array([bomb], dtype=object), allow_pickle=True)


HOSTILE = {
    "a bare pickle as .kv": ("m.kv", lambda path, bomb: path.write_bytes(pickle.dumps(bomb))),
    "words of a .kv": ("m.kv", lambda path, bomb: path.write_bytes(gensim_with(index_to_key=bomb))),
    "one word of a .kv": ("m.kv", lambda path, bomb: path.write_bytes(gensim_with(index_to_key=[*WORDS[1:], bomb]))),
    "an array in a .kv": (
        "m.kv",
        lambda path, bomb: path.write_bytes(gensim_with(vectors=np.array([[bomb]] * 12, dtype=object))),
    ),
    "what nobody reads of a .kv": ("m.kv", lambda path, bomb: path.write_bytes(gensim_with(expandos={"count": bomb}))),
    "the second file of a .kv": ("m.kv", second_file),
    "an object among the words of an .npz": ("m.npz", objects_in_npz),
    "a pickle as member of an .npz": ("m.npz", pickle_in_npz),
    "a bare pickle as .npz": ("m.npz", lambda path, bomb: path.write_bytes(pickle.dumps(bomb))),
    "a bare pickle as .pt": ("m.pt", lambda path, bomb: path.write_bytes(pickle.dumps(bomb))),
    "a .pt": ("m.pt", lambda path, bomb: torch.save(bomb, path)),
    "an old .pt": ("m.pt", lambda path, bomb: torch.save(bomb, path, _use_new_zipfile_serialization=False)),
    "the words of a .pt": ("m.pt", lambda path, bomb: torch.save((bomb, {}, torch.from_numpy(MATRIX), 5), path)),
    "the ids of a .pt": ("m.pt", lambda path, bomb: torch.save((WORDS, bomb, torch.from_numpy(MATRIX), 5), path)),
    "a pickle as text": ("m.txt", lambda path, bomb: path.write_bytes(pickle.dumps(bomb))),
    "a pickle as word2vec binary": ("m.bin", lambda path, bomb: path.write_bytes(pickle.dumps(bomb))),
}


def test_the_bomb_goes_off_where_pickles_are_trusted(tmp_path):
    pickle.loads(pickle.dumps(Bomb(tmp_path / "crater")))
    assert (tmp_path / "crater").is_dir()


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_file_is_refused_and_runs_nothing(tmp_path, kind):
    name, write = HOSTILE[kind]
    write(tmp_path / name, Bomb(tmp_path / "crater"))
    with pytest.raises(DataError) as caught:
        load_vectors(str(tmp_path / name))
    assert str(caught.value).startswith(f"{tmp_path / name}:")
    assert not (tmp_path / "crater").exists()


def call(module, name, *arguments):
    """A pickle that calls a function by its name."""
    frame = pickle.dumps(module, 4)[:2]
    body = b"".join(pickle.dumps(part, 4)[11:-1] for part in (module, name))
    return frame + body + b"\x93" + pickle.dumps(arguments, 4)[11:-1] + b"R."


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("os", "system"),
        ("builtins", "eval"),
        ("builtins", "getattr"),
        ("gensim.utils", "unpickle"),
        ("gensim.models.keyedvectors", "KeyedVectors.load"),
        ("numpy", "load"),
        ("numpy", "ndarray.tofile"),
        ("numpy._core.multiarray", "fromfile"),
        ("numpy._core.multiarray", "_reconstruct.__call__"),
        ("cct_text.vectors.keyed_vectors", "pickle.loads"),
    ],
)
def test_what_no_vectors_need_is_refused_by_its_name(tmp_path, module, name):
    (tmp_path / "m.kv").write_bytes(call(module, name, "argument"))
    with pytest.raises(DataError, match=f"it asks for {module}.{name}, which no KeyedVectors needs"):
        load_vectors(str(tmp_path / "m.kv"))


def test_control_characters_of_a_file_do_not_reach_the_terminal(tmp_path):
    (tmp_path / "m.kv").write_bytes(call("\x1b[2J", "name\nof two lines", "argument"))
    with zipfile.ZipFile(tmp_path / "m.zip", "w") as archive:
        archive.writestr("\x1b[2J\n.txt", "no number\n")
    for name in ("m.kv", "m.zip"):
        with pytest.raises(DataError) as caught:
            load_vectors(str(tmp_path / name))
        assert str(caught.value).isprintable()


def test_an_array_of_objects_is_refused(tmp_path):
    (tmp_path / "m.kv").write_bytes(gensim_with(vectors=np.zeros((12, 5), object)))
    with pytest.raises(DataError, match="its vectors are .O8, not floats"):
        load_vectors(str(tmp_path / "m.kv"))


def test_flags_that_tell_numpy_to_follow_numbers_as_pointers_are_not_heeded(tmp_path):
    content = gensim_with()
    # The state of float32 as protocol 4 writes it: ..., -1, -1, and the flags of the type.
    state = b"J\xff\xff\xff\xffJ\xff\xff\xff\xffK"
    assert content.count(state + b"\x00t") == 1
    (tmp_path / "m.kv").write_bytes(content.replace(state + b"\x00t", state + b"\x3ft"))
    assert np.array_equal(load_vectors(str(tmp_path / "m.kv")).matrix, MATRIX)


def test_an_array_that_claims_more_numbers_than_it_has_is_refused(tmp_path):
    content = gensim_with(vectors=MATRIX[:11])
    # The shape (11, 5) as protocol 4 writes it, made (12, 5).
    assert content.count(b"K\x0bK\x05\x86") == 1
    (tmp_path / "m.kv").write_bytes(content.replace(b"K\x0bK\x05\x86", b"K\x0cK\x05\x86"))
    with pytest.raises(DataError, match="cannot reshape array of size 55"):
        load_vectors(str(tmp_path / "m.kv"))
