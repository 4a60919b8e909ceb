"""Comparison report of several runs on the same items."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from clfcore.evaluation.compare import Difference, Named, compare, hits
from clfcore.evaluation.differences import cost_efficiency
from clfcore.evaluation.ensembles import agreement, gains
from clfcore.evaluation.metric_catalogue import METRICS
from clfcore.experiments.compare_runs import common_of_versions, versions_note
from clfcore.figures.history import history_figure
from clfcore.figures.matrices import agreement_figure
from clfcore.figures.paired_comparison import cost_figure, differences_figure
from clfcore.reports.html import Section, Table, page
from clfcore.reports.run_facts import finest_level, shareable, split_report
from clfcore.runs.cautions import cautions_of_all
from clfcore.runs.costs import COSTS, known
from clfcore.runs.folder import Run

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

    from clfcore.predictions import Predictions

# cost -> its column; what was not measured on this machine is a dash
COST_COLUMNS = {
    "parameters": "parameters",
    "multiply_adds": "multiply-adds",
    "latency": "latency (ms/image)",
    "answer_memory": "memory per prediction (MB)",
    "seconds": "training time (s)",
}


def compare_html(runs: Sequence[Run], split: str) -> str:
    """Comparison report as one self-contained HTML file. Raises InputError where the runs cannot be paired."""
    about = f"On {split}: {', '.join(run.id for run in runs)}."
    return page(f"Comparison of {len(runs)} runs", about, compare_sections(runs, split))


def compare_sections(runs: Sequence[Run], split: str) -> list[Section]:
    """Sections of the comparison report. Raises as `compare_html`."""
    names = [f"{run.config.architecture} {run.id[-4:]}" for run in runs]
    names = names if len(set(names)) == len(names) else [run.id for run in runs]
    named = [(name, finest_level(run.predictions(split))) for name, run in zip(names, runs, strict=True)]
    common = common_of_versions(runs, named)
    named = named if common is None else list(common.runs)
    comparison = compare(named)
    first = [pair for pair in comparison.pairs if pair.metric == comparison.pairs[0].metric]
    others = [pair for pair in comparison.pairs if pair not in first]
    return [
        Section(
            "Runs",
            [
                f"All runs are evaluated on the same {comparison.items:,} {split} images.",
                *([] if common is None else [versions_note(common, runs[-1].config.data)]),
                *_cautions(runs, names, split),
            ],
            [_table(runs, named)],
        ),
        Section(
            "Paired differences",
            [pair.describe() for pair in first],
            [_tests(others)] if others else [],
            [differences_figure(first)],
        ),
        Section("Agreement", [agreement(named).describe()], figures=[agreement_figure(agreement(named))]),
        _costs(runs, names, [predictions for _, predictions in named]),
        Section("Ensemble", ["The mean of all runs' probabilities.", *(gain.describe() for gain in gains(named))]),
        _curves(runs, names),
        Section("Configuration differences", tables=[_settings(runs, names)]),
    ]


def _cautions(runs: Sequence[Run], names: Sequence[str], split: str) -> list[str]:
    called = {run.path: name for run, name in zip(runs, names, strict=True)}
    return [
        text if len(about) == len(runs) else f"{', '.join(called[run.path] for run in about)}: {text}"
        for text, about in cautions_of_all(runs, split).items()
    ]


def _table(runs: Sequence[Run], named: Sequence[Named]) -> Table:
    reports = [split_report(run, predictions) for run, (_, predictions) in zip(runs, named, strict=True)]
    metrics = [name for name in METRICS if name in reports[0].values]
    rows = [
        [name, *(report.formatted(metric) for metric in metrics), *_cost_cells(run)]
        for (name, _), run, report in zip(named, runs, reports, strict=True)
    ]
    return Table(["run", *(METRICS[name].title for name in metrics), *COST_COLUMNS.values()], rows)


def _cost_cells(run: Run) -> list[str]:
    costs = known(run)
    return [_amount(costs[name]) for name in COST_COLUMNS]


def _amount(value: float | None) -> str:
    return "–" if value is None else f"{value:,.{1 if value < 100 else 0}f}"


def _tests(pairs: Sequence[Difference]) -> Table:
    rows = [
        [f"{pair.b} − {pair.a}", pair.metric.replace("_", " "), f"{pair.difference:+.3f}",
         f"{pair.interval.low:+.3f} to {pair.interval.high:+.3f}", pair.better or "not significant"]
        for pair in pairs
    ]  # fmt: skip
    return Table(["runs", "metric", "difference", "95% interval", "better"], rows)


def _costs(runs: Sequence[Run], names: Sequence[str], predicted: "Sequence[Predictions]") -> Section:
    drawn: list[Figure] = []
    for kind in COSTS:
        rows = []
        for name, run, predictions in zip(names, runs, predicted, strict=True):
            value, right = known(run)[kind], hits(predictions)
            if value is not None:
                rows.append((name, int(right.sum()), len(right), float(value)))
        if len(rows) > 1:
            drawn.append(cost_figure(cost_efficiency(rows), axis=COSTS[kind]))
    return Section(
        "Accuracy against cost",
        ["Filled points are the Pareto front: no other run is both more accurate and cheaper."],
        figures=drawn,
    )


def _curves(runs: Sequence[Run], names: Sequence[str]) -> Section:
    histories = {name: run.history for name, run in zip(names, runs, strict=True)}
    return Section("Training history", figures=[history_figure(histories, quantity=q) for q in ("loss", "accuracy")])


def _settings(runs: Sequence[Run], names: Sequence[str]) -> Table:
    stored = [shareable(run.config).model_dump(mode="json") for run in runs]
    flat = [{**{k: v for k, v in config.items() if k != "recipe"}, **config.get("recipe", {})} for config in stored]
    rows = [
        [name.replace("_", " "), *("–" if config.get(name) is None else str(config[name]) for config in flat)]
        for name in dict.fromkeys(key for config in flat for key in config)
        if any(config.get(name) != flat[0].get(name) for config in flat)
    ]
    return Table(["setting", *names], rows or [["none", *("equal" for _ in names)]])
