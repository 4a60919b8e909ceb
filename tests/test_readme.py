"""The README's commands exist with the flags it names, its files are there, and its Python call runs."""

import re
import shlex
import textwrap
from pathlib import Path

import pytest

from clfcore.cli.main import parser
from clfcore.runs.outcome import RunOutcome

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^ +python -m (clfcore .*?)(?: {2,}#.*)?$", README, flags=re.MULTILINE)


def test_it_opens_with_the_two_commands() -> None:
    head = README.split("##")[0]
    assert re.search(r"make run .*\n.*make test ", head)


@pytest.mark.parametrize("line", COMMANDS)
def test_each_command_is_one_that_the_parser_takes(line: str) -> None:
    given = parser().parse_args(shlex.split(line)[1:])
    assert given.command == line.split()[1]


def test_the_commands_it_names_are_all_there_are() -> None:
    from clfcore.cli.main import COMMANDS as KNOWN

    assert {line.split()[1] for line in COMMANDS} <= set(KNOWN)
    assert len(COMMANDS) >= 10


@pytest.mark.parametrize("target", re.findall(r"make ([a-z]+)", README))
def test_each_make_target_exists(target: str) -> None:
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE)


@pytest.mark.parametrize("path", re.findall(r"`((?:clfcore|pages|tests|benchmarks|ui|assets)/[\w/.]*)`", README))
def test_each_file_it_names_exists(path: str) -> None:
    assert (ROOT / path).exists()


@pytest.mark.parametrize("picture", re.findall(r"!\[[^]]+\]\(([^)]+)\)", README))
def test_each_picture_exists(picture: str) -> None:
    assert (ROOT / picture).is_file()


def test_every_package_of_the_core_is_explained() -> None:
    packages = {path.name for path in (ROOT / "clfcore").iterdir() if path.is_dir() and not path.name.startswith("_")}
    missing = {name for name in packages if f"{name}/" not in README}
    assert not missing


def test_its_python_runs() -> None:
    """As it stands there, on data that trains in a second, with a photo that exists."""
    block = re.search(r"^    from clfcore.*?\n(?=\n## )", README, flags=re.MULTILINE | re.DOTALL)
    assert block is not None
    small = {"data": "digits", "architecture": "lenet5", "recipe": {"epochs": 1}}
    code = textwrap.dedent(block[0]).replace('RunConfig(data="clothing-small")', f"RunConfig.model_validate({small})")
    names: dict[str, RunOutcome] = {}
    exec(code.replace("new.jpg", str(ROOT / "assets" / "samples" / "cat.jpg")), names)
    assert names["outcome"].state == "completed"
