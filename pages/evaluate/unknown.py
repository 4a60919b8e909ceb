"""None of these: what a run keeps of its own pictures and catches of strangers, measured and chosen here."""

from typing import TYPE_CHECKING

import streamlit as st

from clfcore import api
from clfcore.evaluation.intervals import wilson
from clfcore.progress import Progress
from clfcore.runs.folder import Run, open_run
from clfcore.runs.unknown_file import far_data_of, kept_rule
from clfcore.unlike import FALSE_ALARMS, SCORES, Caught, Limit, Rule
from ui.formatting import count, ends, percent
from ui.jobs import background, result_beside
from ui.loaders import Files, by_files
from ui.messages import Number, metric_row
from ui.session import SessionValue, kept

if TYPE_CHECKING:
    from clfcore.api.reliability import UnknownReport

_ASKED = SessionValue[tuple[str, float]]("unknown asked")
RATES = (0.01, 0.02, 0.05, 0.1, 0.2)
NAMES = {"neighbors": "Distance to training images", "energy": "Energy of the logits"}


def unknown_view(run: Run) -> None:
    """What the limit that the run keeps does, and the button that measures it, or another one."""
    rule = kept_rule(run)
    now = FALSE_ALARMS if rule is None or rule.false_alarms not in RATES else rule.false_alarms
    with st.container(horizontal=True, vertical_alignment="bottom"):
        rate = st.select_slider(
            "False alarms", RATES, now,
            format_func=lambda share: f"{100 * share:g}%", **kept(f"false alarms {run.id}"), width=300,
            help="The share of your own pictures that may be called none of the classes. Fewer false alarms let more "
            "strangers through.",
        )  # fmt: skip
        if st.button("Measure and keep", icon=":material/rule:", key="unknown measure"):
            _ASKED.set((str(run.path), rate))
    if _ASKED.get() == (str(run.path), rate):
        job = _measured(str(run.path), rate=rate)
        if result_beside(job, "Looking at test images and strangers") is None and not job.thread.is_alive():
            _ASKED.forget()
        rule = kept_rule(run)
    if rule is None:
        st.write(
            "This run has no limit yet. Measure one: beyond it, a picture counts as none of the classes, and Predict "
            "and serving use it."
        )
        return
    _numbers(rule)
    _scores(rule)
    far = ", ".join(far_data_of(run))
    st.caption(
        "Near strangers are validation images of classes that were left out in turn: a head is fitted without them, "
        "but the network itself is not retrained, so the figure is optimistic where it was trained on all classes. "
        + (f"Far ones are pictures of {far}. " if far else "Far ones were not measured yet. ")
        + "Predict, serving and tables use the first score.",
        help="Energy: Liu and others, 2020. Nearest neighbors: Sun and others, 2022.",
    )
    st.code(f"python -m clfcore unknown {run.id} --false-alarms {rate:g}", language="bash")


def _numbers(rule: Rule) -> None:
    limit = rule.chosen
    split, alarms, items = "validation", limit.alarms, limit.items
    if limit.test_items:
        split, alarms, items = "test", limit.test_alarms, limit.test_items
    few = ends(wilson(alarms, items), share=True)
    metric_row(
        [
            Number(
                "False alarms",
                percent(alarms / items),
                f"{count(alarms)} of {count(items)} {split} images, 95% interval {few}; "
                f"{100 * rule.false_alarms:g}% asked for",
            ),
            Number("Near strangers caught", *_caught(limit.near), "Classes that were left out in turn."),
            Number("Far strangers caught", *_caught(limit.far), "Pictures of other data."),
        ],
        least=200,
    )


def _caught(caught: Caught | None) -> tuple[str, str]:
    if caught is None:
        return "–", "not measured"
    few = ends(wilson(caught.caught, caught.items), share=True)
    return percent(caught.share), f"{count(caught.caught)} of {count(caught.items)}, 95% interval {few}"


def _scores(rule: Rule) -> None:
    st.dataframe(
        [_row(limit, used=limit is rule.chosen) for limit in rule.limits],
        hide_index=True,
        alt="Each score and what its limit was measured to do",
    )


def _row(limit: Limit, *, used: bool) -> dict[str, str]:
    near, far = limit.near, limit.far
    return {
        "score": NAMES.get(limit.score, SCORES[limit.score]),
        "used": "✓" if used else "",
        "false alarms on test": percent(limit.test_alarms / limit.test_items) if limit.test_items else "–",
        "near caught": percent(near.share) if near else "–",
        "near AUROC": f"{near.auroc:.3f}" if near else "–",
        "far caught": percent(far.share) if far else "–",
        "far AUROC": f"{far.auroc:.3f}" if far else "–",
    }


@by_files
@background(entries=8)
def _measured(progress: Progress, path: str, files: Files, *, rate: float) -> "UnknownReport":
    return api.unknown(str(open_run(path).path), false_alarms=rate, progress=progress)
