"""The report of several runs on the same items."""

from collections.abc import Sequence

from clfcore.evaluation.compare import compare, hits
from clfcore.evaluation.differences import cost_efficiency
from clfcore.evaluation.ensembles import agreement, gains
from clfcore.evaluation.metric_catalogue import METRICS
from clfcore.figures.history import history_figure
from clfcore.figures.matrices import agreement_figure
from clfcore.figures.paired_comparison import cost_figure, differences_figure
from clfcore.reports.html import Section, Table, page
from clfcore.reports.run_facts import finest_level, shareable, split_reports
from clfcore.runs.costs import COSTS, known
from clfcore.runs.folder import Run

# cost -> its column; what was not measured on this machine is a dash
SPENT = {
    "parameters": "parameters",
    "multiply_adds": "multiply-adds",
    "latency": "ms an image",
    "answer_memory": "MB an answer",
    "seconds": "trained, s",
}


def compare_html(runs: Sequence[Run], split: str) -> str:
    """One self-contained HTML file. Raises InputError where the runs cannot be paired."""
    about = f"On {split}: {', '.join(run.id for run in runs)}."
    return page(f"{len(runs)} runs compared", about, compare_sections(runs, split))


def compare_sections(runs: Sequence[Run], split: str) -> list[Section]:
    """What the report of several runs says and draws. Raises as `compare_html`."""
    names = [f"{run.config.architecture} {run.id[-4:]}" for run in runs]
    names = names if len(set(names)) == len(names) else [run.id for run in runs]
    said = [(name, finest_level(run.predictions(split))) for name, run in zip(names, runs, strict=True)]
    found = compare(said)
    first = [pair for pair in found.pairs if pair.metric == found.pairs[0].metric]
    others = [pair for pair in found.pairs if pair not in first]
    return [
        Section(
            "The runs", [f"All are judged on the same {found.items:,} {split} images."], [_table(runs, names, split)]
        ),
        Section(
            "Can the images tell them apart",
            [pair.describe() for pair in first],
            [_tests(others)] if others else [],
            [differences_figure(first)],
        ),
        Section("Where they agree", [agreement(said).describe()], figures=[agreement_figure(agreement(said))]),
        _costs(runs, names, said),
        Section("Together", ["The mean of the probabilities of all.", *(gain.describe() for gain in gains(said))]),
        _curves(runs, names),
        Section("What differs in the settings", tables=[_settings(runs, names)]),
    ]


def _table(runs: Sequence[Run], names: Sequence[str], split: str) -> Table:
    all_found = [next(one for one in split_reports(run) if one.split == split) for run in runs]
    metrics = [name for name in METRICS if name in all_found[0].values]
    rows = [
        [name, *(found.written(metric) for metric in metrics), *_spent(run)]
        for name, run, found in zip(names, runs, all_found, strict=True)
    ]
    return Table(["run", *(METRICS[name].title for name in metrics), *SPENT.values()], rows)


def _spent(run: Run) -> list[str]:
    costs = known(run)
    return ["–" if costs[name] is None else f"{costs[name]:,.{1 if costs[name] < 100 else 0}f}" for name in SPENT]


def _tests(pairs: Sequence) -> Table:
    rows = [
        [f"{pair.b} less {pair.a}", pair.metric.replace("_", " "), f"{pair.difference:+.3f}",
         f"{pair.interval.low:+.3f} to {pair.interval.high:+.3f}", pair.better or "not significant"]
        for pair in pairs
    ]  # fmt: skip
    return Table(["runs", "metric", "difference", "95 % interval", "better"], rows)


def _costs(runs: Sequence[Run], names: Sequence[str], said: Sequence) -> Section:
    drawn = []
    for kind in COSTS:
        rows = []
        for name, run, (_, predictions) in zip(names, runs, said, strict=True):
            value, right = known(run)[kind], hits(predictions)
            if value is not None:
                rows.append((name, int(right.sum()), len(right), float(value)))
        if len(rows) > 1:
            drawn.append(cost_figure(cost_efficiency(rows), axis=COSTS[kind]))
    return Section("Accuracy against cost", ["Filled: no other run is both better and cheaper."], figures=drawn)


def _curves(runs: Sequence[Run], names: Sequence[str]) -> Section:
    histories = {name: run.history for name, run in zip(names, runs, strict=True)}
    return Section(
        "How they were trained", figures=[history_figure(histories, quantity=q) for q in ("loss", "accuracy")]
    )


def _settings(runs: Sequence[Run], names: Sequence[str]) -> Table:
    stored = [shareable(run.config).model_dump(mode="json") for run in runs]
    flat = [{**{k: v for k, v in one.items() if k != "recipe"}, **one.get("recipe", {})} for one in stored]
    rows = [
        [name.replace("_", " "), *(str(one.get(name)) for one in flat)]
        for name in dict.fromkeys(key for one in flat for key in one)
        if any(one.get(name) != flat[0].get(name) for one in flat)
    ]
    return Table(["setting", *names], rows or [["none", *("equal" for _ in names)]])
