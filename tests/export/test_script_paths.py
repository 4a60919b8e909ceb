"""predict.py reads a hierarchy along its paths exactly as the lab does, at any temperature."""

from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from clfcore.config import Fit
from clfcore.evaluation.conformal import SetRule
from clfcore.export.script import predict_modules
from clfcore.hierarchy import Decoding, decoded
from clfcore.predictions import probabilities
from clfcore.task import Level, TaskKind, hierarchical

# A finest class with two parents, and one on no path.
TASK = hierarchical(
    (Level("kind", ("a", "b", "c")), Level("name", ("u", "v", "w", "x", "y"))), [(0, 0), (0, 1), (1, 2), (2, 2), (2, 3)]
)


def rules(how: Decoding, about: dict, *, sets: bool = False) -> dict[str, Any]:
    """The functions of rules.py, without the file that it reads."""
    source = predict_modules("crop", "hierarchical", decoding=how, sets=sets)["rules.py"]
    names: dict[str, Any] = {"np": np, "TASK": TASK.as_dict(), "ABOUT": about}
    exec(source[source.index("def ") :], names)
    return names


@pytest.mark.parametrize("how", ["path", "sum"])
@given(
    logits=st.lists(st.floats(-8, 8, width=32), min_size=TASK.columns, max_size=TASK.columns),
    temperature=st.sampled_from([0.5, 1.0, 2.5]),
)
@settings(max_examples=100, deadline=None)
def test_paths_are_read_as_the_lab_reads_them(how: Decoding, logits: list[float], temperature: float) -> None:
    row = np.array([logits], np.float32)
    about = {"decoding": how, "temperature": temperature}
    names = rules(how, about)
    given_levels = [probabilities(row / temperature, TASK)[0][part].astype(np.float32) for part in TASK.slices]
    mine = probabilities(decoded(row, TASK, how) / temperature, TASK)[0]
    theirs = np.concatenate(names["decoded"](given_levels))
    assert theirs == pytest.approx(mine, abs=2e-5)


@pytest.mark.parametrize("unknown", [False, True])
@pytest.mark.parametrize("sets", [False, True])
@pytest.mark.parametrize("fit", get_args(Fit))
@pytest.mark.parametrize(
    ("kind", "how"), [*((kind, "levels") for kind in get_args(TaskKind)), ("hierarchical", "path")]
)
def test_each_file_is_short_and_has_only_what_its_classifier_needs(
    kind: TaskKind, how: Decoding, fit: Fit, sets: bool, unknown: bool
) -> None:
    modules = predict_modules(fit, kind, decoding=how, unknown=unknown, sets=sets)
    assert set(modules) == {"predict.py", "rules.py"} if sets or how == "path" else {"predict.py"}
    for name, source in modules.items():
        compile(source, name, "exec")
        assert len(source.splitlines()) < 80
        assert max(map(len, source.splitlines())) <= 120
        assert "{%" not in source
    whole = "".join(modules.values())
    functions = {"unlike": unknown, "decoded": how == "path", "members": sets}
    assert {name: f"def {name}(" in whole for name in functions} == functions
    main = modules["predict.py"]
    assert ("thresholds" in main, '"levels": answers' in main) == (kind == "multi-label", kind == "hierarchical")


@pytest.mark.parametrize("how", ["levels", "path", "sum"])
@given(
    logits=st.lists(st.floats(-8, 8, width=32), min_size=TASK.columns, max_size=TASK.columns),
    level=st.sampled_from(["kind", "name"]),
)
@settings(max_examples=60, deadline=None)
def test_sets_are_those_of_the_lab_whatever_the_temperature(how: Decoding, logits: list[float], level: str) -> None:
    row, rule = np.array([logits], np.float32), SetRule(0.9, 0.3, 100, level)
    about = {"decoding": how, "temperature": 2.5, "sets": {"coverage": 0.9, "threshold": 0.3, "level": level}}
    names = rules(how, about, sets=True)
    read = decoded(row, TASK, how)
    part = TASK.slices[["kind", "name"].index(level)]
    assume(np.abs(probabilities(read, TASK)[0, part] - rule.threshold).min() > 1e-4)
    assert set(names["members"](row[0])) == set(rule.classes(read, TASK))
