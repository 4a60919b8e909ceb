import pytest

from clfcore.errors import InputError
from clfcore.explain.targets import column
from clfcore.task import Level, Task, single_label

TREE = Task("hierarchical", (Level("kind", ("animal", "plant")), Level("name", ("cat", "dog", "oak"))))


def test_columns_of_names_and_numbers() -> None:
    assert [column(TREE, name) for name in ("cat", "oak", "plant", "0", "2")] == [2, 4, 1, 2, 4]
    assert column(TREE, "1", level="kind") == 1
    assert column(single_label(["7", "3"]), "3") == 1  # a name before a number


def test_refusals() -> None:
    with pytest.raises(InputError, match=r"target is 'dgo': it must be one of the classes .* \(did you mean dog\?\)"):
        column(TREE, "dgo")
    with pytest.raises(InputError, match=r"target is 3: there are 3 classes, so a number must be from 0 to 2"):
        column(TREE, "3")
    with pytest.raises(InputError, match=r"level is 'nam': it must be one of kind, name \(did you mean name\?\)"):
        column(TREE, "cat", level="nam")
    with pytest.raises(InputError, match="target is 'plant'"):
        column(TREE, "plant", level="name")
