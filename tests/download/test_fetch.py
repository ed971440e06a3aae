"""A file is fetched whole, resumed, checked and cached, or refused in one or two lines; never half, never another."""

import hashlib
import threading

import pytest

from cct_text.download import BLOCK, RemoteFile, cache_dir, fetch
from cct_text.errors import ResourceError
from tests.support.downloads import CONTENT, HALF, MD5, SHA256, leave, names, refused
from tests.support.http_server import Reply, address_without_server

# What comes is what was sent


@pytest.mark.parametrize("checksum", [MD5, SHA256])
def test_a_file_arrives_byte_for_byte_and_is_the_only_one(server, folder, checksum):
    url = server.serve("/file.zip", CONTENT)
    assert fetch(RemoteFile("file.zip", [url], checksum), folder) == folder / "file.zip"
    assert (folder / "file.zip").read_bytes() == CONTENT
    assert names(folder) == ["file.zip"]


def test_a_file_in_the_cache_is_asked_for_no_more(server, folder):
    file = RemoteFile("file.zip", [server.serve("/file.zip", CONTENT)], MD5)
    fetch(file, folder)
    fetch(file, folder)
    assert len(server.requests) == 1


def test_without_a_folder_a_file_goes_to_the_downloads_of_the_cache(server, tmp_path, monkeypatch):
    monkeypatch.setenv("CCT_TEXT_HOME", str(tmp_path / "home"))
    path = fetch(RemoteFile("file.zip", [server.serve("/file.zip", CONTENT)], MD5))
    assert path == tmp_path / "home" / "downloads" / "file.zip"
    assert path.read_bytes() == CONTENT


def test_without_cct_text_home_the_cache_is_a_folder_of_the_user(monkeypatch):
    monkeypatch.delenv("CCT_TEXT_HOME", raising=False)
    assert cache_dir().name == "cct-text"


def test_an_empty_file_is_a_file(server, folder):
    assert fetch(RemoteFile("file.txt", [server.serve("/file.txt", b"")]), folder).read_bytes() == b""


def test_a_file_whose_size_is_not_told_arrives_whole(server, folder):
    url = server.serve("/file.zip", Reply(CONTENT, headers={"Content-Length": "unknown"}))
    assert fetch(RemoteFile("file.zip", [url], MD5), folder).read_bytes() == CONTENT


def test_a_file_that_a_server_calls_encoded_is_kept_as_it_was_sent(server, folder):
    # Web servers say so of a plain .gz; decoded, it would be another file than the one of the checksum.
    url = server.serve("/file.zip", Reply(CONTENT, headers={"Content-Encoding": "gzip"}))
    assert fetch(RemoteFile("file.zip", [url], MD5), folder).read_bytes() == CONTENT


def test_two_that_want_the_same_file_at_the_same_time_fetch_it_once(server, folder):
    go_on = threading.Event()
    file = RemoteFile("file.zip", [server.serve("/file.zip", Reply(CONTENT, hold=go_on))], MD5)
    found = []
    both = [threading.Thread(target=lambda: found.append(fetch(file, folder).read_bytes())) for _ in range(2)]
    both[0].start()
    server.wait_for_requests(1)
    both[1].start()
    go_on.set()
    for thread in both:
        thread.join()
    assert found == [CONTENT, CONTENT]
    assert len(server.requests) == 1


# What broke off goes on


def test_a_download_that_breaks_off_goes_on_where_it_ended(server, folder):
    url = server.serve("/file.zip", Reply(CONTENT, break_after=HALF), CONTENT)
    assert fetch(RemoteFile("file.zip", [url], MD5), folder).read_bytes() == CONTENT
    first, second = (request.range for request in server.requests)
    assert first is None
    begin = int(second.removeprefix("bytes=").removesuffix("-"))
    assert HALF - BLOCK <= begin <= HALF


def test_a_download_that_always_breaks_off_is_told_and_goes_on_at_the_next_call(server, folder):
    url = server.serve("/file.zip", Reply(CONTENT, break_after=1000))
    file = RemoteFile("file.zip", [url], MD5)
    assert "broke off after 4,000 bytes, which are kept: the next call goes on from there" in refused(file, folder)
    server.serve("/file.zip", CONTENT)
    assert fetch(file, folder).read_bytes() == CONTENT
    assert [request.range for request in server.requests][1:] == [f"bytes={n}000-" for n in (1, 2, 3, 4)]


