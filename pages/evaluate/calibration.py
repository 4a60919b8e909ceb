"""Do the probabilities mean what they say: the reliability diagram, and a temperature that mends it."""

from typing import TYPE_CHECKING

import streamlit as st

from clfcore.evaluation import calibration
from clfcore.evaluation.metrics import METRICS, Metric
from clfcore.runs import temperature
from clfcore.runs.folder import Run
from ui.charts import chart, dark
from ui.formatting import percent, rate
from ui.messages import Number, metric_row, refusals

if TYPE_CHECKING:
    from clfcore.predictions import Predictions


def calibration_view(run: Run, predictions: "Predictions") -> None:
    """The reliability of the split, before and after the run's temperature; it is fitted and forgotten here."""
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
                value, trained = write(was if after is None else now), f"{write(was)} as trained"
                metric_row([Number(metric.title, value, "" if after is None else trained, metric.described)])
            st.write((after or before).describe())
            if predictions.split == "validation" and value is not None:
                st.caption("The temperature was fitted on these images: judge it on test.")


_NUMBERS = (
    ("ece", METRICS["ece"]),
    (
        "brier",
        Metric(
            "Brier score", False, False, "The mean squared error of the probabilities; 0 is perfect.", "Brier, 1950"
        ),
    ),
    ("nll", METRICS["nll"]),
)


def _buttons(run: Run) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        fitted = temperature.temperature_of(run) is not None
        if st.button(
            "Fit the temperature again" if fitted else "Fit a temperature on validation", key="fit temperature"
        ):
            temperature.fit_run_temperature(run)
            st.rerun()
        if fitted and st.button("Forget it", key="forget temperature"):
            temperature.forget(run)
            st.rerun()
        st.caption(
            "One number divides all logits, so that no answer changes, only how sure it is. It is kept with the run; "
            "Predict uses it when asked to.",
            help="Temperature scaling, Guo and others, 2017: fitted by the log-loss on validation, judged on test.",
        )
