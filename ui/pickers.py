"""Choices that several pages share, kept in the address so that a page can be sent to somebody or loaded again."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import streamlit as st

from clfcore.architectures.catalogue import networks_at_hand
from clfcore.data.library.specs import display_name
from clfcore.errors import InputError
from clfcore.files import runs_folder
from clfcore.photos import Photo
from clfcore.results import Json, JsonObject
from clfcore.runs import folder
from clfcore.runs.folder import Run
from clfcore.runs.index import Listed, finished_runs, listed
from clfcore.runs.temperature import temperature_of
from ui.architecture_picker import facts, more_networks
from ui.formatting import moment
from ui.loaders import PhotoPrediction, classifier, photo_prediction
from ui.messages import complain, empty, escape_markdown, refusals
from ui.session import AVERAGED_VIEWS, CALIBRATED, SessionValue, in_address, kept

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator


def from_address(name: str, options: Sequence[str], default: Sequence[str], *, most: int | None = None) -> None:
    """Before its widget (key `name`) is drawn: take over what the address says, else the default.

    Streamlit's own binding writes the label that is shown; an address should hold the stable id. What it names twice,
    and what is more than the widget takes (`most`), is left out.
    """
    linked, choice = st.query_params.get_all(name), SessionValue[list[str]](name)
    if linked != in_address(name).get():  # the address was changed from outside: a link, a reload
        valid = [value for value in linked if value in options]
        if valid or not choice.exists:
            choice.set(valid or list(default))
    before = choice.get() if choice.exists else default
    choice.set([value for value in dict.fromkeys(before or ()) if value in options][:most])


def to_address(name: str, chosen: Sequence[str], *, default: Sequence[str] | None = None) -> None:
    """After its widget: write the choice into the address. default: what needs no place in it, nor a step of Back."""
    if default is not None and list(chosen) == list(default):
        if name in st.query_params:
            del st.query_params[name]
        in_address(name).set([])
        return
    if st.query_params.get_all(name) != list(chosen):
        st.query_params[name] = list(chosen)
    in_address(name).set(list(chosen))


def read_renamed(key: str, renamed: Mapping[str, object]) -> None:
    """Before a widget that is bound to the address: an option that the address names as it was called before."""
    before = st.query_params.get(key)
    if before is not None and before in renamed and not SessionValue[object](key).exists:
        SessionValue[object](key).set(renamed[before])


def tabs(views: Mapping[str, Callable[[], None]], *, key: str, renamed: Mapping[str, str] | None = None) -> None:
    """Tabs by name, of which the open one is computed; the open one stands in the address. renamed: old -> new name."""
    read_renamed(key, renamed or {})
    if (now := (renamed or {}).get(st.query_params.get(key, ""))) is not None:
        st.query_params[key] = now  # the tabs would drop a name that none of them has
        st.rerun()  # they take the address that the session began with, until that is read anew
    for tab, view in zip(
        st.tabs(list(views), key=key, on_change="rerun", bind="query-params"), views.values(), strict=True
    ):
        if tab.open:
            with tab, refusals(stop=False):
                view()


def choose_one(
    name: str,
    label: str,
    options: Sequence[str],
    *,
    names: dict[str, str],
    help: str | None = None,
    omit_first: bool = False,
) -> str:
    """A select box whose choice stands in the address under `name`. omit_first: but the first option does not."""
    from_address(name, options, options[:1])
    choice = SessionValue[list[str]](name)
    chosen_before = choice.get()
    at = options.index(chosen_before[0]) if chosen_before else 0
    chosen = st.selectbox(label, options, at, names.__getitem__, help=help, key=f"{name} box {at}")
    to_address(name, [chosen], default=options[:1] if omit_first else None)
    choice.set([chosen])
    return chosen


def choose_run(label: str = "Run") -> Run:
    """One of the runs that can be judged; where there is none, says what to do and stops the page."""
    known = {one.id: one for one in finished_runs()}
    _say_unreadable(st.query_params.get("run"), known)
    if not known:
        empty(
            "There is no finished run yet. Train one: on digits it takes less than a minute.",
            "Train",
            "pages/train/page.py",
        )
    names = {name: listed_name(one) for name, one in known.items()}
    return known[choose_one("run", label, list(known), names=names)].run


def _say_unreadable(name: str | None, known: Mapping[str, Listed]) -> None:
    """Why the run that the address names is not among those to choose from."""
    if not name or name in known:
        return
    try:
        run = listed(folder.find_run(name))
    except InputError as error:
        complain(str(error))
        return
    complain(run.damaged or f"run {run.id} is {run.state} and has no predictions: let it finish, or resume it")


def run_name(run: Run) -> str:
    """What people call a run: `lenet5 on digits, 24 Nov 2026, 14:05`."""
    return listed_name(listed(run))


def listed_name(run: Listed) -> str:
    """What a person named a run, else its network, data and time; a damaged run by its id."""
    if run.config is None:
        return f"{run.id} (damaged)"
    if run.about.name:
        return run.about.name
    made = moment(run.status.created)
    return f"{run.config.architecture} on {display_name(run.config.data)}, {made} ({run.id[-4:]})"


def differing(configs: Sequence[JsonObject]) -> list[tuple[str, list[Json]]]:
    """(setting, its value in each configuration) for all settings, flat, those that differ first."""
    flat = [{**{k: v for k, v in c.items() if k != "recipe"}, **c.get("recipe", {})} for c in configs]
    rows = [
        (name, [values.get(name) for values in flat]) for name in dict.fromkeys(n for values in flat for n in values)
    ]
    return sorted(rows, key=lambda row: all(value == row[1][0] for value in row[1]))


def answer_of(name: str, photo: Photo, *, k: int = 5) -> PhotoPrediction:
    """What classifier `name` says of a photo as the person wants it read: calibrated or not, of one view or several."""
    return photo_prediction(name, photo, k=k, temperature=temperature_for(name), views=views_chosen())


MOST = 4  # classifiers side by side
FIRST_MODEL = ["efficientnet_lite0"]  # where none was chosen


def choose_models() -> list[str]:
    """One or several classifiers: ImageNet weights at hand and runs; kept in the address."""
    names = list(networks_at_hand())
    runs = {one.id: listed_name(one) for one in finished_runs()}
    names += runs
    from_address("model", names, FIRST_MODEL, most=MOST)
    chosen = st.multiselect(
        "Classifiers",
        names,
        format_func=lambda name: runs.get(name) or model_name(name),
        key="model",
        max_selections=MOST,
        wrap=True,
    )
    to_address("model", chosen, default=FIRST_MODEL)
    for name in chosen:
        if name not in runs:
            st.caption(escape_markdown(facts(name)))
    more = st.popover("More pretrained networks", type="tertiary", key="more networks", on_change="rerun")
    if more.open:
        with more:
            more_networks(chosen, most=MOST)
    return chosen


def model_name(name: str) -> str:
    """What people call a classifier: `efficientnet_lite0, ImageNet` or `lenet5 on digits, …`."""
    run = runs_folder() / name
    return run_name(Run(run)) if run.is_dir() else f"{name}, ImageNet"


def load_classifier(name: str, place: "DeltaGenerator") -> None:
    """Open a classifier, with a spinner in `place` while its first time takes seconds."""
    message = f"Loading {escape_markdown(model_name(name))}; the first time takes a few seconds"
    with place, st.spinner(message, show_time=True):
        classifier(name)


def choose_calibrated(models: Sequence[str]) -> None:
    """On Predict, where one of the classifiers is a run with a temperature: whether it is used."""
    if any(_temperature(name) for name in models):
        st.toggle(
            "Calibrated probabilities",
            **kept(CALIBRATED.key),
            help="Logits are divided by the temperature fitted on validation (Evaluate, Calibration). Predictions stay "
            "the same, only their confidence changes.",
        )


def temperature_for(name: str) -> float:
    """What a classifier's logits are divided by on this page; 1 where it has no temperature or none is asked for."""
    return (_temperature(name) or 1.0) if CALIBRATED.get() else 1.0


def _temperature(name: str) -> float | None:
    folder = runs_folder() / name
    return temperature_of(Run(folder)) if folder.is_dir() else None


# What `--views` takes, and what a page calls it.
VIEWS = {"none": "Off", "flip": "Horizontal flip", "five-crops": "Five crops"}


VIEWS_HELP = (
    "Probabilities are averaged over several fixed views of an image: as many times slower, often slightly more "
    "accurate and better calibrated. Krizhevsky and others, 2012. On the command line: --views flip or five-crops."
)


def choose_views() -> None:
    """On Predict: of how many views an answer is the mean."""
    st.segmented_control(
        "Test-time augmentation",
        list(VIEWS),
        format_func=VIEWS.__getitem__,
        default="none",
        required=True,
        **kept(AVERAGED_VIEWS.key),
        help=VIEWS_HELP,
    )


def views_chosen() -> str:
    """The views that Predict averages over."""
    return AVERAGED_VIEWS.get() or "none"
