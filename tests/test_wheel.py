"""The wheel, built with no network: the core, the app's files inside it, and the console script."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.slow
def test_the_wheel_holds_the_app_and_the_command(tmp_path: Path) -> None:
    pytest.importorskip("setuptools", minversion="77")
    source = tmp_path / "source"
    source.mkdir()
    for name in ("app.py", "setup.py", "pyproject.toml", "requirements.txt", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source / name)
    ignored = shutil.ignore_patterns("__pycache__", "screenshots")
    for name in ("clfcore", "pages", "ui", "assets", ".streamlit"):
        shutil.copytree(ROOT / name, source / name, ignore=ignored)
    line = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--no-build-isolation",
        "--no-deps",
        "--no-index",
        "-w",
        tmp_path,
        ".",
    ]
    done = subprocess.run(list(map(str, line)), cwd=source, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(next(tmp_path.glob("clflab-*.whl"))) as wheel:
        names = set(wheel.namelist())
        scripts = next(wheel.read(name).decode() for name in names if name.endswith("entry_points.txt"))
    assert "clflab = clfcore.cli.main:main" in scripts
    assert {name.split("/")[0] for name in names if not name.partition("/")[0].endswith(".dist-info")} == {"clfcore"}
    app = {"app.py", ".streamlit/config.toml", "assets/style.css", "assets/icon.svg", "assets/samples/cat.jpg"}
    app |= {str(path.relative_to(ROOT)) for folder in ("pages", "ui") for path in (ROOT / folder).rglob("*.py")}
    app |= {str(path.relative_to(ROOT)) for path in (ROOT / "assets" / "clothing-small").rglob("*.jpg")}
    assert {f"clfcore/_app/{name}" for name in app} <= names
    core = {str(path.relative_to(ROOT)) for path in (ROOT / "clfcore").rglob("*.py")}
    assert core <= names
    parts = [
        path for folder in ("web_page", "onnxruntime_web") for path in (ROOT / "clfcore/export" / folder).iterdir()
    ]
    parts.append(ROOT / "clfcore/serving/page.js")
    assert {str(path.relative_to(ROOT)) for path in parts} <= names
    assert "clfcore/_app/setup.py" not in names
