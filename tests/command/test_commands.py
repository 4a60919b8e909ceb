"""Every command is one value, with its Python call and its place in the documentation."""

import ast
import dataclasses
import inspect
import typing
from pathlib import Path

import pytest

from clfcore import api
from clfcore.cli.command import Command
from clfcore.cli.docs import page
from clfcore.cli.main import COMMANDS
from clfcore.results import Result

ROOT = Path(__file__).parents[2]
FOR_PYTHON = {  # values that calls take, and what pages show
    "Choice",
    "FIELDS",
    "Mark",
    "command_of",
    "configuration",
    "defaults",
    "flag",
    "plan",
    "serving_app",
}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=list(COMMANDS))
def test_every_command_has_its_python_call(command: Command) -> None:
    assert command.calls
    for name in command.calls:
        function = getattr(api, name)
        assert name in api.__all__
        returns = inspect.signature(function).return_annotation
        assert isinstance(returns, type)
        assert issubclass(returns, Result)
        assert dataclasses.is_dataclass(returns)


@pytest.mark.parametrize("command", COMMANDS.values(), ids=list(COMMANDS))
def test_a_command_calls_what_it_names(command: Command) -> None:
    tree = ast.parse(inspect.getsource(command.run))
    used = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and _of_api(node)}
    assert used - FOR_PYTHON == set(command.calls)


def _of_api(node: ast.Attribute) -> bool:
    return isinstance(node.value, ast.Name) and node.value.id == "api"


def test_every_python_call_has_its_command() -> None:
    assert {name for command in COMMANDS.values() for name in command.calls} == set(api.__all__) - FOR_PYTHON


def test_type_checkers_and_python_see_the_same_names() -> None:
    tree = ast.parse(Path(api.__file__).read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    imported = {alias.name for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert imported == set(api.__all__)
    for name in typing.cast(list[str], api.__all__):
        assert getattr(api, name)


def test_the_documentation_is_that_of_the_commands() -> None:
    written = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    assert written == page(), "run `python -m clfcore.cli.docs > docs/cli.md`"


def test_no_call_has_the_name_of_a_module_that_would_hide_it() -> None:
    modules = {path.stem for path in Path(api.__file__).parent.glob("*.py")}
    assert not modules & set(api.__all__)
