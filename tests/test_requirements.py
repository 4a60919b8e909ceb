"""The lock holds a version for every requirement, and none outside the range that those who embed the package get."""

from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]


def requirements(name: str) -> list[Requirement]:
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith(("#", "-r"))]


LOCKED = {canonicalize_name(found.name): found for found in requirements("requirements.lock")}
RANGES = [*requirements("requirements.txt"), *requirements("requirements-dev.txt")]


@pytest.mark.parametrize("asked", RANGES, ids=lambda asked: asked.name)
def test_the_lock_has_a_version_within_each_range(asked: Requirement) -> None:
    locked = LOCKED[canonicalize_name(asked.name)]
    [pin] = locked.specifier
    if asked.name in ("torch", "torchvision"):
        assert pin.operator == "<"  # a machine's index decides which build; the tested series ends the range
    else:
        assert pin.operator == "=="
        assert asked.specifier.contains(pin.version)


def test_the_lock_leaves_what_belongs_to_one_kind_of_gpu_to_torch() -> None:
    assert not [name for name in LOCKED if name == "triton" or name.startswith(("nvidia", "cuda"))]
