"""Figures show the numbers of their results, in the app's colors, with words beside them."""

import tomllib
from itertools import pairwise
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
import pytest

from clfcore.architectures.catalogue import architecture, architectures
from clfcore.data.dataset import ImageDataset
from clfcore.errors import InputError
from clfcore.evaluation import calibration, compare, curves, differences, ensembles, errors, multilabel, operating_point
from clfcore.experiments.study import SearchTrial
from clfcore.figures.bars import class_counts_figure
from clfcore.figures.calibration import reliability_figure
from clfcore.figures.confusion import confusion_figure
from clfcore.figures.curves import precision_recall_figure, roc_figure
from clfcore.figures.history import history_figure
from clfcore.figures.matrices import agreement_figure, co_occurrence_figure, confusion_difference_figure
from clfcore.figures.paired_comparison import cost_figure, differences_figure, per_class_figure
from clfcore.figures.search import best_so_far, importance_figure, parallel_coordinates
from clfcore.figures.theme import CIVIDIS, DARK, LIGHT, OKABE_ITO, alternative, colors, short
from clfcore.figures.timeline import LETTER, years
from clfcore.runs.records import EpochRecord
from clfcore.task import single_label
from tests.evaluation.made import predictions, seeded, seeded_labels

HISTORY = [
    EpochRecord(epoch=1, train_loss=2.0, validation_loss=1.5, train_accuracy=0.3, validation_accuracy=None),
    EpochRecord(epoch=2, train_loss=1.0, validation_loss=0.9, train_accuracy=0.6, validation_accuracy=0.7),
]
TAGGED = "<b>cat</b> & dog"


def all_figures(*, dark: bool) -> dict[str, go.Figure]:
    a, b = seeded(gap=2), seeded(gap=1)
    runs = [("a", a), (TAGGED, b)]
    dataset = ImageDataset(
        "made",
        single_label(["cat", TAGGED]),
        tuple("abcd"),
        np.array([0, 1, 1, 1]),
        {"train": np.array([0, 1, 2]), "test": np.array([3])},
        pixels=np.zeros((4, 2, 2, 1), np.uint8),
    )
    gaps = differences.class_differences(*runs)
    spent = differences.cost_efficiency([("a", 300, 400, 1e6), (TAGGED, 310, 400, 2e6), ("c", 290, 400, 3e6)])
    point = operating_point.operating_point(a, "c1", threshold=0.3)
    return {
        "history": history_figure({TAGGED: HISTORY}, epochs=5, best={TAGGED: 2}, dark=dark),
        "histories": history_figure({"a": HISTORY, TAGGED: HISTORY[:1]}, quantity="accuracy", dark=dark),
        "confusion": confusion_figure(errors.confusion(a), dark=dark),
        "roc": roc_figure(curves.roc(a), point=point, dark=dark),
        "precision-recall": precision_recall_figure(curves.precision_recall(a, classes=["c1"]), dark=dark),
        "counts": class_counts_figure(dataset, dark=dark),
        "reliability": reliability_figure(calibration.reliability(a), dark=dark),
        "reliabilities": reliability_figure({n: calibration.reliability(p) for n, p in runs}, dark=dark),
        "differences": differences_figure(compare.compare(runs, resamples=50).pairs[:1], dark=dark),
        "agreement": agreement_figure(ensembles.agreement(runs), dark=dark),
        "moved": confusion_difference_figure(differences.confusion_difference(*runs), dark=dark),
        "per class": per_class_figure(gaps, a="a", b=TAGGED, dark=dark),
        "cost": cost_figure(spent, axis="parameters", dark=dark),
        "together": co_occurrence_figure(multilabel.co_occurrence(seeded_labels()), dark=dark),
    }


@pytest.mark.parametrize("dark", [False, True])
def test_every_figure_is_transparent_has_words_and_shows_names_as_they_are(dark: bool) -> None:
    page = DARK if dark else LIGHT
    for name, figure in all_figures(dark=dark).items():
        words = alternative(figure)
        assert words.endswith("."), name
        assert "nan" not in words, name
        layout = figure.layout.template.layout
        assert (layout.paper_bgcolor, layout.plot_bgcolor) == ("rgba(0,0,0,0)", "rgba(0,0,0,0)")
        assert layout.font.color == page.ink
        assert figure.layout.uirevision, name
        figure.layout.meta = None  # words are read out, not drawn
        assert "<b>" not in figure.to_json().replace("\\u003c", "<").replace("\\u003e", ">"), name


