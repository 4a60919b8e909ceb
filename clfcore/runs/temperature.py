"""The temperature of a run: fitted on validation, kept in its folder, used by whoever asks for calibrated answers."""

from typing import Any

from clfcore.errors import InputError
from clfcore.evaluation.calibration import fit_temperature, reliability, rescaled
from clfcore.runs.folder import Run
from clfcore.runs.records import TemperatureFile

FILE = TemperatureFile.file


def temperature_of(run: Run) -> float | None:
    """What the run's logits are divided by; None where none was fitted. Raises InputError where it is damaged."""
    if not (run.path / FILE).exists():
        return None
    try:
        return run.read(TemperatureFile).value
    except InputError as error:
        raise InputError(f"{error}; or fit the temperature again") from None


def fit_run_temperature(run: Run) -> float:
    """Fit the temperature on the run's validation predictions and keep it. Raises InputError where there are none."""
    if "validation" not in run.splits:
        raise InputError(f"run {run.id} is {run.state} and has no validation predictions: let it finish, or resume it")
    found = fit_temperature(run.predictions("validation"))
    run.write(
        FILE,
        {
            "value": found.value,
            "fitted_on": "validation",
            "nll_before": found.nll_before,
            "nll_after": found.nll_after,
            "at_limit": found.at_limit,
        },
    )
    return found.value


def forget(run: Run) -> None:
    """Go back to the logits as they are."""
    (run.path / FILE).unlink(missing_ok=True)


def before_and_after(run: Run) -> dict[str, Any]:
    """ece, brier and nll of each split as they are and at the run's temperature; `after` is None where it has none."""
    value = temperature_of(run)
    splits: dict[str, Any] = {}
    for split in run.splits:
        said = run.predictions(split)
        shown = {"before": said, "after": None if value is None else rescaled(said, value)}
        splits[split] = {when: None if one is None else _numbers(reliability(one)) for when, one in shown.items()}
    return {"temperature": value, "fitted_on": None if value is None else "validation", "splits": splits}


def _numbers(found: Any) -> dict[str, float | None]:
    return {name: getattr(found, name) for name in ("ece", "brier", "nll")}
