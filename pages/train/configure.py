"""The Train page's parts: the configuration from widgets, its plan, and the way to launch it."""

import contextlib
import json
import threading
from typing import TYPE_CHECKING, Any

import streamlit as st

from clfcore import api
from clfcore.config import RunConfig, make
from clfcore.data.catalogue import open_dataset
from clfcore.data.pixels import Preprocess
from clfcore.data.value_ranges import shown_range
from clfcore.errors import InputError
from clfcore.parse_config import with_changes
from clfcore.progress import Progress
from clfcore.runs.folder import Run
from clfcore.runs.worker import worker
from pages.train.experiments import rate_finder, strategy_advice, strategy_preview
from pages.train.recipe import applies, choose_policy
from pages.train.strategy import choose_strategy, strategy_fields
from ui.cards import THUMBNAIL, Card, Picture, cards, picture
from ui.data_picker import read_data
from ui.fields import field
from ui.formatting import count, duration
from ui.jobs import Job, result_if_ready, result_of
from ui.messages import Number, escape_markdown, metric_row, refusals
from ui.pickers import choose_architecture

if TYPE_CHECKING:
    from clfcore.architectures.catalogue import Architecture
    from clfcore.data.dataset import ImageDataset
    from clfcore.experiments.plan import Plan


MAIN = ("epochs", "batch_size", "image_size", "learning_rate")
MORE = (
    "optimizer",
    "schedule",
    "warmup_epochs",
    "step_size",
    "step_factor",
    "plateau_patience",
    "plateau_factor",
    "one_cycle_rise",
    "weight_decay",
    "momentum",
    "nesterov",
    "augmentation",
    "mixup",
    "cutmix",
    "mix_probability",
    "label_smoothing",
    "gradient_clip",
    "accumulation",
    "ema",
    "early_stopping",
    "precision",
    "channels_last",
    "compile",
    "device",
    "seed",
)
FITS = {"crop": "Crop", "pad": "Pad", "squash": "Squash"}


def configure(chosen: RunConfig, *, defaults: RunConfig) -> RunConfig:
    """`chosen` with what the other widgets say, checked. `defaults` stands for what is left open, in grey."""
    shown = defaults.recipe.model_dump()
    recipe: dict[str, Any] = {}
    row = st.grid(4, min_column_width=125)
    for name in MAIN:
        with row.cell():
            recipe[name] = field(f"recipe.{name}", default=shown.get(name))
    own = strategy_fields(chosen, shown)
    recipe |= {name.removeprefix("recipe."): value for name, value in own.items() if name.startswith("recipe.")}
    with st.expander("More of the recipe"):
        more = st.grid(3, min_column_width=170)
        for name in MORE:
            if not applies(name, recipe, shown):
                continue
            with more.cell():
                recipe[name] = (
                    choose_policy(shown.get(name))
                    if name == "augmentation"
                    else field(f"recipe.{name}", default=shown.get(name))
                )
        with more.cell():
            split_seed = field("split_seed")
    given = {"split_seed": split_seed, "fit": st.session_state.get("fit")}
    given["head"] = own.get("head")
    with refusals():
        return with_changes(
            chosen,
            **{name: value for name, value in given.items() if value is not None},
            recipe={name: value for name, value in recipe.items() if value is not None},
        )


def show_plan(config: RunConfig) -> RunConfig:
    """What would happen, measured on a few real batches; returns the filled configuration."""
    asked = config.as_json()
    counted = result_of(
        _planning(asked, measure=False), "Building the network", forget=lambda: _planning.clear(asked, measure=False)
    )
    measuring = _planning(asked, measure=True)  # takes seconds: the page does not wait
    measured = result_if_ready(
        measuring, forget=lambda: _planning.clear(asked, measure=True), key="measure the plan again"
    )
    plan = measured or counted
    metric_row(
        [
            Number("Trainable", count(plan.trainable), f"of {count(plan.parameters)} parameters"),
            Number("Images", count(plan.splits["train"]), "in the training split"),
            Number("Memory", _megabytes(plan.memory), "of a step at its largest"),
            Number("Duration", *(_estimate(plan) if measuring.error is None else ("–", "it could not be measured"))),
        ],
        least=160,  # two beside each other: a duration of hours is not cut off
    )
    splits = plan.splits
    st.write(
        f"{count(plan.classes, 'class')}; {count(splits['validation'])} images choose the best epoch, "
        f"{count(splits['test'])} are looked at once, at the end."
    )
    strategy_preview(plan)
    for note in plan.notes:
        st.caption(f"⚠ {escape_markdown(note)}")
    with st.expander("The same as a command, or as JSON"):
        st.code(api.command_of(config), language="bash", wrap_lines=True)
        st.code(plan.config.as_json(), language="json")
    strategy_advice(config, read_data(config.data, split_seed=config.split_seed))
    rate_finder(config)
    return plan.config


