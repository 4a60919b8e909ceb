"""What people call a run: its name, a note and tags, in one small file of its folder. Never part of an address."""

import contextlib
from collections.abc import Sequence
from pathlib import Path

from clfcore.errors import InputError
from clfcore.printable import printable
from clfcore.runs.folder import Run, run_folders
from clfcore.runs.records import About

LONGEST_NAME, LONGEST_NOTE, LONGEST_TAG, MOST_TAGS = 80, 2000, 30, 12


def about(run: Run) -> About:
    """Name, note and tags; empty where there are none, or where their file is damaged: it stands for nothing else."""
    with contextlib.suppress(InputError):
        return run.read(About)
    return About()


def set_about(
    run: Run,
    *,
    name: str | None = None,
    note: str | None = None,
    tags: Sequence[str] | None = None,
    folder: Path | None = None,
) -> About:
    """Change what is given, an empty text or list removes it; the rest stays. Raises InputError.

    A name is one run's alone in its runs folder (`folder`), so that a list can be read.
    """
    before = about(run)
    values = before.as_dict()
    if name is not None:
        values["name"] = _text(name, "name", LONGEST_NAME)
        for other in run_folders(folder or run.path.parent) if values["name"] else ():
            if other.path != run.path and about(other).name == values["name"]:
                raise InputError(f"name is {values['name']!r}: run {other.id} is called so already")
    if note is not None:
        values["note"] = _text(note, "note", LONGEST_NOTE, lines=True)
    if tags is not None:
        words = [word for tag in tags if (word := _text(tag, "tag", LONGEST_TAG))]
        each = list(dict.fromkeys(words))
        if len(each) > MOST_TAGS:
            raise InputError(f"tags are {len(each)}: a run has at most {MOST_TAGS}")
        values["tags"] = [*each]
    run.write(About.file, values)
    return about(run)


def _text(text: str, what: str, longest: int, *, lines: bool = False) -> str:
    """Without space around it, on one line unless `lines`. Raises InputError where it is too long or unreadable."""
    kept = "\n".join(" ".join(line.split()) for line in text.strip().split("\n")) if lines else " ".join(text.split())
    if len(kept) > longest:
        raise InputError(f"{what} has {len(kept):,} characters: at most {longest:,} are kept")
    if printable(kept, lines=lines) != kept:
        raise InputError(f"{what} holds characters that cannot be shown: write it without them")
    return kept
