"""docs/deployment.md: its commands are ones that the parser takes, and it has every format of an export."""

import re
import shlex
from pathlib import Path

import pytest

from clfcore.cli.main import parser
from clfcore.export import FORMAT_NAMES

PAGE = (Path(__file__).parents[1] / "docs" / "deployment.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^ {4}clflab (.*?)(?: {2,}#.*)?$", PAGE, flags=re.MULTILINE)
INLINE = re.findall(r"`clflab ([a-z]+ .*?)`", PAGE)


@pytest.mark.parametrize("line", sorted({*BLOCKS, *INLINE}))
def test_each_command_is_one_that_the_parser_takes(line: str) -> None:
    given = parser().parse_args(shlex.split(line))
    assert given.command == line.split()[0]
    assert given.command != "export" or given.format in FORMAT_NAMES


def test_it_has_commands_of_each_way() -> None:
    assert {line.split()[0] for line in (*BLOCKS, *INLINE)} >= {"predict", "serve", "export"}


def test_its_table_has_every_format() -> None:
    table = PAGE[PAGE.index("| `--format` |") :].split("\n\n")[0]
    assert tuple(re.findall(r"^\| `([a-z0-9-]+)` \|", table, flags=re.MULTILINE)[1:]) == FORMAT_NAMES
