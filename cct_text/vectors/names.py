"""The word vectors that go by a name."""

from __future__ import annotations

from dataclasses import dataclass

from cct_text.download import RemoteFile

_STANFORD = "https://nlp.stanford.edu/data"


@dataclass(frozen=True)
class NamedVectors:
    """Vectors that go by a name.

    Attributes:
        name: such as `glove.6B.100d`.
        archive: name of the official zip.
        words: rows of the official file.
        dim: E.
        corpus: what they were trained on.
    """

    name: str
    archive: str
    words: int
    dim: int
    corpus: str

    @property
    def member(self) -> str:
        """The file's name inside the archive."""
        return f"{self.name}.txt"

    @property
    def remote(self) -> RemoteFile:
        """The official archive; no checksum of it is published."""
        return RemoteFile(self.archive, (f"{_STANFORD}/{self.archive}",))


NAMES = {
    vectors.name: vectors
    for vectors in (
        *(
            NamedVectors(f"glove.6B.{dim}d", "glove.6B.zip", 400_000, dim, "Wikipedia 2014 and Gigaword 5")
            for dim in (50, 100, 200, 300)
        ),
        NamedVectors("glove.42B.300d", "glove.42B.300d.zip", 1_917_494, 300, "Common Crawl, lower-cased"),
        NamedVectors("glove.840B.300d", "glove.840B.300d.zip", 2_196_017, 300, "Common Crawl, cased"),
        *(
            NamedVectors(f"glove.twitter.27B.{dim}d", "glove.twitter.27B.zip", 1_193_514, dim, "Twitter")
            for dim in (25, 50, 100, 200)
        ),
    )
}
