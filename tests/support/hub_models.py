"""The models of a small Hugging Face hub: as much of its interface as pushing and pulling a repository asks for."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import yaml

Answer = tuple[int, dict[str, str], bytes]

_ID = r"([^/]+/[^/]+)"
_FILE = re.compile(rf"/{_ID}/resolve/([^/]+)/(.+)")
_API = re.compile(rf"/api/models/{_ID}(?:/(revision|tree|preupload|commit)/([^/]+))?")
_LFS = re.compile(rf"/{_ID}\.git/info/lfs/objects/batch")

LARGE = ("safetensors", "parquet")
"""Endings of files that go to the large file storage, whatever their size."""


@dataclass
class ModelRepository:
    """A repository of models.

    Attributes:
        private: whether it takes a token to see it.
        gated: whether it takes a permission to read its files, which nobody has.
        commits: files by path, by commit, oldest first.
        messages: of the commits that were pushed.
        tags: commits by the names of tags.
    """

    private: bool = False
    gated: bool = False
    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.commit({".gitattributes": b"*.safetensors filter=lfs\n"})

    @property
    def head(self) -> str:
        """The newest commit."""
        return next(reversed(self.commits))

    @property
    def files(self) -> dict[str, bytes]:
        """Its files by path."""
        return self.commits[self.head]

    def commit(self, files: Mapping[str, bytes]) -> str:
        """Make these its files."""
        content = json.dumps(
            [len(self.commits), {path: hashlib.sha1(data).hexdigest() for path, data in files.items()}]
        )
        name = hashlib.sha1(content.encode()).hexdigest()
        self.commits[name] = dict(files)
        return name

    def revision(self, name: str) -> str | None:
        """The commit that a branch, tag or commit names."""
        return self.head if name == "main" else self.tags.get(name, name if name in self.commits else None)


class HubModels:
    """The repositories and who may do what.

    Attributes:
        repositories: by ORG/NAME.
        tokens: the organizations that each may write to; all tokens may see private repositories.
        objects: large files by their SHA-256.
        broken: paths by a part of them that are answered with HTTP 500.
        cut: files of which the first half is all that comes.
        elsewhere: where a file is said to be, by its path.
        sizes: bytes that a file is said to have, by its path, where it has others.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.repositories: dict[str, ModelRepository] = {}
        self.tokens: dict[str, set[str]] = {}
        self.objects: dict[str, bytes] = {}
        self.broken: set[str] = set()
        self.cut: set[str] = set()
        self.elsewhere: dict[str, str] = {}
        self.sizes: dict[str, int] = {}

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer | None:
        """Status, headers and body; None where the path is none of models."""
        if any(part in path for part in self.broken):
            return 500, {"X-Error-Message": "internal error"}, b""
        token = headers.get("Authorization", "").removeprefix("Bearer ") or None
        if token is not None and token not in self.tokens:
            return 401, {"X-Error-Message": "Invalid credentials in Authorization header"}, b""
        if path == "/api/repos/create":
            return self._create(json.loads(body), token)
        if path == "/api/validate-yaml":
            return _validated(json.loads(body)["content"])
        if path.startswith("/objects/"):
            self.objects[path.removeprefix("/objects/")] = body
            return 200, {}, b""
        if match := _LFS.fullmatch(path):
            return self._batch(json.loads(body))
        if match := _FILE.fullmatch(path):
            status, about, content = self._see(match[1], match[2], token) or self._file(match[1], match[2], match[3])
            if match[3] in self.elsewhere and status == 200:
                return 302, {**about, "Location": self.elsewhere[match[3]]}, b""
            whole = method == "HEAD" or match[3] not in self.cut
            return status, about, content if whole else content[: len(content) // 2]
        if match := _API.fullmatch(path):
            name, kind, revision = match[1], match[2], match[3] or "main"
            if refused := self._see(name, revision, token) or (method == "POST" and self._write(name, token)):
                return refused
            if kind == "preupload":
                return self._preupload(name, json.loads(body))
            if kind == "commit":
                return self._commit(name, [json.loads(line) for line in body.splitlines()])
            return self._tree(name, revision) if kind == "tree" else self._information(name, revision)
        return None

    def _see(self, name: str, revision: str, token: str | None) -> Answer | None:
        repository = self.repositories.get(name)
        if repository is None or (repository.private and token is None):
            return (401 if token is None else 404), {"X-Error-Code": "RepoNotFound"}, b""
        if repository.revision(revision) is None:
            return 404, {"X-Error-Code": "RevisionNotFound"}, b""
        return None

    def _write(self, name: str, token: str | None) -> Answer | None:
        organization = name.partition("/")[0]
        if token is None or organization not in self.tokens[token]:
            return 403, {"X-Error-Message": f"You don't have the rights to write to {organization}"}, b""
        return None

    def _create(self, wanted: Mapping[str, str], token: str | None) -> Answer:
        name = f"{wanted['organization']}/{wanted['name']}"
        if refused := self._write(name, token):
            return refused
        if name in self.repositories:
            return 409, {"X-Error-Message": "You already created this model repo"}, b""
        self.repositories[name] = ModelRepository(
            private=wanted.get("visibility") == "private" or wanted.get("private") is True  # as older clients say it
        )
        return _json({"url": f"{self.url}/{name}", "name": name})

    def _information(self, name: str, revision: str) -> Answer:
        repository = self.repositories[name]
        commit = repository.revision(revision)
        files = repository.commits[commit].items()
        siblings = [{"rfilename": path, "size": self.sizes.get(path, len(content))} for path, content in files]
        about = {"sha": commit, "siblings": siblings, "private": repository.private, "tags": []}
        return _json({"_id": "1", "id": name, **about})

    def _tree(self, name: str, revision: str) -> Answer:
        repository = self.repositories[name]
        return _json(
            [
                {"type": "file", "path": path, "size": len(content), "oid": _oid(content), **_large(path, content)}
                for path, content in repository.commits[repository.revision(revision)].items()
            ]
        )

    def _file(self, name: str, revision: str, path: str) -> Answer:
        if self.repositories[name].gated:
            return 403, {"X-Error-Code": "GatedRepo"}, b""
        commit = self.repositories[name].revision(revision)
        content = self.repositories[name].commits[commit].get(path)
        if content is None:
            return 404, {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": commit}, b""
        large = _large(path, content).get("lfs")
        etag = {"X-Linked-Etag": f'"{large["oid"]}"', "X-Linked-Size": str(len(content))} if large else {}
        return 200, {"ETag": f'"{_oid(content)}"', "X-Repo-Commit": commit, **etag}, content

    def _preupload(self, name: str, wanted: Mapping[str, list[Mapping[str, str]]]) -> Answer:
        there = self.repositories[name].files
        return _json(
            {
                "files": [
                    {
                        "path": file["path"],
                        "uploadMode": "lfs" if file["path"].endswith(LARGE) else "regular",
                        "shouldIgnore": False,
                        "oid": _there(file["path"], there.get(file["path"])),
                    }
                    for file in wanted["files"]
                ]
            }
        )

    def _batch(self, wanted: Mapping[str, list[Mapping[str, str]]]) -> Answer:
        def actions(oid: str) -> dict[str, object]:
            return {} if oid in self.objects else {"actions": {"upload": {"href": f"{self.url}/objects/{oid}"}}}

        return _json({"objects": [{**file, **actions(file["oid"])} for file in wanted["objects"]]})

    def _commit(self, name: str, lines: list[Mapping[str, Mapping[str, str]]]) -> Answer:
        repository = self.repositories[name]
        files = dict(repository.files)
        for line in lines:
            value = line["value"]
            if line["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                files[value["path"]] = self.objects[value["oid"]]
                assert hashlib.sha256(files[value["path"]]).hexdigest() == value["oid"]
            elif line["key"] == "deletedFile":
                del files[value["path"]]
        repository.messages.append(lines[0]["value"]["summary"])
        commit = repository.commit(files)
        return _json({"commitUrl": f"{self.url}/{name}/commit/{commit}", "commitOid": commit, "success": True})


def _oid(content: bytes) -> str:
    """As git names a file."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def _large(path: str, content: bytes) -> dict[str, dict[str, object]]:
    if not path.endswith(LARGE):
        return {}
    return {"lfs": {"oid": hashlib.sha256(content).hexdigest(), "size": len(content), "pointerSize": 134}}


def _there(path: str, content: bytes | None) -> str | None:
    """What a file that is there is called, so that it need not be sent again."""
    if content is None:
        return None
    large = _large(path, content).get("lfs")
    return str(large["oid"]) if large else _oid(content)


def _validated(card: str) -> Answer:
    """The hub takes no card whose metadata are no YAML or whose licence it does not know."""
    _, _, rest = card.partition("---\n")
    metadata = yaml.safe_load(rest.partition("\n---\n")[0])
    if metadata.get("license", "mit") not in ("mit", "apache-2.0", "cc-by-4.0", "other"):
        error = {"message": '"license" must be one of [apache-2.0, mit, ...]'}
        return 400, {}, json.dumps({"errors": [error], "warnings": []}).encode()
    return _json({"errors": [], "warnings": []})


def _json(value: object) -> Answer:
    return 200, {"Content-Type": "application/json"}, json.dumps(value).encode()
