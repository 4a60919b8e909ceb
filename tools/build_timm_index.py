"""Writes timm_names.csv, what the catalogue knows of timm's networks: `python -m tools.build_timm_index`.

Read from the installed timm and from running each network on shapes alone (meta device); nothing is typed in. Needed
again only when timm brings new networks; those that the list lacks are still found in timm itself, only more slowly.
"""

import re
import sys
from pathlib import Path

import timm
import torch

from clfcore.architectures.timm_index import CSV, Row, to_line
from clfcore.files import write_text

SIDES = (32, 64, 96, 128, 160, 192, 224, 256)  # tried in turn: the first that runs is noted as the smallest


def row(name: str) -> Row:
    """What one timm network is: counted and tried on the meta device, where that works."""
    config = timm.get_pretrained_cfg(name, allow_unregistered=False)
    module = timm.models._registry._model_to_module[name]
    native = config.input_size[-1]
    tags = timm.list_pretrained(name + ".*")
    default = f"{name}.{config.tag}" if config.tag else name
    ordered = sorted(tags, key=lambda tag: tag != default)
    weights = tuple(tag.partition(".")[2] or "default" for tag in ordered)
    parameters, smallest = _try(name, native, fixed=config.fixed_input_size)
    return Row(name, module, _year(module), parameters, smallest, native, weights)


def _try(name: str, native: int, *, fixed: bool) -> tuple[int | None, int]:
    parameters = None
    for side in (*(side for side in SIDES if side < native), native):
        sized = {"img_size": side} if fixed and side != native else {}
        try:
            with torch.device("meta"), torch.no_grad():
                module = timm.create_model(name, num_classes=1000, **sized).eval()
                parameters = sum(p.numel() for p in module.parameters()) if side == native or not fixed else None
                module(torch.empty(2, 3, side, side))
        except Exception:
            continue
        if parameters is None:
            with torch.device("meta"):
                parameters = sum(p.numel() for p in timm.create_model(name, num_classes=1000).parameters())
        return parameters, side
    return parameters, native


def _year(module: str) -> int | None:
    """The year of the first arXiv paper that timm's module names in its text."""
    text = sys.modules[f"timm.models.{module}"].__doc__ or ""
    found = re.search(r"arxiv\.org/(?:abs|pdf)/(\d\d)\d\d\.\d+", text)
    return 2000 + int(found.group(1)) if found else None


def write(path: Path = CSV) -> None:
    lines = []
    for name in timm.list_models():
        lines.append(to_line(row(name)))
        sys.stderr.write(f"{len(lines)} {lines[-1]}\n")
    write_text(path, "\n".join(lines) + "\n")


if __name__ == "__main__":
    write()
