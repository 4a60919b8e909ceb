"""A folder that works without the lab: predict.py with its ONNX file and what to install, and train.py."""

import json
import re
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

from clfcore.config import Fit
from clfcore.export import onnx_model, train_script
from clfcore.export.exportable import Exportable, description
from clfcore.export.onnx_model import Predictor
from clfcore.hierarchy import Decoding
from clfcore.jinja import environment
from clfcore.task import TaskKind

TEMPLATES = Path(__file__).parent / "templates"
RUNTIME = ("onnxruntime", "pillow", "numpy")


def write(source: Exportable, folder: Path) -> None:
    """predict.py, model.onnx, preprocess.json and requirements.txt with the versions that were verified here.

    And train.py, which trains the run again; README.md says how, or why it is left out.
    """
    write_predictor(source, folder)
    pinned(folder, RUNTIME)
    left_out = train_script.write(source, folder)
    readme = (TEMPLATES / "script_readme.txt").read_text(encoding="utf-8").partition("\n\n## Train again\n")
    again = f"train.py is left out: {left_out}.\n" if left_out else readme[1].lstrip("\n") + readme[2]
    (folder / "README.md").write_text(f"{readme[0]}\n\n{again}", encoding="utf-8")


def write_predictor(source: Exportable, folder: Path) -> None:
    """What every folder that answers photos has: model.onnx, preprocess.json, and predict.py."""
    folder.mkdir(parents=True)
    onnx_model.write(source, folder / "model.onnx")
    describe(source, folder)
    classifier = source.classifier
    modules = predict_modules(
        classifier.preprocess.fit,
        classifier.task.kind,
        decoding=classifier.decoding,
        unknown=source.unknown is not None,
        sets=source.sets is not None,
    )
    for name, text in modules.items():
        (folder / name).write_text(text, encoding="utf-8")


def predict_modules(
    fit: Fit, kind: TaskKind, *, decoding: Decoding = "levels", unknown: bool = False, sets: bool = False
) -> dict[str, str]:
    """predict.py with what this classifier needs, and nothing else; where that is long, rules.py beside it.

    decoding: how a hierarchy is read. unknown: strangers are told by energy. sets: it answers with sets, too.
    """
    parts = {
        "unlike": unknown and "strangers by their energy",
        "decoded": decoding != "levels" and "a hierarchy along its paths",
        "members": sets and "prediction sets",
    }
    needed = {name: what for name, what in parts.items() if what}
    apart = decoding != "levels" or sets
    template = environment(TEMPLATES, html=False).get_template
    names = {"fit": fit, "kind": kind, "decoding": decoding, "unknown": unknown, "sets": sets}
    modules = {
        "predict.py": template("predict.py.jinja").render(names, rules=", ".join(sorted(needed)) if apart else "")
    }
    if apart:
        modules["rules.py"] = template("rules.py.jinja").render(names, about=", ".join(needed.values()))
    return modules


def describe(source: Exportable, folder: Path) -> None:
    """preprocess.json, by which a folder is known as an export."""
    about = json.dumps(description(source), ensure_ascii=False, indent=2)
    (folder / "preprocess.json").write_text(about + "\n", encoding="utf-8")


def pinned(folder: Path, names: Iterable[str]) -> None:
    """requirements.txt with the versions that are installed here."""
    versions = "".join(f"{name}=={metadata.version(name)}\n" for name in names)
    (folder / "requirements.txt").write_text(versions, encoding="utf-8")


def address_name(name: str) -> str:
    """A classifier's name as servers have it in addresses and as a folder: letters, digits and . _ - alone."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip(".") or "classifier"


def host_name(name: str) -> str:
    """A classifier's name as images and Kubernetes take it: lower-case letters, digits and -, at most 40."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower())[:40].strip("-") or "classifier"


def read(folder: Path) -> Predictor:
    """The folder's model."""
    return onnx_model.read(folder / "model.onnx")