def test_the_template_and_the_apps_theme_share_their_tokens() -> None:
    theme = tomllib.loads(Path(".streamlit/config.toml").read_text(encoding="utf-8"))["theme"]
    assert theme["chartCategoricalColors"] == list(OKABE_ITO)
    assert theme["chartSequentialColors"] == list(CIVIDIS)
    for page, look in (("light", LIGHT), ("dark", DARK)):
        tokens = theme[page]
        named = (tokens["textColor"], tokens["backgroundColor"], tokens["blueColor"], tokens["redColor"])
        assert (look.ink, look.paper, look.accent, look.red) == named
        assert look.amber == tokens["orangeColor"]


def test_many_classes_take_colors_from_light_to_dark() -> None:
    assert colors(8) == OKABE_ITO
    many = colors(12)
    light = [sum(int(one[i : i + 2], 16) for i in (1, 3, 5)) for one in many]
    assert light == sorted(light)
    assert len(set(many)) == 12


def test_long_names_are_shortened_in_the_middle() -> None:
    assert short("abcdefghij", 5) == "ab…ij"
    assert short("abc", 5) == "abc"
    assert short("<i>") == "&lt;i&gt;"


def test_a_live_chart_keeps_its_axis_and_its_zoom() -> None:
    early, late = (history_figure({"r": HISTORY[:n]}, epochs=10) for n in (0, 2))
    assert early.layout.xaxis.range == late.layout.xaxis.range
    assert early.layout.uirevision == late.layout.uirevision
    training, validation = late.data[:2]
    assert (training.y, validation.y) == ((2.0, 1.0), (1.5, 0.9))
    assert (training.line.dash, validation.line.dash) == ("dot", None)
    assert alternative(early) == "loss (nats): no epoch has ended yet."
    with pytest.raises(InputError, match=r"quantity is 'los': it must be one of loss, .* \(did you mean loss\?\)"):
        history_figure({}, quantity="los")


def test_a_missing_value_leaves_a_gap_and_epoch_0_has_its_place() -> None:
    lines = [EpochRecord(epoch=0, validation_loss=1.0, train_loss=None), *HISTORY]
    figure = history_figure({"r": lines}, epochs=3)
    assert figure.data[0].y[0] is None
    assert figure.layout.xaxis.range[0] < 0


def test_each_cell_with_items_can_be_clicked_and_says_which_classes_it_means() -> None:
    predictions = seeded(n=60)
    matrix = errors.confusion(predictions).ordered("support")
    heat, cells = confusion_figure(matrix).data
    assert (heat.type, cells.type, cells.mode) == ("heatmap", "scatter", "markers")
    assert len(cells.x) == np.count_nonzero(matrix.counts)
    for x, y, (true, predicted, items, of) in zip(cells.x, cells.y, cells.customdata, strict=True):
        assert matrix.classes[y] == predictions.classes[true]
        assert matrix.classes[x] == predictions.classes[predicted]
        assert len(errors.cell(predictions, true, predicted)) == items
        assert (predictions.targets == true).sum() == of
        assert heat.z[y][x] == items


def test_clicks_reach_streamlit_only_while_dragging_does_not_select() -> None:
    layout = confusion_figure(errors.confusion(seeded())).layout
    assert layout.dragmode in ("pan", "zoom")
    assert layout.clickmode is None


def test_shares_and_errors_only_leave_the_diagonal_empty() -> None:
    matrix = errors.confusion(seeded())
    heat = confusion_figure(matrix, norm="by-truth", errors_only=True).data[0]
    assert np.isnan(np.diagonal(heat.z)).all()
    expected = matrix.counts[0, 1] / matrix.counts[0].sum()
    assert heat.z[0][1] == pytest.approx(expected, nan_ok=expected == 0)


def test_a_thousand_classes_still_draw() -> None:
    rng = np.random.default_rng(0)
    targets = rng.integers(1000, size=5000)
    logits = np.zeros((5000, 1000), np.float32)
    logits[np.arange(5000), np.where(rng.random(5000) < 0.7, targets, rng.integers(1000, size=5000))] = 5
    matrix = errors.confusion(predictions(logits, targets))
    figure = confusion_figure(matrix)
    assert len(figure.layout.xaxis.ticktext) <= 50
    assert len(figure.data[1].x) == np.count_nonzero(matrix.counts)


def test_roc_draws_the_curve_and_the_chosen_point() -> None:
    answer = seeded(c=2)
    found, point = curves.roc(answer), operating_point.operating_point(answer, "c1", threshold=0.4)
    figure = roc_figure(found, point=point)
    assert np.array_equal(figure.data[0].x, found.curves[0].x)
    assert f"{found.curves[0].area:.3f}" in figure.data[0].name
    (marker,) = (trace for trace in figure.data if trace.mode == "markers")
    assert (marker.x[0], marker.y[0]) == (1 - point.specificity, point.sensitivity)


