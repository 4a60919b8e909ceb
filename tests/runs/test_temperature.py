"""A run's temperature: fitted on validation alone, kept with the run, used by whoever asks."""

import numpy as np
import pytest

from clfcore import api
from clfcore.answers import answer
from clfcore.errors import InputError
from clfcore.predictions import Predictions
from clfcore.runs import folder
from clfcore.runs.temperature import FILE, before_and_after, fit_run_temperature, forget, temperature_of
from clfcore.task import single_label
from tests.support.stored_runs import stored_run


def overconfident(run: folder.Run) -> None:
    """Replace the run's predictions by ones whose logits are three times too large, in truth drawn from them."""
    rng = np.random.default_rng(0)
    for split in ("validation", "test"):
        honest = rng.normal(0, 1.5, (4000, 3))
        p = np.exp(honest) / np.exp(honest).sum(1, keepdims=True)
        targets = (p.cumsum(1) < rng.random((4000, 1))).sum(1)
        predictions = Predictions(
            single_label(("a", "b", "c")),
            split,
            tuple(f"{i}" for i in range(4000)),
            targets.astype(np.int64),
            (3 * honest).astype(np.float32),
        )
        predictions.save(run.path / f"predictions-{split}.npz")


def test_the_fitted_temperature_undoes_a_known_one_and_mends_test() -> None:
    run = stored_run(1, right=0.7)
    overconfident(run)
    assert temperature_of(run) is None
    assert fit_run_temperature(run) == pytest.approx(3.0, rel=0.05)
    assert temperature_of(run) == pytest.approx(3.0, rel=0.05)
    test = before_and_after(run)["test"]
    assert test.after.ece < 0.25 * test.before.ece
    assert test.after.nll < test.before.nll
    forget(run)
    assert temperature_of(run) is None
    assert before_and_after(run)["test"].after is None


def test_the_command_fits_stores_and_forgets() -> None:
    run = stored_run(1, right=0.7)
    overconfident(run)
    found = api.calibrate(run.id)
    assert found.fitted_on == "validation"
    assert found.temperature == temperature_of(run)
    assert api.calibrate(run.id, forget=True).temperature is None


@pytest.mark.parametrize("content", ["{", '{"value": 0}', '{"value": "warm"}', '{"value": NaN}', "[]"])
def test_a_damaged_temperature_is_refused(content: str) -> None:
    run = stored_run(1, right=0.7)
    (run.path / FILE).write_text(content)
    with pytest.raises(InputError):
        temperature_of(run)


def test_a_calibrated_answer_is_the_softmax_of_the_divided_logits() -> None:
    class Stub:
        task, decoding, thresholds = single_label(("a", "b", "c")), "levels", None

    logits = np.array([2.0, 1.0, -1.0])
    found = answer(Stub(), np.zeros((1, 1, 1), np.uint8), 3, logits=logits, temperature=2.0).top
    expected = np.exp(logits / 2) / np.exp(logits / 2).sum()
    assert [one.probability for one in found] == pytest.approx(expected.tolist())
