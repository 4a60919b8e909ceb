"""The temperature of a run: fitted on validation, kept in its folder, used by whoever asks for calibrated answers."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from clfcore.errors import InputError
from clfcore.evaluation.calibration import fit_temperature, reliability, rescaled
from clfcore.predictions import Predictions
from clfcore.runs.folder import Run
from clfcore.runs.records import Record


class TemperatureFile(Record):
    """What a run's logits are divided by where calibrated probabilities are asked for."""

    file = "temperature.json"
    value: Annotated[float, Field(ge=1e-6, le=1e6)]
    fitted_on: str = ""
    nll_before: float | None = None
    nll_after: float | None = None
    at_limit: bool = False


FILE = TemperatureFile.file


@dataclass(frozen=True)
class CalibrationErrors:
    """Expected calibration error, Brier score and log-loss (nats); None of no items."""

    ece: float | None
    brier: float | None
    nll: float | None


@dataclass(frozen=True)
class CalibrationChange:
    """Calibration of a split before and after its logits are divided by a temperature; after: None without one."""

    before: CalibrationErrors
    after: CalibrationErrors | None


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
    temperature = fit_temperature(run.predictions("validation"))
    run.write(
        FILE,
        {
            "value": temperature.value,
            "fitted_on": "validation",
            "nll_before": temperature.nll_before,
            "nll_after": temperature.nll_after,
            "at_limit": temperature.at_limit,
        },
    )
    return temperature.value


def forget(run: Run) -> None:
    """Go back to the logits as they are."""
    (run.path / FILE).unlink(missing_ok=True)


def before_and_after(run: Run) -> dict[str, CalibrationChange]:
    """Calibration of each split, as it is and at the run's temperature."""
    value = temperature_of(run)
    splits: dict[str, CalibrationChange] = {}
    for split in run.splits:
        predictions = run.predictions(split)
        after = None if value is None else _errors(rescaled(predictions, value))
        splits[split] = CalibrationChange(_errors(predictions), after)
    return splits


def _errors(predictions: Predictions) -> CalibrationErrors:
    measured = reliability(predictions)
    return CalibrationErrors(measured.ece, measured.brier, measured.nll)
