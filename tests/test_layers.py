"""Dependencies point one way, and torch is imported where the design says it may be."""

import ast
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest

from tests.support.quick_imports import QUICK

ROOT = Path(__file__).parents[1]
CORE = sorted((ROOT / "clfcore").rglob("*.py"))
PAGES = [ROOT / "app.py", *sorted((ROOT / "pages").glob("*/page.py"))]
HEAVY = {"torch", "torchvision", "timm", "pytorch_grad_cam", "safetensors"}

# What a function may import when it is called, for it is slow to import: these libraries, and the project's own modules
# that import one of them at their top; and what only few calls need, or not every system has.
SLOW = HEAVY | {
    "sklearn", "scipy", "plotly", "onnx", "onnxruntime", "onnxscript", "pandas", "cv2", "kaleido", "pydicom",
    "pillow_heif", "pyarrow", "starlette", "uvicorn", "cleanlab", "optuna", "ray",
    "openTSNE", "fsspec", "tensorboard", "mlflow", "wandb",
}  # fmt: skip
SELDOM = {
    "PIL", "numpy", "jinja2", "markdown_it", "mdit_py_plugins", "latex2mathml", "huggingface_hub", "urllib", "resource",
}  # fmt: skip
QUICK_ON_CALL = {("clfcore.cli.main", "clfcore.logs")}  # logging takes an eighth of the time of --help


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


def named(node: ast.AST, known: Mapping[str, ast.Module]) -> list[str]:
    """The modules that an import statement names."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module:
        inner = [f"{node.module}.{alias.name}" for alias in node.names]
        return [name if name in known else node.module for name in inner]
    return []


def test_a_function_imports_only_what_is_slow_to_import() -> None:
    files = [path for part in ("clfcore", "ui", "pages") for path in (ROOT / part).rglob("*.py")]
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in files]
    trees = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in zip(names, files, strict=True)}

    @cache
    def is_slow(module: str) -> bool:
        if module not in trees:
            return module.split(".")[0] in SLOW
        return any(is_slow(other) for node in trees[module].body for other in named(node, trees))

    quick = {
        (name, module)
        for name, tree in trees.items()
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
        for module in named(node, trees)
        if not is_slow(module) and module.split(".")[0] not in SELDOM
    }
    assert quick <= QUICK_ON_CALL


@pytest.mark.parametrize("path", sorted((ROOT / "pages").rglob("*.py")), ids=lambda p: str(p.relative_to(ROOT)))
def test_no_page_computes_with_numpy(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for_types = {id(node) for part in tree.body if isinstance(part, ast.If) for node in ast.walk(part)}
    used = {name.split(".")[0] for node in ast.walk(tree) if id(node) not in for_types for name in named(node, {})}
    assert "numpy" not in used


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
