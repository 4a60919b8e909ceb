"""Tested versions: resolves requirements-dev.txt and the extras afresh and writes them to requirements.lock.

Run by `make lock`, on the oldest Python that the lab supports, so that every version installs on the newer ones too.
`make install` passes the file to pip as constraints: a package that a platform or a Python does not need is ignored.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
HEAD = """\
# Tested versions: constraints that `make install` passes to pip, renewed by `make lock`. Ranges: requirements.txt.
# torch and torchvision keep a range, the tested series its end: which of their builds there is depends on the machine.
# What they bring for one kind of GPU (nvidia, cuda, triton) is theirs to choose.
"""
SERIES = ("torch", "torchvision")
OF_THE_GPU = re.compile(r"nvidia-|cuda-|triton$|pytorch-triton")


def resolve() -> dict[str, str]:
    """Name to version of everything that a fresh environment would hold, in the order of the names."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed", "--report", "-"]
    done = subprocess.run(
        [*command, "-r", "requirements-dev.txt", ".[dicom,export]"], cwd=ROOT, check=True, stdout=subprocess.PIPE
    )
    packages = [
        item["metadata"] for item in json.loads(done.stdout)["install"] if "dir_info" not in item["download_info"]
    ]
    return {
        re.sub(r"[-_.]+", "-", p["name"]).lower(): p["version"]
        for p in sorted(packages, key=lambda p: p["name"].lower())
    }


def line(name: str, version: str) -> str:
    """A constraint: the exact version, or for torch and torchvision everything below the next series."""
    if name not in SERIES:
        return f"{name}=={version}"
    major, minor = version.split(".")[:2]
    return f"{name}<{major}.{int(minor) + 1}"


if __name__ == "__main__":
    lines = [line(name, version) for name, version in resolve().items() if not OF_THE_GPU.match(name)]
    (ROOT / "requirements.lock").write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")
