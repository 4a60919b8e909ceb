"""The main metric of a task: what the best epoch is chosen by, and what a list of runs shows."""

from collections.abc import Mapping
from typing import Any


def main_metric(metrics: Mapping[str, Any]) -> float | None:
    """What a run is chosen by: accuracy, mean average precision, or the accuracy of the finest level.

    >>> main_metric({"family": {"accuracy": 0.9}, "shape": {"accuracy": 0.8}, "consistency": 1.0})
    0.8
    """
    levels = [value for value in metrics.values() if isinstance(value, dict)]
    if levels:
        return levels[-1].get("accuracy")
    return metrics.get("accuracy", metrics.get("mean_average_precision"))