def test_a_connection_that_closes_before_the_first_byte_is_tried_again(server, folder):
    url = server.serve("/file.zip", Reply(CONTENT, break_after=0), CONTENT)
    assert fetch(RemoteFile("file.zip", [url], MD5), folder).read_bytes() == CONTENT


@pytest.mark.parametrize("kept", [0, 1, HALF, len(CONTENT)])
def test_what_an_earlier_process_left_is_not_fetched_again(server, folder, kept):
    leave(folder, CONTENT[:kept])
    file = RemoteFile("file.zip", [server.serve("/file.zip", CONTENT)], MD5)
    assert fetch(file, folder).read_bytes() == CONTENT
    assert [request.range for request in server.requests] == [f"bytes={kept}-" if kept else None]
    assert names(folder) == ["file.zip"]


def test_a_server_that_knows_no_ranges_sends_the_whole_file_anew(server, folder):
    leave(folder, CONTENT[:HALF])
    url = server.serve("/file.zip", Reply(CONTENT, ranges=False))
    assert fetch(RemoteFile("file.zip", [url], MD5), folder).read_bytes() == CONTENT


def test_what_is_longer_than_the_file_of_the_server_is_no_part_of_it(server, folder):
    leave(folder, CONTENT + b"of an older file")
    url = server.serve("/file.zip", CONTENT)
    assert fetch(RemoteFile("file.zip", [url], MD5), folder).read_bytes() == CONTENT


def test_a_range_that_begins_elsewhere_is_not_appended(server, folder):
    leave(folder, CONTENT[:HALF])
    elsewhere = Reply(CONTENT[10:], status=206, headers={"Content-Range": f"bytes 10-{len(CONTENT) - 1}/*"})
    url = server.serve("/file.zip", elsewhere, CONTENT)
    assert fetch(RemoteFile("file.zip", [url], MD5), folder).read_bytes() == CONTENT


TAGGED = {"ETag": '"one"'}
TEXT = b"a line\n" * 40_000
"""A file without a checksum."""


@pytest.mark.parametrize("headers", [TAGGED, {"Last-Modified": "Thu, 26 Nov 2026 20:00:00 GMT"}])
def test_without_a_checksum_a_download_goes_on_where_the_server_says_that_the_file_is_the_same(server, folder, headers):
    url = server.serve("/a.txt", Reply(TEXT, headers=headers, break_after=100_000), Reply(TEXT, headers=headers))
    assert fetch(RemoteFile("a.txt", [url]), folder).read_bytes() == TEXT
    assert [request.headers.get("If-Range") for request in server.requests] == [None, *headers.values()]
    assert server.requests[1].range is not None
    assert names(folder) == ["a.txt"]


def test_without_a_checksum_the_beginning_of_one_file_gets_no_end_of_another(server, folder):
    newer = Reply(TEXT.upper(), headers={"ETag": '"two"'})
    url = server.serve("/a.txt", Reply(TEXT, headers=TAGGED, break_after=100_000), newer)
    assert fetch(RemoteFile("a.txt", [url]), folder).read_bytes() == TEXT.upper()


@pytest.mark.parametrize("headers", [{}, {"ETag": 'W/"one"'}])
def test_without_a_checksum_and_a_tag_a_download_begins_anew(server, folder, headers):
    url = server.serve("/a.txt", Reply(TEXT, headers=headers, break_after=100_000), TEXT.upper())
    assert fetch(RemoteFile("a.txt", [url]), folder).read_bytes() == TEXT.upper()
    assert [request.range for request in server.requests] == [None, None]


@pytest.mark.parametrize("page", [b"<html>Please log in</html>", b"", b"PK\x03\x04 and no more"])
def test_what_is_no_zip_is_not_kept_as_one(server, folder, page):
    url = server.serve("/file.zip", page)
    assert "a wrong file: no zip; it was removed" in refused(RemoteFile("file.zip", [url]), folder)
    assert names(folder) == []


# What is refused


