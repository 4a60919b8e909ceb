"""Label Studio: a JSON list of tasks, each an image and its annotations (choices, or a taxonomy for a hierarchy)."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from clfcore.data.dataset import Problem
from clfcore.data.formats.rows import Row, Rows, given_split
from clfcore.data.importers.walk import shortened
from clfcore.errors import InputError
from clfcore.task import TaskKind

LABELS, PICTURES = "tasks.json", "data"
_LOCAL = "/data/local-files/?d="  # how Label Studio names files below its document root


def label_studio_text(rows: Rows) -> str:
    """The tasks of rows. Label Studio finds the images where its local storage begins at the folder that holds them."""
    tasks = []
    for row in rows.rows:
        labels = list(row.labels)
        is_path = rows.kind == "hierarchical"
        kind = "taxonomy" if is_path else "choices"
        value: dict[str, object] = {kind: [labels] if is_path else labels}
        result = {"from_name": "label", "to_name": "image", "type": kind, "value": value}
        data: dict[str, object] = {
            "image": f"{_LOCAL}{quote(f'{PICTURES}/{row.path}')}",
            "split": row.split,
            "task": rows.kind,
        }
        data |= {"group": row.group} if row.group else {}
        data |= {"levels": list(rows.levels)} if rows.levels else {}
        tasks.append({"data": data, "annotations": [{"result": [result]}]})
    return json.dumps(tasks, ensure_ascii=False)


def is_label_studio(values: object) -> bool:
    return isinstance(values, list) and bool(values) and all(isinstance(t, dict) and "data" in t for t in values[:20])


def read_label_studio(path: Path, values: Any) -> Rows:  # values: JSON of others, checked here
    """The rows of tasks; those without an annotation are left out and named. Raises InputError where it is none."""
    rows: list[Row] = []
    problems: list[Problem] = []
    levels: tuple[str, ...] = ()
    kinds: set[str] = set()
    try:
        for task in values:
            data = task["data"]
            image = _path(data)
            done = [a for a in task.get("annotations") or [] if not a.get("was_cancelled")]
            results = [
                r for r in (done[0].get("result") or [] if done else []) if r.get("type") in ("choices", "taxonomy")
            ]
            if not done:
                problems.append(Problem("no-class", image, f"{image} has no annotation: it is left out"))
                continue
            kinds.add(str(data.get("task")))
            labels = tuple(str(label) for result in results for label in _labels(result))
            if any(result["type"] == "taxonomy" for result in results):
                kinds.add("hierarchical")
                named = data.get("levels") or [f"level {i}" for i in range(1, len(labels) + 1)]
                levels = levels or tuple(str(name) for name in named)
            rows.append(Row(image, labels, given_split(data.get("split")), str(data.get("group") or "")))
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise InputError(f"{path} is no valid export of Label Studio ({error}): export it again as JSON") from None
    if "hierarchical" in kinds:
        return Rows("hierarchical", tuple(rows), levels, problems=tuple(shortened(problems)))
    several = "multi-label" in kinds or any(len(row.labels) != 1 for row in rows)
    kind: TaskKind = "multi-label" if several and "single-label" not in kinds else "single-label"
    return Rows(kind, tuple(rows), problems=tuple(shortened(problems)))


def _labels(result: dict[str, Any]) -> Iterator[object]:
    """The classes of one result: choices, or the first path of a taxonomy."""
    value = result["value"]
    yield from value["choices"] if result["type"] == "choices" else value["taxonomy"][0]


def _path(data: dict[str, Any]) -> str:
    """The file that a task's image names. Raises InputError where it is on the network."""
    image = data["image"] if "image" in data else next(v for v in data.values() if isinstance(v, str) and "." in v)
    address = urlsplit(str(image))
    if address.scheme in ("http", "https", "s3", "gs"):
        raise InputError(f"image is {str(image)!r}: download the images and name their files; nothing is fetched")
    if address.path.rstrip("/").endswith("/data/local-files"):
        return parse_qs(address.query)["d"][0]
    return str(image).removeprefix("/data/upload/")
