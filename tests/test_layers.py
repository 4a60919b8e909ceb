"""Dependencies point one way, and torch is imported where the design says it may be."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.quick_imports import QUICK

ROOT = Path(__file__).parents[1]
CORE = sorted((ROOT / "clfcore").rglob("*.py"))
PAGES = [ROOT / "app.py", *sorted((ROOT / "pages").glob("*/page.py"))]
HEAVY = {"torch", "torchvision", "timm", "pytorch_grad_cam", "safetensors"}


def imports(path: Path, *, top: bool) -> set[str]:
    """Dotted names that a file imports: at its top alone, or anywhere."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = tree.body if top else list(ast.walk(tree))
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


@pytest.mark.parametrize("path", CORE, ids=lambda p: str(p.relative_to(ROOT)))
def test_the_core_knows_no_page(path: Path) -> None:
    assert not {name.split(".")[0] for name in imports(path, top=False)} & {"streamlit", "ui", "app", "pages"}


@pytest.mark.parametrize("path", PAGES, ids=lambda p: f"{p.parent.name}/{p.name}")
def test_a_page_computes_nothing_itself(path: Path) -> None:
    used = {name.split(".")[0] for name in imports(path, top=False)}
    assert not used & (HEAVY | {"numpy", "sklearn", "scipy", "pandas", "PIL"})
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 120


def test_what_a_page_needs_to_paint_imports_no_torch() -> None:
    """One process imports them all, one after another, and names the first that brings torch along."""
    script = (
        "import importlib, sys\n"
        f"for name in {QUICK!r}:\n"
        "    importlib.import_module(name)\n"
        f"    heavy = sorted({HEAVY!r} & set(sys.modules))\n"
        "    assert not heavy, f'{name} imports {heavy}'\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_help_needs_no_data_and_no_torch() -> None:
    script = "import sys; from clfcore.cli.main import parser; parser().format_help(); print(sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(ast.literal_eval(done.stdout))
    assert not loaded & {"torch", "numpy", "sklearn", "streamlit", "plotly", "PIL", "pandas"}
