"""Download of a published file: resumed where it broke off, within limits, checked by its digest, whole or not at all.

Datasets and pretrained weights both come through here, and nothing else of the lab opens a connection to fetch a file.
"""

import contextlib
import hashlib
import http.client
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import Literal, cast
from urllib.parse import urljoin, urlsplit

from clfcore.errors import Failure
from clfcore.file_lock import locked
from clfcore.files import cannot_write, write_whole
from clfcore.progress import Progress

SECONDS = 10.0  # without an answer: then a host counts as out of reach
WINDOW, LEAST = 30.0, 1000.0  # seconds, and bytes a second: a host that sends fewer for so long is given up
WORTH_KEEPING = 1 << 20  # bytes of a part from which the next download goes on
_BLOCK = 1 << 16
_REDIRECTS = 5


@dataclass(frozen=True)
class RemoteFile:
    """A published file: its address, about how many bytes it has, and its digest or the beginning of that, in hex."""

    url: str
    size: int
    digest: str
    algorithm: Literal["md5", "sha256"] = "sha256"

    @property
    def host(self) -> str:
        return urlsplit(self.url).netloc

    @property
    def name(self) -> str:
        """The last part of its address."""
        return urlsplit(self.url).path.rsplit("/", 1)[-1]


@dataclass(frozen=True)
class Wanted:
    """What a file is fetched for, and what else somebody can do where it does not come; both for sentences."""

    what: str  # such as `mnist` or `the weights of resnet18`
    instead: str  # such as `put its files into …`


