"""Classes that a split lacks are named by `evaluate`, as text and as JSON."""

import numpy as np

from clfcore import api
from clfcore.cli.run_views import run_text
from clfcore.predictions import Predictions
from tests.support.stored_runs import stored_run


def test_evaluate_names_the_classes_that_a_split_lacks() -> None:
    run = stored_run(1, right=0.8)
    whole = run.predictions("test")
    some = np.flatnonzero(whole.targets != 2)
    ids = tuple(whole.ids[i] for i in some)
    Predictions(whole.task, "test", ids, whole.targets[some], whole.logits[some]).save(
        run.path / "predictions-test.npz"
    )
    result = api.evaluate(run.id).as_json()
    assert {split: list(names) for split, names in result["left_out"].items()} == {"test": ["digit 2"]}
    assert "left out of curves and mean areas, for all or no image has them: digit 2" in run_text(
        {**result, "seconds": None}
    )
