"""Rules that keep pages thin and start-up quick."""

import ast
import doctest
import subprocess
import sys
from pathlib import Path

import pytest

from ui import formatting

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "pages").glob("*/page.py"))
PARTS = sorted(p for part in ("ui", "pages") for p in (ROOT / part).rglob("*.py") if p.name != "page.py")
FORBIDDEN = {"torch", "numpy", "pandas", "PIL", "pathlib", "os", "io", "shutil"}


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {name.name.split(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").split(".")[0])
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.parent.name)
def test_a_page_is_short_and_computes_nothing(page: Path) -> None:
    assert len(page.read_text().splitlines()) < 120
    assert not imports(page) & FORBIDDEN
    calls = {node.func.id for node in ast.walk(ast.parse(page.read_text())) if _is_named_call(node)}
    assert not calls & {"open", "eval", "exec"}


def _is_named_call(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name)


@pytest.mark.parametrize("part", PARTS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_part_is_small_and_imports_torch_nowhere(part: Path) -> None:
    assert len(part.read_text().splitlines()) < 300
    assert "torch" not in imports(part)


def test_what_pages_share_loads_no_slow_package() -> None:
    names = [".".join(part.relative_to(ROOT).with_suffix("").parts) for part in PARTS if part.stem != "__init__"]
    code = (
        f"import importlib, sys; [importlib.import_module(name) for name in {names}]; "
        "print(*sorted({'torch', 'sklearn', 'scipy', 'timm', 'pandas'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_words_are_written_as_their_examples_say() -> None:
    assert doctest.testmod(formatting).failed == 0
