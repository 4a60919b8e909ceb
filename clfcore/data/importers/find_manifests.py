"""Finding manifests: which CSV files name pictures, in a folder and in an upload."""

from dataclasses import replace
from pathlib import Path

from clfcore.data.importers.columns import Columns, columns_of, own_names, path_columns
from clfcore.data.importers.csv_table import key, read_table
from clfcore.data.importers.find_files import inside
from clfcore.data.importers.readings import Reading
from clfcore.errors import InputError


def manifests_in(folder: Path, *, documented: bool) -> list[Path]:
    """The manifests in a folder and its subfolders, by name; documented: only those that have a column `path`.

    Without that column a contest's `sample_submission.csv` is none: it names pictures, but its classes are made up.
    """
    files = sorted((*folder.glob("*.csv"), *folder.glob("*/*.csv")))
    if not documented:
        files = [file for file in files if "submission" not in key(file.stem)]
    return [file for file in files if has_paths(file, documented=documented)]


def has_paths(path: Path, *, documented: bool = True) -> bool:
    """Whether a CSV looks like a manifest: its header has a `path` column, or else one that may hold files."""
    try:
        with path.open("rb") as file:
            head = file.read(1 << 16)
        table = read_table(head[: head.rfind(b"\n") + 1] or head, str(path), Reading())
    except (OSError, InputError):
        return False
    table = replace(table, header=own_names(table.header))
    return "path" in table.header if documented else bool(path_columns(table))


def written_paths(text: bytes, name: str) -> list[str]:
    """The paths of a manifest that is still in memory, none of them leading outside. Raises InputError."""
    table = read_table(text, name, Reading())
    table = replace(table, header=own_names(table.header))
    columns = columns_of(table, where=name, reading=Reading(), existing=tuple)
    candidates = [columns.path] if isinstance(columns, Columns) else path_columns(table)
    return [inside(cell, table.first + i, Path(name)) for i, cell in enumerate(table.column(candidates[0]))]
