"""What a policy does to a picture: its views, its steps, mixed pairs, the pixels' statistics, two policies beside."""

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import streamlit as st

from clfcore.architectures.catalogue import networks_at_hand
from clfcore.augment import policies
from clfcore.augment.mixup_draws import Mix, density
from clfcore.augment.policy import Policy
from clfcore.augment.train_test_resolution import at_training_scale
from clfcore.data.library.specs import display_name
from clfcore.data.pixels import Preprocess, read_image
from clfcore.photos import Photo
from clfcore.runs.index import finished_runs
from pages.augmentations.editor import choose_policy_named
from ui.cards import Card, picture
from ui.charts import chart, dark
from ui.closeup.grid import open_cards
from ui.data_picker import choose_data, read_data
from ui.formatting import shorten
from ui.loaders import classifier
from ui.messages import escape_markdown, refusals
from ui.photos.choose import choose_photos
from ui.photos.samples import photographs
from ui.pickers import model_name
from ui.session import CUTMIX, MIXUP, go_to, kept

if TYPE_CHECKING:
    import numpy as np

    from clfcore.data.bit_depth import ValueRange
    from clfcore.data.dataset import ImageDataset


LOOKS = ("Views", "Step by step", "Mixup and CutMix", "Pixels", "Compare policies", "Does it help?")


@dataclass(frozen=True)
class Source:
    """The picture that is looked at: a dataset's, by its place in the training split, or one's own."""

    name: str
    data: str = ""
    place: int = 0
    photo: bytes = b""
    classes: tuple[str, ...] = ()
    side: int = 224
    channels: int = 3
    value_range: "ValueRange | None" = None  # of a dataset of deep pictures


def choose_source() -> tuple[Source, "ImageDataset | None"]:
    """A dataset's picture or one's own."""
    kind = st.segmented_control(
        "Image", ("From a dataset", "My photo"), default="From a dataset", required=True, **kept("picture of")
    )
    if kind == "My photo":
        photo = _choose_photo()
        return Source(photo.name, photo=photo.data), None
    data = choose_data()
    dataset = read_data(data)
    train = dataset.splits["train"]
    place = st.slider(f"Image, of {len(train):,} in the training split", 1, len(train), 1, **kept(f"place {data}")) - 1
    gray = dataset.pixels is not None and dataset.pixels.shape[-1] == 1
    item = int(train[place])
    name = f"{dataset.label(item)}, {dataset.ids[item]}"
    channels, values = 1 if gray else 3, dataset.value_range
    return Source(name, data, place, b"", dataset.classes, dataset.side(), channels, values), dataset


def _choose_photo() -> Photo:
    """One of the tab's photos; a sample until there is one."""
    photos = choose_photos([])
    if not photos:
        st.caption("No photo yet, so the cat stands in: drop in your own, or click another sample.")
        return photographs()["cat"].photo
    if len(photos) == 1:
        return photos[0]
    names = [f"{i}. {shorten(photo.name, 40)}" for i, photo in enumerate(photos, start=1)]
    return photos[st.selectbox("Photo", range(len(photos)), format_func=names.__getitem__, **kept("augment photo"))]


def choose_model() -> str | None:
    """A classifier that is asked what it says of every view; its preprocessing is used then."""
    names = [one.id for one in finished_runs()]
    names += networks_at_hand()
    return st.selectbox(
        "Show predictions of",
        names,
        index=None,
        format_func=model_name,
        **kept("augment model"),
        placeholder="none",
        help="Its prediction for each augmented copy, a quick robustness check. The copies then use its preprocessing.",
    )


def preprocess_of(source: Source, model: str | None) -> "Preprocess":
    """The model's own; without one, a square of the size that is chosen."""
    from clfcore.augment.file_previews import usual_preprocess

    if model is not None:
        with refusals(), st.spinner("Loading the model"):
            return classifier(model).preprocess
    usual = usual_preprocess(source.side, source.channels).size
    size = st.number_input(
        "Image size", 8, 512, usual, **kept(f"augment size {source.data}"), help="Input size of the network."
    )
    return replace(usual_preprocess(source.side, source.channels, int(size)), value_range=source.value_range)


