"""Heavy libraries are imported by one thread at a time, whoever asks first."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from clfcore.heavy_imports import ORDER, ROOTS, imported_at_the_top, load
from tests.support.quick_imports import QUICK

ROOT = Path(__file__).parents[1]
SOURCES = sorted(path for part in ("clfcore", "ui", "pages") for path in (ROOT / part).rglob("*.py"))
# In threads, on a cold process: each set ended in an ImportError in four of five tries.
COLD = """
import importlib, sys, threading
def work(name):
    start.wait()
    try:
        for one in name.split("+"):
            module, _, attribute = one.partition(":")
            found = importlib.import_module(module)
            attribute and getattr(found, attribute)
    except BaseException as error:
        failed.append(f"{name}: {type(error).__name__}: {error}")
names = sys.argv[1:]
failed, start = [], threading.Barrier(len(names))
threads = [threading.Thread(target=work, args=(name,)) for name in names]
for thread in threads: thread.start()
for thread in threads: thread.join()
assert not failed, failed
"""
TOGETHER = (
    "clfcore.augment.previews",
    "clfcore.architectures.feature_maps",
    "clfcore.classifier",
    "clfcore.experiments.plan",
    "clfcore.figures.history",
    "clfcore.explain.dispatch",
    "clfcore.augment.geometry",
    "clfcore.architectures.timm_models",
)


def own(node: ast.Import | ast.ImportFrom) -> set[str]:
    """The heavy libraries that an import names."""
    names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
    return {name.partition(".")[0] for name in names} & set(ROOTS)


LOADS = ("load", "heavy_imports.load")


def forgotten(path: Path) -> list[str]:
    """Functions that import a heavy library which their module does not, and do not call `load` before."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    at_top = set().union(*(own(node) for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)))
    found = []
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef):
            continue
        loaded = [n.lineno for n in ast.walk(function) if isinstance(n, ast.Call) and ast.unparse(n.func) in LOADS]
        for node in ast.walk(function):
            late = isinstance(node, ast.Import | ast.ImportFrom) and own(node) - at_top
            if late and not any(line < node.lineno for line in loaded):
                found.append(f"{path.relative_to(ROOT)}:{node.lineno} {function.name}")
    return found


def test_a_function_that_imports_a_heavy_library_calls_load_before() -> None:
    assert [place for path in SOURCES for place in forgotten(path)] == []


@pytest.mark.slow
def test_threads_of_a_cold_process_import_what_they_like() -> None:
    done = subprocess.run(
        [sys.executable, "-c", COLD, *TOGETHER], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_one_thread_alone_loads_no_more_than_it_needs() -> None:
    script = f"import sys, clfcore.figures.history; print(sorted(set(sys.modules) & set({ORDER!r})))"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ast.literal_eval(done.stdout) == ["plotly.graph_objects"]


def test_what_a_page_needs_to_paint_loads_none_of_them_in_a_thread() -> None:
    """As in a server: what stands in a text, such as code that is written for others, is no import."""
    light = [name for name in QUICK if not name.startswith("clfcore.cli")]
    script = (
        "import importlib, sys, threading\n"
        f"thread = threading.Thread(target=lambda: [importlib.import_module(name) for name in {light!r}])\n"
        "thread.start(); thread.join()\n"
        f"assert {light[-1]!r} in sys.modules\n"
        f"print(sorted(set(sys.modules) & set({ORDER!r}) - {{'plotly.graph_objects'}}))"  # Streamlit's own
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_what_is_loaded_stays_loaded() -> None:
    load("plotly")
    load("plotly")


def test_a_module_is_parsed_again_where_another_thread_was_parsing(monkeypatch: pytest.MonkeyPatch) -> None:
    parse, failures = ast.parse, iter([True, True])

    def disturbed(source: bytes) -> ast.Module:
        if next(failures, False):
            raise SystemError("AST constructor recursion depth mismatch (before=129, after=86)")
        return parse(source)

    monkeypatch.setattr(ast, "parse", disturbed)
    assert imported_at_the_top(b"import torch\n") == ("torch",)