def test_a_wrong_file_is_removed_and_both_checksums_are_told(server, folder):
    url = server.serve("/file.zip", b"a page that asks for a password", CONTENT)
    file = RemoteFile("file.zip", [url], SHA256)
    wrong = hashlib.sha256(b"a page that asks for a password").hexdigest()
    told = f"{url}: a wrong file: its sha256 is {wrong}, expected {SHA256[7:]}; it was removed"
    assert refused(file, folder) == f"cannot fetch file.zip: {told}"
    assert names(folder) == []
    assert fetch(file, folder).read_bytes() == CONTENT


def test_a_flipped_bit_in_what_was_left_is_found_out_and_gone_at_the_next_call(server, folder):
    leave(folder, bytes([CONTENT[0] ^ 1]) + CONTENT[1:HALF])
    file = RemoteFile("file.zip", [server.serve("/file.zip", CONTENT)], MD5)
    assert "a wrong file" in refused(file, folder)
    assert fetch(file, folder).read_bytes() == CONTENT


@pytest.mark.parametrize("status", [403, 404, 416, 500])
def test_an_error_of_the_server_is_told_without_another_try(server, folder, status):
    url = server.serve("/file.zip", Reply(b"sorry", status=status))
    assert refused(RemoteFile("file.zip", [url], MD5), folder) == f"cannot fetch file.zip: {url}: HTTP {status}"
    assert len(server.requests) == 1


def test_no_server_is_told_without_another_try(folder):
    url = f"{address_without_server()}/file.zip"
    assert (
        refused(RemoteFile("file.zip", [url]), folder) == f"cannot fetch file.zip: {url}: no answer (ConnectionError)"
    )


def test_the_next_address_is_asked_where_one_fails(server, folder):
    urls = [
        f"{address_without_server()}/file.zip",
        server.serve("/gone", Reply(status=410)),
        server.serve("/wrong", b"wrong"),
        server.serve("/right", CONTENT),
    ]
    assert fetch(RemoteFile("file.zip", urls, MD5), folder).read_bytes() == CONTENT
    assert [request.path for request in server.requests] == ["/gone", "/wrong", "/right"]


def test_where_all_addresses_fail_each_is_named_with_its_reason(server, folder):
    urls = [server.serve("/gone", Reply(status=410)), server.serve("/wrong", b"wrong")]
    message = refused(RemoteFile("file.zip", urls, MD5), folder)
    assert f"{urls[0]}: HTTP 410; {urls[1]}: a wrong file" in message


def test_a_file_that_is_said_to_be_too_large_is_not_begun(server, folder):
    url = server.serve("/file.zip", Reply(CONTENT, headers={"Content-Length": str(1 << 40)}))
    message = refused(RemoteFile("file.zip", [url], max_bytes=1 << 20), folder)
    assert message.endswith("1,099,511,627,776 bytes, more than the 1,048,576 that are allowed")
    assert names(folder) == []


def test_a_file_that_turns_out_too_large_is_dropped(server, folder):
    url = server.serve("/file.zip", Reply(CONTENT, headers={"Content-Length": "unknown"}))
    message = refused(RemoteFile("file.zip", [url], max_bytes=HALF), folder)
    assert message.endswith("more than the 131,072 bytes that are allowed")
    assert names(folder) == []


def test_what_was_left_counts_towards_the_size_that_is_allowed(server, folder):
    leave(folder, CONTENT[:HALF])
    url = server.serve("/file.zip", CONTENT)
    assert "262,144 bytes, more than the 262,143" in refused(RemoteFile("file.zip", [url], max_bytes=262_143), folder)
    assert names(folder) == []


def test_a_file_of_just_the_size_that_is_allowed_is_taken(server, folder):
    url = server.serve("/file.zip", CONTENT)
    assert fetch(RemoteFile("file.zip", [url], MD5, max_bytes=len(CONTENT)), folder).read_bytes() == CONTENT


def test_a_cache_that_cannot_be_written_to_is_told_with_the_way_out(server, tmp_path):
    (tmp_path / "file").write_text("in the way")
    file = RemoteFile("file.zip", [server.serve("/file.zip", CONTENT)])
    with pytest.raises(ResourceError, match="file/downloads/file.zip: cannot write: .*; set CCT_TEXT_HOME to a folder"):
        fetch(file, tmp_path / "file" / "downloads")
    assert server.requests == []
