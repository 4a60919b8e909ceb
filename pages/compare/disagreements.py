"""Disagreements: agreement of each pair of runs, and the images that a single run gets right, or none."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from clfcore.evaluation.compare import aligned
from clfcore.evaluation.ensembles import agreement
from clfcore.evaluation.metrics import decide
from clfcore.evaluation.outcomes import outcomes
from pages.compare.selection import Side, side_names
from ui.cards import Card, cards
from ui.charts import chart, dark
from ui.closeup.grid import open_cards
from ui.closeup.sources import RunPictures
from ui.formatting import count
from ui.loaders import gradcam_of_item, run_thumbnail
from ui.messages import escape_markdown, refusals
from ui.session import kept

if TYPE_CHECKING:
    from clfcore.evaluation.compare import Named
    from clfcore.predictions import Predictions


SHOWN = 24


def disagreements_view(sides: Sequence[Side]) -> None:
    """The agreement matrix, and the images that a single run gets right, or none."""
    from clfcore.figures.matrices import agreement_figure

    runs = side_names(sides)
    result = agreement(runs)
    left, right = st.columns([2, 3], gap="medium")
    with left:
        chart(agreement_figure(result, dark=dark()), "agreement")
        st.caption("Agreement: the share of images for which two runs make the same prediction, right or wrong.")
    with right:
        groups = {name: (f"Only {name} is right", indices) for name, indices in result.only.items()}
        groups[""] = ("No run is right", result.none_right)
        groups = dict(sorted(groups.items(), key=lambda group: not len(group[1][1])))  # those with images first
        chosen = st.selectbox(
            "Images", list(groups), **kept("who is right"),
            format_func=lambda name: f"{groups[name][0]}: {count(len(groups[name][1]), 'image')}",
        )  # fmt: skip
        indices = groups[chosen][1]
        by_name = dict(zip(result.runs, sides, strict=True))
        if not len(indices):
            st.write("There is no such image in this split.")
        else:
            first = sides[0]
            level = aligned(runs)[0][1].task.levels[-1].name
            open_cards(
                _answers(runs, by_name, indices[:SHOWN].tolist(), chosen=chosen),
                key="disagreements",
                side=112,
                source=RunPictures(first.run, aligned(runs)[0][1].split, level),
            )
            _maps(sides, aligned(runs), indices[:SHOWN].tolist())
        models = {"model": [side.run.id for side in sides[:4]]}
        st.page_link("pages/predict/page.py", label="Try these runs on a photo", query_params=models)
    st.caption(escape_markdown(result.describe()))


def _answers(runs: "Sequence[Named]", by_name: dict[str, Side], indices: list[int], *, chosen: str) -> list[Card]:
    """Cards with the true class and another run's prediction; the first run's prediction where no run is right."""
    runs = aligned(runs)
    first = runs[0][1]
    side = next(iter(by_name.values()))
    names = [name for name, _ in runs]
    shown = chosen or names[0]
    other = next((name for name in names if name != shown), shown)
    if first.task.kind == "multi-label":
        who = other if chosen else shown
        return _label_cards(side, dict(runs)[who], indices, who=who)
    results = {name: outcomes(predictions) for name, predictions in runs}
    answers = []
    for i in indices:
        who = other if chosen else shown
        answers.append(
            Card(
                run_thumbnail(side.run, first.ids[i]),
                name=f"{first.ids[i]}; below: {who}",
                item=first.ids[i],
                truth=first.classes[int(results[who].truth[i])],
                predicted=first.classes[int(results[who].predicted[i])],
                right=bool(results[who].right[i]),
                probability=float(results[who].confidence[i]),
            )
        )
    return answers


def _label_cards(side: Side, predictions: "Predictions", indices: list[int], *, who: str) -> list[Card]:
    """Cards with the true labels above and the labels that run `who` predicts below."""
    predicted = decide(predictions)

    def names(present: Sequence[bool]) -> str:
        return "; ".join(name for name, on in zip(predictions.classes, present, strict=True) if on) or "no label"

    return [
        Card(
            run_thumbnail(side.run, predictions.ids[i]),
            name=f"{predictions.ids[i]}; below: {who}",
            item=predictions.ids[i],
            truth=names((predictions.targets[i] > 0).tolist()),
            predicted=names(predicted[i].tolist()),
            right=bool((predicted[i] == (predictions.targets[i] > 0)).all()),
        )
        for i in indices
    ]


def _maps(sides: Sequence[Side], runs: "Sequence[Named]", indices: Sequence[int]) -> None:
    """Grad-CAM of each run on one of the images, for the class that the run predicts."""
    ids = runs[0][1].ids
    index = st.selectbox(
        "Where each run looked", list(indices), None, **kept("looked at"), placeholder="Choose an image",
        format_func=lambda i: ids[i],
        help="Grad-CAM of each run for its own top class: where it looked, not why. Selvaraju and others, 2017.",
    )  # fmt: skip
    if index is None:
        return
    with refusals(stop=False):
        shown = []
        by_name = dict(runs)
        for side in sides:
            predictions = by_name[side.name]
            p = predictions.row(index)
            best = max(range(len(p)), key=p.__getitem__)
            level = predictions.task.levels[-1].name
            overlay, evidence = gradcam_of_item(str(side.run.path), ids[index], level=level, target=best)
            above = side.name if evidence else f"{side.name}: no evidence"
            label = predictions.classes[best]
            right = None if predictions.task.kind == "multi-label" else best == int(predictions.targets[index])
            shown.append(Card(overlay, f"Grad-CAM of {side.name} for {label}", above, label, right, p[best]))
        cards(shown, side=180)
        where = {"model": [side.run.id for side in sides[:4]]}
        st.page_link("pages/explain/page.py", label="Explain these runs with more methods", query_params=where)
