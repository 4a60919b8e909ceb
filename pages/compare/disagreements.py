"""Where several runs differ: agreement, the pictures that only one gets right, classes, confusion, ensembles."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from clfcore.evaluation.compare import aligned
from clfcore.evaluation.confusion import Confusion, confusion, most_confused
from clfcore.evaluation.differences import class_differences, confusion_difference, most_moved
from clfcore.evaluation.ensembles import agreement, ensemble, gains
from clfcore.evaluation.metrics import evaluate
from clfcore.evaluation.outcomes import outcomes
from pages.compare.disagreement_maps import maps_of_disagreement
from pages.compare.label_disagreements import label_cards, labels_moved
from pages.compare.selection import Side, side_names
from ui.cards import Card, cards
from ui.charts import chart, dark
from ui.formatting import count
from ui.loaders import run_thumbnail
from ui.messages import escape_markdown, refusals

if TYPE_CHECKING:
    from clfcore.evaluation.compare import Named


SHOWN = 24
MANY = 40  # classes of a figure: more cannot be read


def differ_view(sides: Sequence[Side]) -> None:
    """The share of equal answers, and the pictures that one run alone gets right, or that none does."""
    from clfcore.figures.matrices import agreement_figure

    runs = side_names(sides)
    found = agreement(runs)
    left, right = st.columns([2, 3], gap="medium")
    with left:
        chart(agreement_figure(found, dark=dark()), "agreement")
        st.caption("The share of images to which two runs give the same answer, right or wrong.")
    with right:
        groups = {name: (f"Only {name} is right", indices) for name, indices in found.only.items()}
        groups[""] = ("None is right", found.none_right)
        groups = dict(sorted(groups.items(), key=lambda group: not len(group[1][1])))  # those with images first
        chosen = st.selectbox(
            "Images", list(groups), key="who is right",
            format_func=lambda name: f"{groups[name][0]}: {count(len(groups[name][1]), 'image')}",
        )  # fmt: skip
        indices = groups[chosen][1]
        by_name = dict(zip(found.runs, sides, strict=True))
        if not len(indices):
            st.write("There is no such image in this split.")
        else:
            cards(_answers(runs, by_name, indices[:SHOWN].tolist(), chosen), side=112)
            maps_of_disagreement(sides, [aligned(runs)[0][1].ids[i] for i in indices[:SHOWN]])
        models = {"model": [side.run.id for side in sides[:4]]}
        st.page_link("pages/predict/page.py", label="Show these runs one photo", query_params=models)
    st.caption(escape_markdown(found.describe()))


def _answers(runs: "Sequence[Named]", by_name: dict[str, Side], indices: list[int], chosen: str) -> list[Card]:
    """Each picture with its truth and what another run took it for; where none is right, the first run."""
    runs = aligned(runs)
    first = runs[0][1]
    side = next(iter(by_name.values()))
    names = [name for name, _ in runs]
    shown = chosen or names[0]
    other = next((name for name in names if name != shown), shown)
    if first.task.kind == "multi-label":
        who = other if chosen else shown
        return label_cards(side, dict(runs)[who], indices, who)
    done = {name: outcomes(predictions) for name, predictions in runs}
    found = []
    for i in indices:
        who = other if chosen else shown
        found.append(
            Card(
                run_thumbnail(side.run, first.ids[i]),
                name=f"{first.ids[i]}; below: {who}",
                truth=first.classes[int(done[who].truth[i])],
                predicted=first.classes[int(done[who].predicted[i])],
                right=bool(done[who].right[i]),
                probability=float(done[who].confidence[i]),
            )
        )
    return found


def choose_two(sides: Sequence[Side]) -> tuple[Side, Side]:
    """The two runs whose difference is shown, second less first."""
    names = [side.name for side in sides]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        a = st.selectbox("From", names, key=f"from {names}", width=280)
        b = st.selectbox("To", [name for name in names if name != a], key=f"to {names} {a}", width=280)
    by_name = {side.name: side for side in sides}
    return by_name[a], by_name[b]


def moved_view(sides: Sequence[Side]) -> None:
    """Between two runs: recall of each class, and what moved in the confusion matrix."""
    from clfcore.figures.confusion import confusion_figure
    from clfcore.figures.matrices import confusion_difference_figure
    from clfcore.figures.paired_comparison import per_class_figure

    a, b = choose_two(sides)
    one, two = side_names([a, b])
    if one[1].task.kind == "multi-label":  # several labels have no confusion matrix
        labels_moved(a, b)
        return
    looks = ("What moved", "Both matrices", "Recall of each class")
    look = st.segmented_control("Show", looks, default=looks[0], required=True, key="moved look")
    if look == "What moved":
        found = confusion_difference(one, two)
        if not found.counts.any():
            st.write(
                f"Nothing moved: "
                f"{escape_markdown(a.name)} and {escape_markdown(b.name)} have the same confusion matrix."
            )
            return
        part = found.part(MANY)
        chart(confusion_difference_figure(part, dark=dark()), "moved")
        some = f" Shown: the {MANY} classes that moved most." if len(part.classes) < len(found.classes) else ""
        st.caption(
            f"Images in {escape_markdown(b.name)} less those in {escape_markdown(a.name)}. "
            f"{escape_markdown(found.describe())}{some}"
        )
    elif look == "Recall of each class":
        gaps = class_differences(one, two)
        shown = most_moved(gaps, MANY)
        chart(per_class_figure(shown, a=a.name, b=b.name, dark=dark()), "recall moved")
        if len(shown) < len(gaps):
            st.caption(f"The {MANY} of {count(len(gaps), 'class')} whose recall moved most.")
    else:
        matrices = [confusion(predictions) for _, predictions in aligned([one, two])]
        rows = most_confused(Confusion(matrices[0].classes, matrices[0].counts + matrices[1].counts,
                                       matrices[0].indices), MANY)  # fmt: skip
        many = len(matrices[0].classes) > MANY
        for column, side, matrix in zip(st.columns(2, gap="medium"), (a, b), matrices, strict=True):
            with column:
                st.markdown(f"**{escape_markdown(side.name)}**")
                shown = matrix.part(rows) if many else matrix
                chart(confusion_figure(shown, dark=dark()), f"matrix {side.run.id}")
        if many:
            st.caption(f"The {len(rows)} of {count(len(matrices[0].classes), 'class')} confused most in both together.")


def ensemble_view(sides: Sequence[Side]) -> None:
    """The mean of the probabilities of chosen runs, and what it gains over each."""
    from clfcore.figures.paired_comparison import differences_figure

    names = [side.name for side in sides]
    chosen = st.multiselect("Members", names, names, key=f"members {names}")
    if len(chosen) < 2:
        st.write("An ensemble needs two members or more.")
        return
    with refusals():
        runs = side_names([side for side in sides if side.name in chosen])
        together, found = ensemble(runs), gains(runs)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        chart(differences_figure(found, dark=dark()), "gains")
    with right:
        st.metric("Ensemble", _headline(evaluate(together).as_dict()))
        for gain in found:
            st.markdown(("**≠** " if gain.better else "**≈** ") + escape_markdown(gain.describe()))
    words = "The mean of the members' probabilities. It costs the sum of what they cost."
    st.caption(f"{words} Each gain is tested on its own, against one member.")


def _headline(values: dict[str, float | None]) -> str:
    name = "accuracy" if "accuracy" in values else "subset_accuracy"
    return f"{100 * (values[name] or 0):.1f} %"
