"""What a run costs to use and to train: the numbers that its accuracy is set against."""

from clfcore.errors import Failure, InputError
from clfcore.runs import measured_speed
from clfcore.runs.folder import Run
from clfcore.task import Task

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
    found = known(run)[name]
    return _multiply_adds(run) if name == "multiply_adds" and found is None else found


def known(run: Run) -> dict[str, float | None]:
    """All of COSTS as far as the run's folder tells them: no network is built, and torch is not needed."""
    here = measured_speed.kept(run)
    return {
        "parameters": run.results.get("parameters", {}).get("total"),
        "multiply_adds": measured_speed.multiply_adds(run),
        "latency": None if here is None else 1e3 * here.seconds,
        "answer_memory": None if here is None else here.memory / 1e6,
        "seconds": run.results.get("seconds"),
        "memory": max((line["memory"] for line in run.history if line.get("memory")), default=None),
    }


def _multiply_adds(run: Run) -> int | None:
    """None of a run without a network, and of a network that is known no longer."""
    if not (run.path / "classifier.json").exists():
        return None
    from clfcore.architectures.summary import table

    stored = run.classifier
    try:
        return table(
            stored["architecture"],
            options=stored["options"],
            image_size=stored["preprocess"]["size"],
            channels=stored["channels"],
            classes=Task.from_dict(stored["task"]).columns,
        ).multiply_adds
    except (InputError, Failure):
        return None
