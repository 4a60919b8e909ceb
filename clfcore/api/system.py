"""The machine: what it has and lacks, and what the cache takes of it."""

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from clfcore.cache import clear, usage
from clfcore.doctor import MachineReport, examine
from clfcore.files import app_folder
from clfcore.results import JsonObject, Result


@dataclass(frozen=True)
class CachePart(Result):
    """One kind of what is cached."""

    files: int
    bytes: int


@dataclass(frozen=True)
class CacheUsage(Result):
    """What the cache holds, by kind, and its bound in bytes. freed: bytes that were just deleted."""

    folder: Path
    bytes: int
    limit: int
    kinds: Mapping[str, CachePart]
    freed: int = 0

    def as_json(self) -> JsonObject:
        """A key for each kind."""
        values = super().as_json()
        return {**values, **values.pop("kinds")}


@dataclass(frozen=True)
class AppExit(Result):
    """The app was closed. status: of its process."""

    status: int


def run_app(*, port: int | None = None, headless: bool = False) -> AppExit:
    """Start the app and wait until it is closed. port: 8501, or the next free one; headless: opens no browser."""
    command = [sys.executable, "-m", "streamlit", "run", str(app_folder() / "app.py")]
    command += ["--server.port", str(port)] if port is not None else []
    command += ["--server.headless", "true"] if headless else []
    return AppExit(subprocess.run(command, check=False).returncode)


def doctor() -> MachineReport:
    """Versions, device, memory, weights and data at hand, and what is missing."""
    return examine()


def cache_usage() -> CacheUsage:
    """What decoded pictures, embeddings and checks take on disk."""
    return _usage(freed=0)


def clear_cache() -> CacheUsage:
    """Delete all that no process is writing; what is left, and what was freed."""
    return _usage(freed=clear())


def _usage(*, freed: int) -> CacheUsage:
    now = usage()
    kinds = {str(part.kind): CachePart(part.entries, part.bytes) for part in now.parts}
    return CacheUsage(Path(now.folder), now.bytes, now.limit, kinds, freed)
