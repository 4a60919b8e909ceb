"""Writes timm_names.csv, what the catalogue knows of timm's networks: `python -m tools.build_timm_index`.

Read from the installed timm and from running each network on shapes alone (meta device); nothing is typed in. Needed
again only when timm brings new networks; those that the list lacks are still found in timm itself, only more slowly.
"""

import sys
from pathlib import Path

import timm

from clfcore.architectures.timm_index import CSV, to_line
from clfcore.architectures.timm_registry import row
from clfcore.files import write_text


def write(path: Path = CSV) -> None:
    lines = []
    for name in timm.list_models():
        lines.append(to_line(row(name)))
        sys.stderr.write(f"{len(lines)} {lines[-1]}\n")
    write_text(path, "\n".join(lines) + "\n")


if __name__ == "__main__":
    write()
