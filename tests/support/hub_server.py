"""A small Hugging Face hub on this machine: as much of its interface as the `datasets` library asks for, and its models."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from tests.support.hub_models import HubModels

COMMIT = "0123456789abcdef0123456789abcdef01234567"

_FILE = re.compile(r"/datasets/([^/]+/[^/]+)/resolve/[^/]+/(.+)")
_API = re.compile(r"/api/datasets/([^/]+/[^/]+)(?:/(revision|tree)/[^/]+(?:/(.+))?)?")


class HubServer:
    """The hub.

    Attributes:
        url: its address, for $HF_ENDPOINT.
        repositories: files by path, by the data set's name.
        models: its repositories of models.
        requests: `METHOD PATH` of those that came, oldest first.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.repositories: dict[str, Mapping[str, bytes]] = {}
        self.models = HubModels(url)
        self.requests: list[str] = []

    def answer(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body."""
        if "/datasets/" not in path and (answer := self.models.answer(method, path, headers, body)) is not None:
            return answer
        if match := _FILE.fullmatch(path):
            return self._file(match[1], match[2])
        if match := _API.fullmatch(path):
            if match[1] not in self.repositories:
                return 404, {"X-Error-Code": "RepoNotFound"}, b""
            return self._tree(match[1], match[3] or "") if match[2] == "tree" else self._information(match[1])
        return 404, {"X-Error-Code": "RepoNotFound"}, b""

    def _file(self, repository: str, path: str) -> tuple[int, dict[str, str], bytes]:
        if repository not in self.repositories:
            return 404, {"X-Error-Code": "RepoNotFound"}, b""
        content = self.repositories[repository].get(path)
        if content is None:
            return 404, {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": COMMIT}, b""
        return 200, {"ETag": f'"{hashlib.sha1(content).hexdigest()}"', "X-Repo-Commit": COMMIT}, content

    def _information(self, repository: str) -> tuple[int, dict[str, str], bytes]:
        siblings = [{"rfilename": path} for path in self.repositories[repository]]
        return _json({"_id": "1", "id": repository, "sha": COMMIT, "siblings": siblings, "private": False, "tags": []})

    def _tree(self, repository: str, folder: str) -> tuple[int, dict[str, str], bytes]:
        prefix = f"{folder}/" if folder else ""
        rows = {}
        for path, content in self.repositories[repository].items():
            if path.startswith(prefix):
                name, slash, _ = path.removeprefix(prefix).partition("/")
                oid = hashlib.sha1(content).hexdigest()
                kind = {"type": "directory", "size": 0} if slash else {"type": "file", "size": len(content)}
                rows[name] = {"path": prefix + name, "oid": oid, **kind}
        return _json(list(rows.values())) if rows else (404, {"X-Error-Code": "EntryNotFound"}, b"")


def _json(value: object) -> tuple[int, dict[str, str], bytes]:
    return 200, {"Content-Type": "application/json"}, json.dumps(value).encode()


@contextmanager
def hub_server() -> Iterator[HubServer]:
    """A hub that runs while the block does."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as listener:
        listener.hub = HubServer(f"http://127.0.0.1:{listener.server_port}")
        thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield listener.hub
        finally:
            listener.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        self.server.hub.requests.append(f"{self.command} {path}")
        status, headers, body = self.server.hub.answer(self.command, path, self.headers, self._body())
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_HEAD = do_POST = do_PUT = do_GET  # noqa: N815 - the names that http.server calls

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        chunks = []
        while size := int(self.rfile.readline(), 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def log_message(self, *_: object) -> None:
        """Say nothing."""
