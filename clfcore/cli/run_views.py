"""Runs as text: one with its metrics, several side by side."""

from clfcore.cli.command import Values
from clfcore.cli.terminal import duration, indented, table
from clfcore.evaluation.metric_catalogue import main_metric

BASELINES = {"nearest_class_mean": "nearest class mean", "k_nearest": "5 nearest neighbors"}


def run_text(result: Values) -> str:
    """State, best epoch, and the metrics of each split."""
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
        lines += [split, *indented(metrics, "  "), *(f"  note: {text}" for text in result["cautions"].get(split, ()))]
        if names := result.get("left_out", {}).get(split):
            more = f" and {len(names) - 8:,} more" if len(names) > 8 else ""
            lines.append(
                f"  left out of curves and mean areas, for all or no image has them: {', '.join(names[:8])}{more}"
            )
        if baselines := result.get("baselines", {}).get(split):
            lines.append(
                "  on the same embeddings: " + ", ".join(f"{BASELINES[n]} {v:.4f}" for n, v in baselines.items())
            )
    for key in ("thresholds", "operating"):
        lines += [key, *indented(result[key], "  ")] if key in result else []
    return "\n".join(lines)


def _trained_on(count: int | None, items: int) -> str:
    if count is None:
        return "how many of these pictures the run was trained on is not known any more"
    if not count:
        return "the run was trained on none of these pictures"
    return f"the run was trained on {count:,} of these {items:,} pictures: the metrics flatter"


def comparison_table(result: Values) -> str:
    """The runs with their score and costs, what the first metric's pairs say in words, and all pairs as a table."""
    split = result["split"]
    names = ("parameters", "multiply_adds", "latency", "answer_memory", "seconds")
    rows = [
        [run["run"], main_metric(run["metrics"][split]), *(run["costs"][name] for name in names)]
        for run in result["runs"]
    ]
    head = ["run", f"{split} score", "parameters", "multiply-adds", "ms an image", "MB an answer", "seconds trained"]
    first = result["pairs"][0]["metric"]
    words = [pair["words"] for pair in result["pairs"] if pair["metric"] == first]
    pairs = [
        [p["a"], p["b"], p["metric"], p["difference"], "{:.3f} to {:.3f}".format(*p["interval"]), p["p_value"]]
        for p in result["pairs"]
    ]
    differences = table(pairs, ["a", "b", "metric", "b - a", "95% interval", "p-value"])
    written = [result["html"]] if "html" in result else []
    cautions: dict[str, list[str]] = {}
    for run in result["runs"]:
        for text in run["cautions"]:
            cautions.setdefault(text, []).append(run["run"])
    words = [*result.get("notes", ()), *(f"{', '.join(about)}: {text}" for text, about in cautions.items()), *words]
    return "\n".join([table(rows, head), "", *words, "", differences, *written, *result.get("figures", ())])
