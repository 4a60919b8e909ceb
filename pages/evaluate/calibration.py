"""Calibration: the reliability diagram, and temperature scaling fitted on validation."""

from typing import TYPE_CHECKING

import streamlit as st

from clfcore.evaluation import calibration
from clfcore.evaluation.metric_catalogue import METRICS
from clfcore.runs import temperature
from clfcore.runs.folder import Run
from ui.charts import chart, dark
from ui.formatting import percent, rate
from ui.messages import Number, metric_row, refusals

if TYPE_CHECKING:
    from clfcore.predictions import Predictions


def calibration_view(run: Run, predictions: "Predictions") -> None:
    """The reliability diagram as trained and with the run's temperature, which is fitted and removed here."""
    from clfcore.figures.calibration import reliability_figure

    with refusals(stop=False):
        _buttons(run)
        value = temperature.temperature_of(run)
        before = calibration.reliability(predictions)
        after = None if value is None else calibration.reliability(calibration.rescaled(predictions, value))
        left, right = st.columns([3, 2], gap="medium")
        with left:
            shown = before if after is None else {"As trained": before, f"At temperature {value:.2f}": after}
            chart(reliability_figure(shown, dark=dark()), "reliability")
        with right:
            for name, metric in _NUMBERS:
                was, now = getattr(before, name), getattr(after, name) if after else None
                write = percent if metric.share else rate
                text, trained = write(was if after is None else now), f"{write(was)} as trained"
                metric_row([Number(metric.title, text, "" if after is None else trained, metric.described)])
            st.write((after or before).describe())
            if predictions.split == "validation" and value is not None:
                st.caption("The temperature was fitted on these images; judge it on the test split.")


_NUMBERS = (
    ("ece", METRICS["ece"]),
    ("brier", METRICS["brier"]),
    ("nll", METRICS["nll"]),
)


def _buttons(run: Run) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        fitted = temperature.temperature_of(run) is not None
        if st.button("Refit the temperature" if fitted else "Fit a temperature on validation", key="fit temperature"):
            temperature.fit_run_temperature(run)
            st.rerun()
        if fitted and st.button("Remove the temperature", key="forget temperature"):
            temperature.forget(run)
            st.rerun()
        st.caption(
            "Temperature scaling divides all logits by one number: predictions stay the same, only their confidence "
            "changes. The temperature is saved with the run; Predict can use it.",
            help="Fitted by minimizing the log-loss on validation, evaluated on test. Guo and others, 2017.",
        )
