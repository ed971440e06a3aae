import io
import tarfile

import pytest

from cct_text.errors import DataError
from tests.support.official_files import REVIEWS, rows_of, tar_gz, write_reviews


def test_labels_are_the_folders_and_breaks_are_blanks(load, tmp_path):
    dataset = load("imdb", data_dir=write_reviews(tmp_path / "imdb"), dev_fraction=0.0)
    assert dataset.labels == ("neg", "pos")
    assert rows_of(dataset.train, dataset.labels) == [("neg", "A bad film."), ("pos", "A fine film.  See it.")]
    assert rows_of(dataset.test, dataset.labels) == [("neg", "Dreadful."), ("pos", "Wonderful.")]


@pytest.mark.parametrize("mark", ["<br />", "<br/>", "<BR>", "<br  />"])
def test_every_spelling_of_a_break_is_a_blank(load, tmp_path, mark):
    write_reviews(tmp_path, {**REVIEWS, "aclImdb/test/pos/0_10.txt": f"One{mark}two < three.".encode()})
    assert load("imdb", data_dir=tmp_path).test.texts[1].as_py() == "One two < three."


def test_the_order_of_rows_does_not_depend_on_the_order_in_the_archive(load, tmp_path):
    more = {f"aclImdb/train/pos/{number}_8.txt": b"Number %d." % number for number in range(20)}
    members = {**REVIEWS, **more}
    one = load("imdb", data_dir=write_reviews(tmp_path / "one", members))
    other = load("imdb", data_dir=write_reviews(tmp_path / "other", dict(reversed(members.items()))))
    assert one.files != other.files
    assert one.sha256 == other.sha256


def test_reviews_without_label_and_other_files_are_left_out(load, tmp_path):
    others = dict.fromkeys(
        [
            "aclImdb/train/unsup/0_0.txt",
            "aclImdb/train/labeledBow.feat",
            "aclImdb/train/pos/readme.md",
            "aclImdb/README",
            "aclImdb/train/pos/deeper/1_9.txt",
        ],
        b"Not a row.",
    )
    dataset = load("imdb", data_dir=write_reviews(tmp_path, {**REVIEWS, **others}), dev_fraction=0.0)
    assert len(dataset.train) == len(dataset.test) == 2


def test_bytes_that_are_not_utf_8_are_replaced(load, tmp_path):
    write_reviews(tmp_path, {**REVIEWS, "aclImdb/test/pos/0_10.txt": b"Caf\xe9 \x85"})
    assert load("imdb", data_dir=tmp_path).test.texts[1].as_py() == "Caf\ufffd \ufffd"


@pytest.mark.parametrize("name", ["../../escaped.txt", "aclImdb/train/pos/../../../../escaped.txt", "/escaped.txt"])
def test_a_member_that_points_out_of_the_archive_writes_nothing_and_is_refused(load, tmp_path, name):
    (tmp_path / "deep" / "er").mkdir(parents=True)
    folder = write_reviews(tmp_path / "deep" / "er", {**REVIEWS, name: b"out"})
    with pytest.raises(DataError, match=r"escaped.txt': a name that leads out of the archive; is it the official"):
        load("imdb", data_dir=folder)
    assert not list(tmp_path.rglob("escaped.txt"))


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (tarfile.SYMTYPE, "a link"),
        (tarfile.LNKTYPE, "a link"),
        (tarfile.CHRTYPE, "a device"),
        (tarfile.BLKTYPE, "a device"),
        (tarfile.FIFOTYPE, "a device"),
    ],
)
def test_a_link_or_a_device_in_the_archive_is_refused(load, tmp_path, kind, told):
    (tmp_path / "secret.txt").write_text("a secret")
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        info = tarfile.TarInfo("aclImdb/train/pos/7_9.txt")
        info.type, info.linkname = kind, str(tmp_path / "secret.txt")
        archive.addfile(info)
    (tmp_path / "aclImdb_v1.tar.gz").write_bytes(out.getvalue())
    with pytest.raises(DataError, match=f"7_9.txt': {told}; is it the official archive?"):
        load("imdb", data_dir=tmp_path)


def test_an_archive_of_something_else_is_told(load, tmp_path):
    (tmp_path / "aclImdb_v1.tar.gz").write_bytes(tar_gz({"photos/1.jpg": b"..."}))
    with pytest.raises(DataError, match=r"has no reviews under aclImdb/train; is it the official archive\?"):
        load("imdb", data_dir=tmp_path)
