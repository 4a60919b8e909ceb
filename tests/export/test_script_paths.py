"""predict.py reads a hierarchy along its paths exactly as the lab does, at any temperature."""

from typing import get_args

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from clfcore.config import Fit
from clfcore.evaluation.conformal import SetRule
from clfcore.export.script import predict_source
from clfcore.hierarchy import Decoding, decoded
from clfcore.predictions import probabilities
from clfcore.task import Level, TaskKind, hierarchical

# A finest class with two parents, and one on no path.
TASK = hierarchical(
    (Level("kind", ("a", "b", "c")), Level("name", ("u", "v", "w", "x", "y"))), [(0, 0), (0, 1), (1, 2), (2, 2), (2, 3)]
)


@pytest.mark.parametrize("how", ["path", "sum"])
@given(
    logits=st.lists(st.floats(-8, 8, width=32), min_size=TASK.columns, max_size=TASK.columns),
    temperature=st.sampled_from([0.5, 1.0, 2.5]),
)
@settings(max_examples=100, deadline=None)
def test_paths_are_read_as_the_lab_reads_them(how: Decoding, logits: list[float], temperature: float) -> None:
    row = np.array([logits], np.float32)
    source = predict_source("crop", "hierarchical", decoding=how)
    code = source[source.index("def decoded(") : source.index("def answer(")]
    about = {"decoding": how, "temperature": temperature}
    names: dict[str, object] = {"np": np, "TASK": TASK.as_dict(), "ABOUT": about}
    exec(code, names)
    given_levels = [probabilities(row / temperature, TASK)[0][part].astype(np.float32) for part in TASK.slices]
    mine = probabilities(decoded(row, TASK, how) / temperature, TASK)[0]
    theirs = np.concatenate(names["decoded"](given_levels))  # type: ignore[operator]
    assert theirs == pytest.approx(mine, abs=2e-5)


def test_only_a_classifier_that_reads_paths_gets_the_code() -> None:
    assert "def decoded(" not in predict_source("crop", "hierarchical")
    compile(predict_source("crop", "hierarchical", decoding="path"), "predict.py", "exec")


@pytest.mark.parametrize("unknown", [False, True])
@pytest.mark.parametrize("fit", get_args(Fit))
@pytest.mark.parametrize("kind", get_args(TaskKind))
def test_it_is_short_and_has_only_what_its_classifier_needs(kind: TaskKind, fit: Fit, unknown: bool) -> None:
    source = predict_source(fit, kind, unknown=unknown)
    compile(source, "predict.py", "exec")
    assert len(source.splitlines()) < 80
    assert "{%" not in source
    assert ("def unlike(" in source) == unknown
    assert ("thresholds" in source, '"levels": answers' in source) == (kind == "multi-label", kind == "hierarchical")


@pytest.mark.parametrize("how", ["levels", "path", "sum"])
@given(
    logits=st.lists(st.floats(-8, 8, width=32), min_size=TASK.columns, max_size=TASK.columns),
    level=st.sampled_from(["kind", "name"]),
)
@settings(max_examples=60, deadline=None)
def test_sets_are_those_of_the_lab_whatever_the_temperature(how: Decoding, logits: list[float], level: str) -> None:
    row, rule = np.array([logits], np.float32), SetRule(0.9, 0.3, 100, level)
    source = predict_source("crop", "hierarchical", decoding=how, sets=True)
    first = "def decoded(" if how != "levels" else "def members("
    about = {"decoding": how, "temperature": 2.5, "sets": {"coverage": 0.9, "threshold": 0.3, "level": level}}
    names: dict[str, object] = {"np": np, "TASK": TASK.as_dict(), "ABOUT": about}
    exec(source[source.index(first) : source.index("def answer(")], names)
    read = decoded(row, TASK, how)
    part = TASK.slices[["kind", "name"].index(level)]
    assume(np.abs(probabilities(read, TASK)[0, part] - rule.threshold).min() > 1e-4)
    assert set(names["members"](row[0])) == set(rule.classes(read, TASK))  # type: ignore[operator]
