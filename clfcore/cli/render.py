"""Results as text for a terminal."""

import json
from typing import Any

from clfcore.cli import render_architectures as networks
from clfcore.cli.errors import text as errors
from clfcore.cli.experiments import text as transfer
from clfcore.cli.explain import text as explained
from clfcore.cli.runs import text as judged
from clfcore.cli.terminal import cell, duration, table
from clfcore.evaluation.main_metric import main_metric
from clfcore.printable import printable


def render(command: str, result: dict[str, Any]) -> str:
    """What a command prints without --json; a name of others never breaks a line or steers the terminal."""
    result = _printable(result)
    for (name, key), draw in _VIEWS.items():
        if name == command and key in result:
            return draw(result)
    return "\n".join(_lines(result))


_LAID_OUT = ("source", "torchvision")  # texts that have lines of their own


def _printable(value: Any) -> Any:
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, dict):
        return {_printable(k): v if k in _LAID_OUT else _printable(v) for k, v in value.items()}
    return [_printable(one) for one in value] if isinstance(value, list | tuple) else value


def _lines(values: dict[str, Any], indent: str = "") -> list[str]:
    lines = []
    for name, value in values.items():
        if isinstance(value, dict):
            lines += [f"{indent}{name}", *_lines(value, indent + "  ")]
        elif isinstance(value, list):
            lines += [f"{indent}{name}", *(f"{indent}  {cell(item)}" for item in value)] if value else []
        else:
            lines.append(f"{indent}{name}: {cell(value)}")
    return lines


def _datasets(result: dict[str, Any]) -> str:
    rows = [[d["name"], d["task"], d["classes"], d["items"], d["available"]] for d in result["datasets"]]
    return table(rows, ["name", "task", "classes", "items", "at hand"])


def _check(result: dict[str, Any]) -> str:
    names = ", ".join(result["classes"][:12]) + (", …" if len(result["classes"]) > 12 else "")
    splits = ", ".join(f"{name} {count:,}" for name, count in result["splits"].items())
    lines = [
        f"{result['name']}: {result['task']}, {len(result['classes']):,} classes ({names})",
        splits,
        result["advice"],
    ]
    lines += [f"{p['kind']}: {p['message']}" for p in result["problems"]] or ["no problems found"]
    return "\n".join(lines)


def _runs(result: dict[str, Any]) -> str:
    if not result["runs"]:
        return "no runs yet: `python -m clfcore train --data digits --architecture lenet5` makes one"
    rows = []
    for run in result["runs"]:
        recipe = run["config"].get("recipe", {})
        metrics = run["metrics"].get("test") or run["metrics"].get("validation") or {}
        rows.append(
            [run["run"], run["state"], run["config"].get("strategy"), recipe.get("epochs"), main_metric(metrics)]
        )
    lines = [table(rows, ["run", "state", "strategy", "epochs", "score"])]
    for run in result["runs"]:
        lines += [run["message"]] if run.get("message") else []
        if "history" in run:
            names = ("epoch", "train_loss", "train_accuracy", "validation_loss", "validation_accuracy", "seconds")
            lines.append(table([[line.get(n) for n in names] for line in run["history"]], names))
    return "\n".join(lines)


def _predictions(result: dict[str, Any]) -> str:
    lines = []
    for answer in result["predictions"]:
        lines.append(answer["image"])
        lines += [f"  {answer['error']}"] if "error" in answer else []
        there = answer.get("labels")
        for one in answer.get("top", []) if "path" not in answer else []:
            mark = (
                ""
                if there is None
                else ("  yes" if one["label"] in there else "  no") + f", from {one['threshold']:.3g}"
            )
            lines.append(f"  {100 * one['probability']:5.1f} %  {one['label']}{mark}")
        lines += [f"  {100 * p['probability']:5.1f} %  {p['level']} {p['label']}" for p in answer.get("path", [])]
        lines += ["  not sure enough to go on"] if answer.get("stopped") else []
    return "\n".join(lines)