def fetch(remote: RemoteFile, target: Path, wanted: Wanted, *, progress: Progress | None = None) -> None:
    """Fetch a file to `target`; progress counts bytes, those that an earlier try left included, and may raise to stop.

    What arrived before a stop or a break stays beside the target, and the next call goes on from there. Raises Failure
    where the host is out of reach or too slow, the file is larger than published or of another digest, the disk is too
    small, or another process is fetching the same file.
    """
    part = part_of(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _alone(target, wanted):
            try:
                _complete(remote, part, wanted, progress=progress)
                write_whole(target, part.replace)
            except _WrongFile:
                part.unlink()
                raise
            finally:
                if bytes_kept(target) < WORTH_KEEPING:
                    part.unlink(missing_ok=True)
    except OSError as error:
        raise cannot_write(target, error) from error


def headers(url: str, wanted: Wanted) -> Mapping[str, str]:
    """What a host says about a file before any of it is sent; redirects within the host are followed.

    Names in lower case. Raises Failure where the host is out of reach, Absent where it has no such file.
    """
    opener = urllib.request.build_opener(_Stay)
    try:
        for _ in range(_REDIRECTS):
            try:
                with opener.open(urllib.request.Request(url, method="HEAD"), timeout=SECONDS) as answer:
                    return _lower(answer.headers)
            except urllib.error.HTTPError as error:
                there = urljoin(url, error.headers.get("Location") or "")
                if error.code == http.client.NOT_FOUND:
                    raise Absent(f"could not download {wanted.what}: {url} is not there; {wanted.instead}") from None
                if not 300 <= error.code < 400:
                    raise
                if urlsplit(there).netloc != urlsplit(url).netloc or there == url:
                    return _lower(error.headers)
                url = there
        raise OSError("it redirects without end")
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise out_of_reach(wanted, url, error) from None


def part_of(target: Path) -> Path:
    """Where what has arrived of a file is kept until it is whole."""
    return target.with_name(f".{target.name}.partial")


def bytes_kept(target: Path) -> int:
    """How many bytes of a file an earlier try left."""
    try:
        return part_of(target).stat().st_size
    except OSError:
        return 0


def _lower(message: Message) -> dict[str, str]:
    return {name.lower(): value for name, value in message.items()}


class Absent(Failure):
    """The host has no such file."""


class _WrongFile(Failure):
    """What the host sends is not what was published: none of it is of use."""


class _Stay(urllib.request.HTTPRedirectHandler):
    """Redirects are answers: their headers say what the file is."""

    def redirect_request(self, *_: object) -> None:
        return None


def _alone(target: Path, wanted: Wanted) -> AbstractContextManager[None]:
    """This process alone downloads it. Should two get in, the digest decides."""
    busy = Failure(f"{wanted.what} is already being downloaded: wait until that has ended")
    return locked(target.with_name(f".{target.name}.lock"), busy=busy)


def _complete(remote: RemoteFile, part: Path, wanted: Wanted, *, progress: Progress | None) -> None:
    """Fill the part until it is the whole file. Raises Failure."""
    digest = hashlib.new(remote.algorithm, usedforsecurity=False)
    with part.open("ab+") as file:
        file.seek(0)
        while data := file.read(_BLOCK):
            digest.update(data)
        here, checked = file.tell(), False
        if here and digest.hexdigest().startswith(remote.digest):
            return  # whole already: its process ended before it had its name
        for block in _received(remote, here, wanted):
            if block.offset != here:  # the host begins anew
                file.truncate(0)
                digest, here = hashlib.new(remote.algorithm, usedforsecurity=False), 0
            if not checked:
                _check_room(part.parent, block.total - here, wanted)
                checked = True
            file.write(block.data)
            digest.update(block.data)
            here += len(block.data)
            if progress:
                progress(here, max(block.total, here))
    # A second file of one MD5 cannot be made by others, so that plain http is as good here.
    if not digest.hexdigest().startswith(remote.digest):
        raise _WrongFile(
            f"could not download {wanted.what}: {remote.name} from {remote.host} is damaged or not what was published "
            f"({here:,} bytes, {_NAMES[remote.algorithm]} {digest.hexdigest()[:32]}); try again later"
        )


_NAMES = {"md5": "MD5", "sha256": "SHA-256"}


def _check_room(folder: Path, size: int, wanted: Wanted) -> None:
    free = shutil.disk_usage(folder).free
    if size > free:
        raise Failure(
            f"could not download {wanted.what}: it needs {size / 1e6:,.0f} MB, and {folder} has {free / 1e6:,.0f} MB "
            "free; free some space and try again"
        )


@dataclass(frozen=True)
class _Block:
    """Bytes of a file, where they begin in it, and how many the whole file should have."""

    data: bytes
    offset: int
    total: int


def _received(remote: RemoteFile, offset: int, wanted: Wanted) -> Iterator[_Block]:
    """The bytes as they arrive, from `offset` where the host can, else from 0.

    Raises Failure where the host is out of reach, breaks off, sends too much, or sends next to nothing.
    """
    most = remote.size + remote.size // 10 + _BLOCK
    try:
        with _answer(remote.url, offset) as answer:
            here = _first_byte(answer)
            length = int(answer.headers.get("Content-Length") or 0)
            promised = here + length if length else 0
            since, arrived = time.monotonic(), 0
            while data := answer.read1(_BLOCK):  # `read` would wait for a whole block, however slowly it drips
                if max(here + len(data), promised) > most:
                    raise _WrongFile(
                        f"could not download {wanted.what}: {remote.name} from {remote.host} is larger than the "
                        f"{remote.size:,} bytes that were published; try again later"
                    )
                yield _Block(data, here, promised or remote.size)
                here, arrived = here + len(data), arrived + len(data)
                if (passed := time.monotonic() - since) >= WINDOW:
                    if arrived < LEAST * passed:
                        raise out_of_reach(wanted, remote.url, f"it sends {arrived / passed:,.0f} bytes a second")
                    since, arrived = time.monotonic(), 0
            if here < promised:
                raise Failure(
                    f"could not download {wanted.what}: {remote.host} broke off after {here:,} of {promised:,} bytes; "
                    "try again: it goes on from what arrived"
                )
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise out_of_reach(wanted, remote.url, error) from None


def _answer(url: str, offset: int) -> http.client.HTTPResponse:
    """The host's answer, asked for what follows `offset` bytes; for the whole where it has nothing after them."""
    if offset:
        with contextlib.suppress(urllib.error.HTTPError):
            later = urllib.request.Request(url, headers={"Range": f"bytes={offset}-"})
            return cast(http.client.HTTPResponse, urllib.request.urlopen(later, timeout=SECONDS))
    return cast(http.client.HTTPResponse, urllib.request.urlopen(url, timeout=SECONDS))


def _first_byte(answer: http.client.HTTPResponse) -> int:
    """Where in the file the answer begins."""
    if answer.status != http.client.PARTIAL_CONTENT:
        return 0
    return int(answer.headers.get("Content-Range", "").removeprefix("bytes ").partition("-")[0])


def out_of_reach(wanted: Wanted, url: str, reason: object) -> Failure:
    """The one line about a host that does not answer, or not as it should."""
    reason_text = getattr(reason, "reason", None) or str(reason) or type(reason).__name__
    host = urlsplit(url).netloc
    return Failure(f"could not download {wanted.what}: {host} cannot be reached ({reason_text}); {wanted.instead}")