def stored(source: Source, preprocess: "Preprocess") -> "np.ndarray":
    """The picture as the cache keeps it for training."""
    if source.data:
        return _stored(source.data, (source.place,), json.dumps(preprocess.as_dict()))[0]
    return _own(source.photo, json.dumps(preprocess.as_dict()))


@st.cache_data(show_spinner=False, max_entries=64)
def _stored(data: str, places: tuple[int, ...], wanted: str) -> "np.ndarray":
    from clfcore.augment.file_previews import stored_pictures

    return stored_pictures(read_data(data), Preprocess.from_dict(json.loads(wanted)), places=places)


@st.cache_data(show_spinner=False, max_entries=16)
def _own(photo: bytes, wanted: str) -> "np.ndarray":
    preprocess = Preprocess.from_dict(json.loads(wanted))
    return preprocess.stored(read_image(photo, least_side=preprocess.stored_side))


def show_views(
    policy: Policy,
    source: Source,
    preprocess: "Preprocess",
    *,
    model: str | None,
    seed: int,
    count: int,
    side: int = 88,
    key: str = "views",
) -> None:
    """The original and `count` views: those of the epochs from 1 on of a run with this seed."""
    from clfcore.augment.previews import policy_views

    with refusals():
        square = stored(source, preprocess)
        views = policy_views(
            policy, square, size=preprocess.size, seed=seed, index=source.place, count=count, mean=preprocess.mean
        )
    original = preprocess.center(square[None])
    answers = _answers(model, original) + _answers(model, views)
    # At 224 pixels as they are: to shrink them took longer than all the rest of a picture's way to the page.
    titles = [("original, as used in evaluation", "Original")]
    titles += [(f"epoch {i}", f"Epoch {i}") for i in range(1, count + 1)]
    shown = [
        Card(picture(pixels, side=224), name, title, predicted=answer.label, probability=answer.probability)
        for (name, title), pixels, answer in zip(titles, (*original, *views), answers, strict=True)
    ]
    open_cards(shown, key=key, side=side if model is None else 116)


class _Answer(NamedTuple):
    label: str = ""
    probability: float | None = None


def _answers(model: str | None, squares: "np.ndarray") -> list[_Answer]:
    """The class that the model predicts for each square (N x size x size x C), and its probability."""
    if model is None:
        return [_Answer()] * len(squares)
    opened = classifier(model)
    probabilities = opened.probabilities(squares)[:, opened.task.slices[-1]]
    first = probabilities.argmax(axis=1)
    return [_Answer(opened.classes[c], float(p[c])) for c, p in zip(first, probabilities, strict=True)]


def show_strip(policy: Policy, source: Source, preprocess: "Preprocess", *, seed: int, epoch: int) -> None:
    """The picture after every step of one view, and what was drawn for it."""
    from clfcore.augment.previews import step_strip

    with refusals():
        strip = step_strip(
            policy,
            stored(source, preprocess),
            size=preprocess.size,
            seed=seed,
            epoch=epoch,
            index=source.place,
            mean=preprocess.mean,
        )
    steps = [Card(picture(one.pixels), f"{one.title}: {one.text}", shorten(one.title)) for one in strip]
    open_cards(steps, key="steps", side=130)
    st.dataframe(
        [{"step": one.title, "drawn for this view": one.text} for one in strip], hide_index=True, width="stretch"
    )