@st.cache_resource(show_spinner=False, max_entries=16)
def _planning(config: str, *, measure: bool) -> Job:
    def plan(progress: Progress) -> "Plan":
        return api.plan(make(json.loads(config)), measure=measure)

    return Job(plan)


def _estimate(plan: "Plan") -> tuple[str, str]:
    if plan.seconds is None:
        return "…", "measured on a few real batches"
    return f"≈ {duration(plan.seconds, rough=True)}", "from a few real batches"


class _Launches:
    """The runs that this session's form has queued since it was last drawn unpressed: a second click finds the first.

    Two scripts of one session can be at work at once: the one that a click interrupts may be in the midst of queueing.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._runs: dict[str, Run] = {}

    def submit(self, config: RunConfig) -> Run:
        key = config.as_json()
        with self._lock:
            if key not in self._runs:
                self._runs[key] = worker().submit(config)
            return self._runs[key]

    def forget(self) -> None:
        with self._lock:
            self._runs.clear()


def _launches() -> _Launches:
    return st.session_state.setdefault("launches", _Launches())


def train_button(config: RunConfig) -> None:
    """The button that queues the configuration, once however often it is clicked before the run is shown."""
    if st.button("Train", type="primary", width="stretch"):
        launch(config)
    else:
        _launches().forget()


def launch(config: RunConfig) -> None:
    """Queue the run and show it: its id goes into the address, so that Reload and other tabs find it."""
    launches = _launches()
    with refusals():
        run = launches.submit(config)
    st.query_params["run"] = run.id  # what was chosen stays beside it: Streamlit refuses to clear bound parameters
    st.rerun()


def defaults(chosen: RunConfig, dataset: "ImageDataset") -> RunConfig:
    """What stands for everything that is left open; without torch, so at once."""
    with refusals():
        return api.defaults(chosen, dataset=dataset)


def choose_network() -> "tuple[Architecture, str]":
    """The architecture and the strategy."""
    architecture = choose_architecture()
    return architecture, choose_strategy(architecture)


def choose_fit(dataset: "ImageDataset", data: str) -> None:
    """How a picture becomes the network's square, shown on pictures of the data; no choice where all are square."""
    shown = fitted(data, tuple(FITS))
    if shown is None:
        return
    fit = st.segmented_control(
        "Fit to the square",
        list(FITS),
        format_func=FITS.__getitem__,
        default="crop",
        required=True,
        key="fit",
        bind="query-params",
        help="Crop takes the central square, pad keeps all of it on an even ground, squash loses the proportions.",
    )
    cards([Card(small, name=name) for name, small in shown[fit]], side=96)


@st.cache_data(show_spinner=False, max_entries=16)
def fitted(data: str, fits: tuple[str, ...], *, most: int = 5) -> "dict[str, list[tuple[str, Picture]]] | None":
    """A few training pictures as each fit makes them; None where they are square already."""
    dataset = open_dataset(data)
    if dataset.paths is None:
        return None
    chosen = dataset.splits["train"]
    pictures = {}
    for i in chosen[:: max(1, len(chosen) // most)][:most].tolist():
        with contextlib.suppress(InputError):
            pictures[dataset.ids[i]] = dataset.image(i, least_side=THUMBNAIL)
    if all(p.shape[0] == p.shape[1] for p in pictures.values()):
        return None
    values = shown_range(dataset)
    return {
        fit: [
            (name, picture(Preprocess(THUMBNAIL, fit, value_range=values).square(pixels)))
            for name, pixels in pictures.items()
        ]
        for fit in fits
    }


def _megabytes(size: int | None) -> str:
    return "–" if size is None else f"≈ {size / 1e6:,.0f} MB"
