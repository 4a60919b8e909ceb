"""The Jinja environment of every template: blocks leave no blank lines, and a name that is not given is an error."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment


def environment(folder: Path, *, html: bool = True) -> "Environment":
    """Templates of a folder. html: every text is escaped; else, as for source code, none is."""
    # 0.1 s and more: only reports and exports need it
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(folder),
        autoescape=html,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