def show_pairs(
    policy: Policy, source: Source, dataset: "ImageDataset | None", *, preprocess: "Preprocess", seed: int, epoch: int
) -> None:
    """Six pictures of a batch, each with its partner, lambda and mixed label; lambda's distribution."""
    from clfcore.augment.mixup_previews import pairs
    from clfcore.figures.mixup_lambda import mixup_lambda_figure

    if dataset is None:
        st.info("Mixup and CutMix need a dataset: choose one above.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        mixup = st.slider("Mixup alpha", 0.0, 2.0, 0.2, 0.05, **kept("mixup alpha"), help="0 is off.")
        cutmix = st.slider("CutMix alpha", 0.0, 2.0, 1.0, 0.05, **kept("cutmix alpha"), help="0 is off.")
    if not mixup and not cutmix:
        st.info("Both are off: images are not mixed.")
        return
    places = [
        (source.place + i * max(1, len(dataset.splits["train"]) // 9)) % len(dataset.splits["train"]) for i in range(6)
    ]
    with refusals():
        # One draw a picture, so that a glance shows many lambdas; training draws once a batch.
        mix = Mix(mixup=mixup or None, cutmix=cutmix or None, per="image")
        squares = _stored(source.data, tuple(places), json.dumps(preprocess.as_dict()))
        targets = dataset.targets[dataset.splits["train"][places]]
        pairs_shown = pairs(
            mix, policy, squares, targets=targets, task=dataset.task, places=places, size=preprocess.size, seed=seed,
            epoch=epoch, mean=preprocess.mean,
        )  # fmt: skip
    row = st.grid(2, min_column_width=280)
    for place, pair in enumerate(pairs_shown):
        with row.cell(), st.container(gap="xsmall"):
            three = [
                Card(picture(pair.own), "first image", f"λ = {pair.share:.2f}"),
                Card(picture(pair.partner), "its partner", f"1 − λ = {1 - pair.share:.2f}"),
                Card(picture(pair.mixed), pair.label, pair.how),
            ]
            open_cards(three, key=f"pair {place}", side=84)
            st.caption(f"Label: {escape_markdown(pair.label)}")
    if st.button("Use these alphas in Train", help="Train sets the share of mixed batches; it draws λ once per batch."):
        MIXUP.set(mixup)
        CUTMIX.set(cutmix)
        go_to("pages/train/page.py")
    st.caption("Here each image has its own λ, so the preview shows many; training draws λ once per batch.")
    densities = {
        f"{name}, alpha {alpha:g}": tuple(values.tolist() for values in density(alpha))
        for name, alpha in (("Mixup", mixup), ("CutMix", cutmix))
        if alpha
    }
    chart(mixup_lambda_figure(densities, dark=dark()), "lambda")


def show_statistics(policy: Policy, source: Source, preprocess: "Preprocess", *, seed: int, count: int) -> None:
    """Mean, deviation, smallest and largest value of the views' pixels, before and after normalization."""
    from clfcore.augment.previews import policy_views, statistics

    with refusals():
        square = stored(source, preprocess)
        views = policy_views(
            policy, square, size=preprocess.size, seed=seed, index=source.place, count=count, mean=preprocess.mean
        )
    rows = []
    for what, pixels in (("original", preprocess.center(square[None])), (f"{count} views", views)):
        for row in statistics(pixels, preprocess):
            for when, values in (("bytes", row.before), ("normalized", row.after)):
                rows.append(
                    {"pixels of": what, "channel": row.channel, "values": when}
                    | dict(zip(("mean", "std", "min", "max"), (round(v, 3) for v in values), strict=True))
                )
    st.dataframe(rows, hide_index=True, width="stretch")
    mean = ", ".join(f"{value:.3f}" for value in preprocess.mean)
    deviation = ", ".join(f"{value:.3f}" for value in preprocess.deviation)
    st.caption(f"Normalized: (bytes / 255 − mean) / std, with mean ({mean}) and std ({deviation}).")


def about(source: Source, preprocess: "Preprocess") -> None:
    """What is shown, in a line."""
    where = f", {escape_markdown(display_name(source.data))}" if source.data else ""
    st.caption(
        f"{escape_markdown(source.name)}{where}: cached at {preprocess.stored_side} pixels, input size "
        f"{preprocess.size}. These are the views of a run's first epochs with this seed, made by the training code."
    )


def show_two(policy: Policy, source: Source, preprocess: "Preprocess", *, model: str | None, seed: int) -> None:
    """The policy as it is edited beside another, each with the views of the same epochs."""
    left, right = st.columns(2, gap="medium")
    with left:
        st.selectbox("This policy", [f"{policy.name}, as edited"], key="two this", disabled=True)
        square = at_training_scale(policy, preprocess)
        show_views(policy, source, square, model=model, seed=seed, count=8, side=66, key="views this")
    with right:
        other = choose_policy_named("Compare with", "beside", first="none")
        with refusals():
            second = policies.policy(other)
            square = at_training_scale(second, preprocess)
            show_views(second, source, square, model=model, seed=seed, count=8, side=66, key="views other")