def _metrics(result: dict[str, Any]) -> str:
    lines = [f"run {result['run']}: {result['state']}" + (f" ({result['message']})" if result.get("message") else "")]
    lines.append(result["path"])
    if result.get("seconds") is not None:
        count = result["parameters"]
        lines.append(
            f"best epoch {result['best_epoch']}, {result['chosen_by']}; {duration(result['seconds'])}, "
            f"{count['trainable']:,} of {count['total']:,} parameters trained"
        )
    if "trained_on" in result:
        lines.append(_trained_on(result["trained_on"], result["items"]))
    for split, metrics in result["metrics"].items():
        lines += [split, *_lines(metrics, "  ")]
    for key in ("thresholds", "operating"):
        lines += [key, *_lines(result[key], "  ")] if key in result else []
    return "\n".join(lines)


def _trained_on(count: int | None, items: int) -> str:
    if count is None:
        return "how many of these pictures the run was trained on is not known any more"
    if not count:
        return "the run was trained on none of these pictures"
    return f"the run was trained on {count:,} of these {items:,} pictures: the metrics flatter"


def _calibration(result: dict[str, Any]) -> str:
    value = result["temperature"]
    rows = [
        [split, when, *(numbers[name] for name in ("ece", "brier", "nll"))]
        for split, both in result["splits"].items()
        for when, numbers in both.items()
        if numbers is not None
    ]
    said = "no temperature is kept" if value is None else f"temperature {value:.3f}, fitted on validation and kept"
    return f"run {result['run']}: {said}\n" + table(rows, ["split", "", "calibration error", "Brier", "log-loss"])


def _policies(result: dict[str, Any]) -> str:
    rows = [[p["name"], "own" if p["own"] else "", ", ".join(p["steps"])] for p in result["policies"]]
    return table(rows, ["policy", "", "steps"])


def _policy(result: dict[str, Any]) -> str:
    return f"{json.dumps(result['policy'], indent=2, ensure_ascii=False)}\n\n{result['torchvision'].rstrip()}"


def _trial(result: dict[str, Any]) -> str:
    rows = []
    for one in result["policies"]:
        reached = [line["validation_accuracy"] for line in one["history"]]
        rows.append([one["policy"], len(reached), reached[-1], max(reached)])
    said = (
        f"validation accuracy on {result['validation_items']:,} images, trained on {result['train_items']:,}; a "
        f"difference under {100 * result['noise']:.0f} points can be chance"
    )
    return table(rows, ["policy", "epochs", "last", "best"]) + "\n" + said


def _before(result: dict[str, Any]) -> str:
    heart, batch = result["one_batch"], result["first_batch"]
    labels = ", ".join(one["label"] for one in batch["items"])
    span = "the network's input runs from {smallest:.2f} to {largest:.2f}, mean {mean:.2f}, deviation {deviation:.2f}"
    lines = [heart["verdict"], f"first batch: {labels}", span.format(**batch["input"])]
    return "\n".join(lines + ([f"written to {batch['out']}"] if batch["out"] else []))


_VIEWS = {
    ("trial", "policies"): _trial,
    ("policies", "policies"): _policies,
    ("policies", "policy"): _policy,
    ("check", "one_batch"): _before,
    ("calibrate", "splits"): _calibration,
    ("report", "run"): judged,
    ("datasets", "datasets"): _datasets,
    ("datasets", "problems"): _check,
    **networks.VIEWS,
    ("compare", "pairs"): judged,
    ("measure", "measured"): judged,
    ("errors", "errors"): errors,
    ("train-to-compare", "comparison"): judged,
    ("explain", "methods"): explained,
    ("explain", "examples"): explained,
    ("runs", "runs"): _runs,
    ("predict", "predictions"): _predictions,
    ("train", "metrics"): _metrics,
    ("resume", "metrics"): _metrics,
    ("evaluate", "metrics"): _metrics,
    ("advise", "reasons"): transfer,
    ("find-rate", "suggestion"): transfer,
    ("more-pictures", "points"): transfer,
    ("cache", "embeddings"): transfer,
}
