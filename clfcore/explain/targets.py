"""Target of an explanation: a class name -> the column of the logits. Loads no torch."""

from clfcore.errors import InputError, nearest
from clfcore.task import Task


def column(task: Task, name: str, *, level: str | None = None) -> int:
    """Column of a class, by its name or by its number within the level; level: the finest unless named.

    A name that the finest level does not have is searched in the others. Raises InputError with the nearest names.

    >>> from clfcore.task import single_label
    >>> column(single_label(["cat", "dog"]), "dog")
    1
    """
    names = [each.name for each in task.levels]
    if level is not None and level not in names:
        raise InputError(f"level is {level!r}: it must be one of {', '.join(names)}{nearest(level, names)}")
    places = [names.index(level)] if level is not None else range(len(names) - 1, -1, -1)
    for place in places:
        classes, start = task.levels[place].classes, task.slices[place].start
        if name in classes:
            return start + classes.index(name)
    classes, start = task.levels[places[0]].classes, task.slices[places[0]].start
    if name.isdecimal():
        if int(name) < len(classes):
            return start + int(name)
        most = len(classes) - 1
        raise InputError(f"target is {name}: there are {most + 1} classes, so a number must be from 0 to {most}")
    known = [each for place in places for each in task.levels[place].classes]
    listed = ", ".join(known[:12]) + (", …" if len(known) > 12 else "")
    raise InputError(f"target is {name!r}: it must be one of the classes {listed}{nearest(name, known)}")


def target_name(task: Task, target: int | tuple[int, int]) -> str:
    """Name of the target: the class of a column of the logits; of two columns, `husky, not wolf`.

    >>> from clfcore.task import single_label
    >>> target_name(single_label(["wolf", "husky"]), (1, 0))
    'husky, not wolf'
    """
    names = [name for level in task.levels for name in level.classes]
    return f"{names[target[0]]}, not {names[target[1]]}" if isinstance(target, tuple) else names[target]
