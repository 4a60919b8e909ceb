"""Files of decisions, as CSV or JSON: written by the lab, by hand, or by another tool."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from clfcore.data.dataset import ImageDataset
from clfcore.data.importers.csv_table import key, read_table
from clfcore.data.importers.readings import Reading
from clfcore.data.versions.decisions import Decision, decide_item, label_text, written
from clfcore.errors import InputError, brief
from clfcore.files import parse_json, read_text
from clfcore.results import Json, JsonObject
from clfcore.spreadsheet import csv_text
from clfcore.task import Task

MOST_BYTES = 64 << 20
HEAD = ("item", "action", "label", "group", "note", "given", "content", "source", "when")
_ALIASES = {"path": "item", "id": "item", "image": "item", "file": "item", "labels": "label", "class": "label"}


def read_table_of_decisions(path: Path, dataset: ImageDataset) -> tuple[Decision, ...]:
    """The decisions of a .csv or .json about items of a dataset, checked. Raises InputError, which names the row.

    CSV: a column `item`, and of `action`, `label`, `group` and `note` what the action needs; without an action, a label
    means `label`. Several labels, and the classes of a path, are parted by a semicolon. JSON: a list of
    such objects, or one below `decisions`, with `label` as text or as a list.
    """
    if path.suffix.lower() == ".json":
        text = read_text(path, most=MOST_BYTES, what="decisions as JSON")
        rows = _objects(parse_json(text, what=f"{path}"), path)
    elif path.suffix.lower() in (".csv", ".tsv"):
        text = read_text(path, most=MOST_BYTES, what="decisions as CSV")
        table = read_table(text.encode(), str(path), Reading())
        names = [_ALIASES.get(key(name), key(name)) for name in table.header]
        rows = [dict(zip(names, row, strict=False)) for row in table.rows]
    else:
        raise InputError(f"decisions is {str(path)!r}: name a .csv or a .json")
    if not rows:
        raise InputError(f"{path} holds no decision: write a row for each picture, with item and label or action")
    return tuple(_decision(row, dataset, f"{path}, decision {number:,}") for number, row in enumerate(rows, 1))


def decisions_csv(decisions: Iterable[Decision], task: Task) -> str:
    """Decisions as CSV, a line each, as `read_table_of_decisions` takes them."""
    rows = [[*_cells(decision, task)] for decision in sorted(decisions, key=lambda one: one.item)]
    return csv_text([HEAD, *rows])


def decisions_json(decisions: Iterable[Decision]) -> JsonObject:
    """Decisions as an object, as `read_table_of_decisions` takes them."""
    return {"decisions": [written(decision) for decision in sorted(decisions, key=lambda one: one.item)]}


def _cells(decision: Decision, task: Task) -> Sequence[str]:
    label = ";".join(decision.label) if task.kind != "single-label" else label_text(task, decision.label)
    return (
        decision.item,
        decision.action,
        label,
        decision.group,
        decision.note,
        decision.given,
        decision.content,
        decision.source,
        decision.when,
    )


def _objects(value: Json, path: Path) -> list[JsonObject]:
    rows = value.get("decisions") if isinstance(value, dict) else value
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise InputError(f'{path} is no list of decisions: write [{{"item": …, "label": …}}, …]')
    return rows


def _decision(row: Mapping[str, Json], dataset: ImageDataset, where: str) -> Decision:
    texts = {name: row.get(name) or "" for name in ("item", "action", "group", "note", "source", "given", "content")}
    odd = next((name for name, text in texts.items() if not isinstance(text, str)), None)
    if odd is not None:
        raise InputError(f"{where}: {odd} is {brief(texts[odd])}: it must be text")
    if not texts["item"]:
        raise InputError(f"{where}: item is missing: name the picture as `clflab quality` does")
    label = row.get("label") or ""
    names = _names(label, dataset.task) if isinstance(label, str) else label
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise InputError(f"{where}: label is {brief(label)}: it must be a class, or a list of them")
    action = texts["action"] or ("label" if "label" in row and (names or not texts["group"]) else "group")
    try:
        decision = decide_item(
            dataset,
            texts["item"],
            action,
            label=names,
            group=texts["group"],
            note=texts["note"],
            source=texts["source"],
        )
    except InputError as error:
        raise InputError(f"{where}: {error}") from None
    for name, now in (("given", decision.given), ("content", decision.content)):
        if texts[name] and texts[name] != now:
            what = "label" if name == "given" else "content"
            raise InputError(
                f"{where}: {texts['item']} has another {what} now ({brief(now)}, not {brief(texts[name])}): leave the "
                "row out, or decide on the picture anew"
            )
    return decision


def _names(text: str, task: Task) -> list[str]:
    """The classes that a cell names."""
    if task.kind == "single-label" or text in task.classes:
        return [text] if text else []
    return [name.strip() for name in text.split(";") if name.strip()]
