"""COCO (Lin and others 2014): one JSON of images, categories and annotations; a box is not needed to classify."""

import json
from pathlib import Path
from typing import Any

from clfcore.data.formats.rows import MOST_BYTES, Row, Rows, given_split
from clfcore.errors import InputError
from clfcore.files import parse_json, read_text
from clfcore.task import TaskKind

LABELS, PICTURES = "labels.json", "data"
KINDS: tuple[TaskKind, ...] = ("single-label", "multi-label", "hierarchical")


def coco_text(rows: Rows) -> str:
    """The JSON of rows; categories of a hierarchy name their level, and the one above as supercategory.

    Beyond COCO's own keys: `split` and `group` of an image, `level` of a category, and the task under `info`.
    """
    numbers: dict[tuple[int, str], int] = {}
    categories: list[dict[str, object]] = []

    def number(level: int, name: str, above: str) -> int:
        if (level, name) not in numbers:
            numbers[(level, name)] = len(numbers) + 1
            about = {"level": rows.levels[level]} if rows.levels else {}
            categories.append({"id": numbers[(level, name)], "name": name, "supercategory": above, **about})
        return numbers[(level, name)]

    for name in rows.classes:
        number(0, name, "")
    images: list[dict[str, object]] = []
    annotations: list[dict[str, object]] = []
    for i, row in enumerate(rows.rows, start=1):
        images.append({"id": i, "file_name": f"{PICTURES}/{row.path}", "split": row.split} | _group(row))
        for place, label in enumerate(row.labels):
            level = place if rows.levels else 0
            above = row.labels[place - 1] if rows.levels and place else ""
            annotations.append({"id": len(annotations) + 1, "image_id": i, "category_id": number(level, label, above)})
    info = {"description": "image classification", "task": rows.kind, "levels": list(rows.levels)}
    return json.dumps(
        {"info": info, "images": images, "annotations": annotations, "categories": categories}, ensure_ascii=False
    )


def _group(row: Row) -> dict[str, object]:
    return {"group": row.group} if row.group else {}


def is_coco(values: object) -> bool:
    return isinstance(values, dict) and all(isinstance(values.get(key), list) for key in ("images", "categories"))


def read_coco(path: Path, values: Any) -> Rows:  # values: JSON of others, checked here
    """The rows of a COCO file. Raises InputError where it is none."""
    try:
        info = values.get("info") or {}
        names = {one["id"]: str(one["name"]) for one in values["categories"]}
        level_of = {one["id"]: one.get("level") for one in values["categories"]}
        labels: dict[object, dict[str, None]] = {}
        by_level: dict[object, dict[str, str]] = {}
        for one in values.get("annotations") or []:
            labels.setdefault(one["image_id"], {})[names[one["category_id"]]] = None
            by_level.setdefault(one["image_id"], {})[str(level_of[one["category_id"]])] = names[one["category_id"]]
        kind = next((k for k in KINDS if isinstance(info, dict) and info.get("task") == k), None)
        if kind is None:
            kind = "single-label" if all(len(of) == 1 for of in labels.values()) else "multi-label"
        levels = tuple(str(level) for level in info["levels"]) if kind == "hierarchical" else ()
        rows = []
        for image in values["images"]:
            of = by_level.get(image["id"], {})
            given = tuple(of.get(level, "") for level in levels) if levels else tuple(labels.get(image["id"], {}))
            rows.append(
                Row(str(image["file_name"]), given, given_split(image.get("split")), str(image.get("group") or ""))
            )
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path} is no valid COCO file ({error}): export it again") from None
    return Rows(kind, tuple(rows), levels, () if levels else tuple(dict.fromkeys(names.values())))


def read_json(path: Path) -> Any:  # whatever the file holds
    """The JSON of a file of labels. Raises InputError."""
    return parse_json(read_text(path, most=MOST_BYTES, what="a file of labels"), what=str(path))
