"""Remote storage through fsspec: addresses of buckets, hubs and hosts, and the one line where one cannot be read."""

import contextlib
import errno
import hashlib
import re
import threading
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from clfcore.errors import Failure, InputError
from clfcore.files import shortened
from clfcore.progress import Progress

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

# What the lab reads from, and the package that reads it; fsspec knows more, such as ssh, which nobody asked for.
SCHEMES: Mapping[str, str] = MappingProxyType(
    {
        "s3": "s3fs",
        "gs": "gcsfs",
        "gcs": "gcsfs",
        "hf": "huggingface_hub",
        "https": "aiohttp",
        "http": "aiohttp",
        "memory": "fsspec",
    }
)
_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_CONNECT, _ANSWER = 10, 60  # seconds to wait for a host
_SETTINGS: Mapping[str, Mapping[str, object]] = MappingProxyType(
    {"s3": {"config_kwargs": {"connect_timeout": _CONNECT, "read_timeout": _ANSWER, "retries": {"max_attempts": 2}}}}
)
_REFUSED = {"NoCredentialsError", "PartialCredentialsError", "GatedRepoError", "InvalidAccessKeyId"}
_ABSENT = {"RepositoryNotFoundError", "RevisionNotFoundError", "EntryNotFoundError", "NoSuchBucket"}
_OF_THIS_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}
_importing = threading.Lock()
_progress: ContextVar[Progress | None] = ContextVar("progress of a transfer", default=None)


@contextlib.contextmanager
def transfer_progress(progress: Progress | None) -> Iterator[None]:
    """Within the block, transfers report their bytes, or where no sizes are told their files; `progress` may raise."""
    token = _progress.set(progress)
    try:
        yield
    finally:
        _progress.reset(token)


def asked_progress() -> Progress | None:
    """Where a transfer reports to, in this thread."""
    return _progress.get()


def is_remote(text: str) -> bool:
    """Whether a text is an address and no path: `s3://bucket/photos`.

    >>> is_remote("s3://bucket/photos"), is_remote("ftp://host/x"), is_remote("C:/photos"), is_remote("nested:photos")
    (True, True, False, False)
    """
    return _ADDRESS.match(text) is not None


def scheme_of(url: str) -> str:
    match = _ADDRESS.match(url)
    return match[1].lower() if match else ""


def shown(url: str) -> str:
    """An address for sentences, without what may be a key: the question mark and what follows it.

    >>> shown("https://host/set.zip?X-Amz-Signature=abc")
    'https://host/set.zip'
    """
    return shortened(url.partition("?")[0], most=160)


def digest_of_files(sums: Mapping[str, str]) -> str:
    """SHA-256 of what `sha256sum` prints for files, in the order of their names. sums: SHA-256 by name."""
    lines = "".join(f"{sums[name]}  {name}\n" for name in sorted(sums))
    return hashlib.sha256(lines.encode("utf-8", "backslashreplace")).hexdigest()


@dataclass(frozen=True)
class RemotePlace:
    """A place in remote storage. system: what reads and writes it; path: the place as the system names it."""

    url: str
    system: "AbstractFileSystem"
    path: str
    what: str  # what the address stands for, in refusals: `data`


def open_remote(url: str, what: str) -> RemotePlace:
    """The place of an address; nothing is asked of the host yet.

    Raises InputError where the lab reads no such address, or the package for it is missing.
    """
    scheme = scheme_of(url)
    if scheme not in SCHEMES:
        known = ", ".join(f"{name}://" for name in SCHEMES)
        raise InputError(f"{what} is {shown(url)!r}: an address must begin with one of {known}")
    if scheme in ("http", "https") and "@" in urlsplit(url).netloc:
        raise InputError(f"{what} is an address with a password in it, which a run would keep: write it without one")
    if scheme != "memory" and not url.partition("://")[2].strip("/"):
        raise InputError(f"{what} is {shown(url)!r}: it names no {'host' if scheme.startswith('http') else 'bucket'}")
    with remote_errors(url, what), _importing:
        from fsspec.core import url_to_fs

        system, path = url_to_fs(url, **_SETTINGS.get(scheme, {}))
    return RemotePlace(url, system, path, what)


@contextlib.contextmanager
def remote_errors(url: str, what: str) -> Iterator[None]:
    """Whatever a host or its package raises as one line: InputError where the address is at fault, else Failure."""
    named = f"{what} is {shown(url)!r}"
    try:
        yield
    except (InputError, Failure):
        raise
    except ImportError:
        package = SCHEMES.get(scheme_of(url), "fsspec")
        raise InputError(
            f"{named}: {scheme_of(url)}:// needs the package {package}: pip install 'clflab[remote]'"
        ) from None
    except PermissionError as error:
        if error.filename:
            raise  # of a file here
        raise _refused(named, error) from None
    except FileNotFoundError as error:
        raise InputError(f"{named}: there is no such place ({_reason(error)}); check the bucket and the path") from None
    except Exception as error:  # of the hosts' own packages: each has its own family of errors
        if isinstance(error, OSError) and error.errno in _OF_THIS_DISK:
            raise
        kinds = {kind.__name__ for kind in type(error).__mro__}
        if kinds & _REFUSED:
            raise _refused(named, error) from None
        if kinds & _ABSENT:
            raise InputError(f"{named}: there is no such place; check the bucket and the path") from None
        raise Failure(f"{named}, which cannot be reached ({_reason(error)}); try again later") from None


def _refused(named: str, error: Exception) -> InputError:
    return InputError(
        f"{named}: access is refused ({_reason(error)}); give its keys as its own tools read them, such as AWS_PROFILE "
        "or HF_TOKEN"
    )


def _reason(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return shortened(re.sub(r"\?\S*", "", text), most=160)