def test_counts_stack_the_splits_and_many_classes_are_sorted() -> None:
    targets = np.repeat(np.arange(60), np.arange(1, 61))
    dataset = ImageDataset(
        "made",
        single_label([f"c{i}" for i in range(60)]),
        tuple(str(i) for i in range(len(targets))),
        targets,
        {"train": np.arange(0, len(targets), 2), "validation": np.arange(1, len(targets), 2)},
        pixels=np.zeros((len(targets), 1, 1, 1), np.uint8),
    )
    figure = class_counts_figure(dataset)
    assert [trace.name for trace in figure.data] == ["Train", "Validation"]
    total = np.sum([trace.y for trace in figure.data], axis=0)
    assert (np.diff(total) <= 0).all()
    assert alternative(figure).startswith("60 classes with 1 to 60 items each; 915 train, 915 validation.")


def test_reliability_draws_only_bins_with_items() -> None:
    found = calibration.reliability(seeded())
    line = next(trace for trace in reliability_figure(found).data if trace.mode == "lines+markers")
    assert len(line.x) == (found.items > 0).sum()
    assert np.allclose(line.y, found.right[found.items > 0])


def test_intervals_of_differences_stand_at_their_ends() -> None:
    a, b = seeded(gap=3), seeded(gap=1)
    (pair,) = compare.compare([("a", a), ("b", b)], resamples=50).pairs[:1]
    trace = differences_figure([pair]).data[0]
    assert trace.x[0] + trace.error_x.array[0] == pytest.approx(100 * pair.interval.high)  # in points
    assert trace.x[0] - trace.error_x.arrayminus[0] == pytest.approx(100 * pair.interval.low)
    assert trace.marker.symbol == ("circle",)  # filled: told apart


def test_every_architecture_stands_at_its_year_and_no_name_covers_another() -> None:
    timm = architecture("timm/vit_tiny_patch16_224")
    figure = years([*architectures(), timm], chosen=timm.name)
    *families, ring = figure.data
    points = [
        (name[0], x, y) for trace in families for name, x, y in zip(trace.customdata, trace.x, trace.y, strict=True)
    ]
    assert {name: year for name, year, _ in points} == {row.name: row.year for row in (*architectures(), timm)}
    assert [(x, y) for _, x, y in points if (x, y) == (ring.x[0], ring.y[0])] == [(timm.year, ring.y[0])]
    assert len({(trace.marker.color, trace.marker.symbol) for trace in families}) == len(families)
    for line in {y for _, _, y in points}:
        ends = sorted((x, x + LETTER * len(name)) for name, x, y in points if y == line)
        assert all(end < start for (_, end), (start, _) in pairwise(ends))
    low, high = figure.layout.xaxis.range
    assert low < 1998
    assert (
        max(x + LETTER * len(row.name) for row in architectures() for name, x, _ in points if name == row.name) < high
    )
    assert max(figure.layout.xaxis.tickvals) <= max(row.year or 0 for row in architectures())


def test_a_search_draws_each_trial_once_and_the_best_so_far() -> None:
    values = [{"recipe.learning_rate": 10.0**-i, "recipe.optimizer": name} for i, name in enumerate(("sgd", TAGGED), 1)]
    trials = [
        SearchTrial("a", values[0], "completed", 0.5),
        SearchTrial("b", values[1], "pruned", 0.25),
        SearchTrial("c", {**values[1], "recipe.learning_rate": 1e-4}, "completed", 0.75),
        SearchTrial(None, values[0], "failed", None, "why"),
    ]
    figure = parallel_coordinates(trials)
    rate, optimizer, score = figure.data[0].dimensions
    assert list(rate["values"]) == [-1, -2, -4]
    assert rate.ticktext[0] == "0.0001"
    assert list(optimizer.ticktext) == [short(TAGGED), "sgd"]
    assert list(score["values"]) == [0.5, 0.25, 0.75]
    assert "the best, 0.750" in alternative(figure)
    line, completed, pruned = best_so_far(trials).data
    assert list(line.y) == [0.5, 0.5, 0.75]
    assert (list(completed.x), list(pruned.x)) == ([1, 3], [2])
    assert list(importance_figure({"recipe.epochs": 0.25, "recipe.ema": 0.75}).data[0].y) == ["ema", "epochs"]
    for empty in (parallel_coordinates([]), best_so_far([])):
        assert alternative(empty)
