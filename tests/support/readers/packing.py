"""Content in archives, packed anew when it has changed."""

from __future__ import annotations

import gzip
import zipfile
from collections.abc import Callable
from io import BytesIO


def gzipped(content: bytes) -> bytes:
    return gzip.compress(content, 1, mtime=0)


def zipped(name: str) -> Callable[[bytes], bytes]:
    def pack(content: bytes) -> bytes:
        out = BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(name, content)
        return out.getvalue()

    return pack
