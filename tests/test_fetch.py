"""A file fetched from a server on loopback: whole or not at all, resumed, checked, refused in one line."""

import contextlib
import hashlib
import shutil
import threading
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path

import pytest

from clfcore.errors import Failure, InputError
from clfcore.fetch import RemoteFile, Wanted, bytes_kept, fetch, headers, part_of
from tests.support.file_server import FileServer, serving

CONTENT = bytes(range(256)) * 16384  # 4 MB
WANTED = Wanted("the weights of net", "take another network")


@pytest.fixture
def server() -> Iterator[FileServer]:
    with serving() as started:
        started.files["/net.bin"] = CONTENT
        yield started


def remote(server: FileServer, *, size: int = len(CONTENT), digest: str = "") -> RemoteFile:
    return RemoteFile(f"{server.base}/net.bin", size, digest or hashlib.sha256(CONTENT).hexdigest()[:8])


def test_a_file_comes_whole_with_its_progress_and_nothing_beside_it(server: FileServer, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    fetch(remote(server), tmp_path / "in" / "net.bin", WANTED, progress=lambda *both: seen.append(both))
    assert (tmp_path / "in" / "net.bin").read_bytes() == CONTENT
    assert [path.name for path in (tmp_path / "in").iterdir()] == ["net.bin"]
    assert seen == sorted(seen)
    assert seen[-1] == (len(CONTENT), len(CONTENT))


@pytest.mark.parametrize("ranges", [True, False])
def test_a_download_that_broke_off_goes_on_where_it_was(server: FileServer, tmp_path: Path, ranges: bool) -> None:
    target = tmp_path / "net.bin"
    server.break_after = 3 << 20
    with pytest.raises(Failure, match=r"broke off after .* of 4,194,304 bytes; try again"):
        fetch(remote(server), target, WANTED)
    assert not target.exists()
    kept = bytes_kept(target)
    assert 1 << 20 <= kept <= 3 << 20
    server.break_after, server.ranges = None, ranges
    seen: list[int] = []
    fetch(remote(server), target, WANTED, progress=lambda done, _: seen.append(done))
    assert target.read_bytes() == CONTENT
    assert (seen[0] > kept) == ranges  # a host that cannot go on begins anew
    assert server.requests[-1] == f"GET /net.bin {kept if ranges else 0}"
    assert [path.name for path in tmp_path.iterdir()] == ["net.bin"]


def test_a_stop_keeps_what_arrived(server: FileServer, tmp_path: Path) -> None:
    target = tmp_path / "net.bin"

    def stop(done: int, _: int) -> None:
        if done >= 2 << 20:
            raise InputError("stopped")

    with pytest.raises(InputError, match="stopped"):
        fetch(remote(server), target, WANTED, progress=stop)
    assert not target.exists()
    assert bytes_kept(target) >= 2 << 20
    fetch(remote(server), target, WANTED)
    assert target.read_bytes() == CONTENT


def test_a_part_that_is_whole_needs_no_host(tmp_path: Path) -> None:
    target = tmp_path / "net.bin"
    part_of(target).write_bytes(CONTENT)
    nowhere = RemoteFile("http://127.0.0.1:9/net.bin", len(CONTENT), hashlib.sha256(CONTENT).hexdigest())
    fetch(nowhere, target, WANTED)
    assert target.read_bytes() == CONTENT


@pytest.mark.parametrize("left", [b"x" * (2 << 20), b"x" * len(CONTENT), b"x" * (5 << 20)], ids=["part", "all", "more"])
def test_a_damaged_part_is_removed_and_the_next_try_begins_anew(
    server: FileServer, tmp_path: Path, left: bytes
) -> None:
    target = tmp_path / "net.bin"
    part_of(target).write_bytes(left)
    for _ in range(2):  # where the host has nothing after the part, the first try begins anew by itself
        with contextlib.suppress(Failure):
            fetch(remote(server), target, WANTED)
            break
        assert [*tmp_path.iterdir()] == []
    assert target.read_bytes() == CONTENT


def test_a_wrong_digest_or_more_than_was_published_leaves_nothing(server: FileServer, tmp_path: Path) -> None:
    target = tmp_path / "net.bin"
    with pytest.raises(Failure, match=r"net\.bin from 127\.0\.0\.1:\d+ is damaged .* SHA-256"):
        fetch(remote(server, digest="0" * 8), target, WANTED)
    with pytest.raises(Failure, match="is larger than the 1,000 bytes that were published"):
        fetch(remote(server, size=1000), target, WANTED)
    assert [*tmp_path.iterdir()] == []


def test_a_host_out_of_reach_or_without_the_file_is_one_line(server: FileServer, tmp_path: Path) -> None:
    for url in ("http://127.0.0.1:9/net.bin", f"{server.base}/other.bin"):
        with pytest.raises(Failure, match=r"^could not download the weights of net: .* cannot be reached \(.*\); take"):
            fetch(RemoteFile(url, 10, "00"), tmp_path / "net.bin", WANTED)
        with pytest.raises(Failure, match=r"^could not download the weights of net: .*; take another network$"):
            headers(url, WANTED)
    assert [*tmp_path.iterdir()] == []


def test_a_second_download_of_a_file_is_refused_while_the_first_is_at_work(server: FileServer, tmp_path: Path) -> None:
    target, server.hold = tmp_path / "net.bin", threading.Event()
    first = threading.Thread(target=fetch, args=(remote(server), target, WANTED))
    first.start()
    assert server.half_sent.wait(10)
    with pytest.raises(Failure, match="already being downloaded"):
        fetch(remote(server), target, WANTED)
    server.hold.set()
    first.join(10)
    assert target.read_bytes() == CONTENT


def test_a_disk_without_room_is_said_before_anything_is_written(
    server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = namedtuple("disk", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: disk(10**9, 10**9, 1_000_000))
    with pytest.raises(Failure, match=r"it needs 4 MB, and .* has 1 MB free"):
        fetch(remote(server), tmp_path / "net.bin", WANTED)
    assert [*tmp_path.iterdir()] == []
