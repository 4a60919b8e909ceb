"""What a run costs to use and to train: the numbers that its accuracy is set against."""

from clfcore.runs.store import Run
from clfcore.task import Task

# name -> the axis, with its unit
COSTS = {
    "parameters": "parameters",
    "multiply_adds": "multiply-adds an image",
    "seconds": "seconds of training",
    "memory": "most memory while training (MB)",
}


def cost(run: Run, name: str) -> float | None:
    """One of COSTS; None where the run does not know it. Multiply-adds are counted from shapes, in about a second."""
    if name == "parameters":
        return run.results.get("parameters", {}).get("total")
    if name == "seconds":
        return run.results.get("seconds")
    if name == "memory":
        return max((line["memory"] for line in run.history if line.get("memory")), default=None)
    return _multiply_adds(run) if name == "multiply_adds" else None


def _multiply_adds(run: Run) -> int | None:
    if not (run.path / "classifier.json").exists():
        return None
    from clfcore.architectures.inspect import table

    stored = run.classifier
    return table(
        stored["architecture"],
        options=stored["options"],
        image_size=stored["preprocess"]["size"],
        channels=stored["channels"],
        classes=Task.from_dict(stored["task"]).columns,
    ).multiply_adds
