"""Each benchmark's imports exist and it answers `--help`, so that what the documentation cites can be run."""

import ast
import importlib
import runpy
import sys
from pathlib import Path

import pytest

BENCHMARKS = sorted((Path(__file__).parents[1] / "benchmarks").glob("*.py"))
OURS = ("clfcore", "pages", "tests", "ui")


@pytest.mark.parametrize("path", BENCHMARKS, ids=lambda path: path.stem)
def test_it_imports_what_there_is_and_answers_help(
    path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", [str(path), "--help"])
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setenv("THP_MEM_ALLOC_ENABLE", "1")  # some set it when they are imported
    for statement in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):  # those within functions too
        if isinstance(statement, ast.ImportFrom) and statement.module and statement.module.startswith(OURS):
            module = importlib.import_module(statement.module)
            for alias in statement.names:
                assert hasattr(module, alias.name) or importlib.import_module(f"{statement.module}.{alias.name}")
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(path), run_name="__main__")
    assert ended.value.code == 0
    assert "usage: " in capsys.readouterr().out
