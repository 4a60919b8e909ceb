"""What a run costs to use and to train: the numbers that its accuracy is set against."""

from clfcore.runs import measured_speed
from clfcore.runs.folder import Run

# name -> the axis, with its unit
COSTS = {
    "parameters": "parameters",
    "multiply_adds": "multiply-adds an image",
    "latency": "milliseconds an image on this machine",
    "answer_memory": "memory of an answer on this machine (MB)",
    "seconds": "seconds of training",
    "memory": "most memory while training (MB)",
}
MEASURED = ("latency", "answer_memory")  # not known before `speed.measure`


def cost(run: Run, name: str) -> float | None:
    """One of COSTS; None where the run does not know it. Multiply-adds are counted from shapes, in about a second."""
    measured = known(run)[name]
    return measured_speed.count_multiply_adds(run) if name == "multiply_adds" and measured is None else measured


def known(run: Run) -> dict[str, float | None]:
    """All of COSTS as far as the run's folder tells them: no network is built, and torch is not needed."""
    here, results = measured_speed.kept(run), run.results
    return {
        "parameters": results.parameters.total if "parameters" in results.model_fields_set else None,
        "multiply_adds": measured_speed.multiply_adds(run),
        "latency": None if here is None else 1e3 * here.seconds,
        "answer_memory": None if here is None else here.memory / 1e6,
        "seconds": results.seconds,
        "memory": max((epoch.memory for epoch in run.history if epoch.memory), default=None),
    }
