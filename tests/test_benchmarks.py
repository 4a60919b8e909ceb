"""Each benchmark's imports exist and it answers `--help`, so that what the documentation cites can be run."""

import ast
import importlib
import json
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


def test_the_documented_table_is_what_the_script_prints_of_the_recorded_units(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    root = Path(__file__).parents[1]
    monkeypatch.setattr(sys, "path", list(sys.path))

    def printed(*arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["scale.py", "--recorded", *arguments])
        runpy.run_path(str(root / "benchmarks" / "scale.py"), run_name="__main__")
        return capsys.readouterr().out

    text = (root / "docs" / "scale.md").read_text(encoding="utf-8")
    assert text.endswith(f"\n\n{printed()}")
    units = json.loads((root / "benchmarks" / "scale.json").read_text())
    priced = printed("--items", "3600", "--gpus", "2", "--gpu-rate", "1000", "--core-price", "0.1", "--gpu-price", "3")
    cores, hours = 2 * 1000 * units["read"], 3600 / 2000 / 3600
    assert f"| cores that feed the GPUs | {cores:,.0f} |" in priced
    assert f"| {hours * (2 * 3 + cores * 0.1):,.0f} | hours x (GPUs x their price" in priced
    assert f"| making the JPEGs, once | {units['make']:,.0f} core hours |" in priced
    assert "open" not in priced
