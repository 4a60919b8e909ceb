"""Each benchmark's imports exist and it answers `--help`, so that what the documentation cites can be run."""

import ast
import importlib
import json
import re
import runpy
import sys
from pathlib import Path

import pytest

from clfcore.architectures.catalogue import architectures
from tools.run_benchmarks import quick_forms

BENCHMARKS = sorted((Path(__file__).parents[1] / "benchmarks").glob("*.py"))
README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
TABLE = (BENCHMARKS[0].parent / "README.md").read_text(encoding="utf-8")
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


def test_the_table_lists_every_script_once_in_order() -> None:
    assert re.findall(r"^\| \[(\w+\.py)\]\(\1\) \|", TABLE, flags=re.MULTILINE) == [path.name for path in BENCHMARKS]


def test_each_row_says_when_a_figure_was_recorded_and_on_what() -> None:
    for row in re.findall(r"^\| \[\w+\.py\].*$", TABLE, flags=re.MULTILINE):
        _, measures, aim, figure, when, _ = row.strip("|").split(" | ")
        assert measures
        assert aim
        assert re.fullmatch(r"2\d{3}-\d\d-\d\d, [\w -]+" if not figure.startswith("not ") else "–", when), row


def test_each_quick_form_is_of_its_own_row_and_takes_options_that_the_script_has() -> None:
    forms = quick_forms(TABLE)
    assert len(forms) >= 15
    for script, *arguments in forms:
        assert f"| [{script}]({script}) |" in TABLE
        source = (BENCHMARKS[0].parent / script).read_text(encoding="utf-8")
        for argument in arguments:
            assert not argument.startswith("--") or f'"{argument}"' in source, (script, argument)


@pytest.mark.parametrize("row", re.findall(r"^\| .*`benchmarks/.* \|$", README, flags=re.MULTILINE))
def test_figures_of_the_project_page_are_those_of_the_table(row: str) -> None:
    _, figure, scripts = row.strip("| ").split(" | ")
    for script in re.findall(r"benchmarks/(\w+\.py)", scripts):
        listed = re.search(rf"^\| \[{script}\].*$", TABLE, flags=re.MULTILINE)
        assert listed is not None
        assert figure in listed[0]


def test_the_project_page_counts_the_networks_of_the_catalogue_and_eight_trials_of_each() -> None:
    row = re.search(r"the catalogue's (\d+) networks at two sizes.*\| (\d+) of (\d+);", README)
    assert row is not None
    networks, ended_well, trials = map(int, row.groups())
    assert networks == len(architectures())
    assert ended_well == trials == 8 * networks
