"""Decisions by key: a class, keep, drop, same group, undo; each is kept on disk before the next picture is shown."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from clfcore.data.versions.decisions import Decision, class_names, decide_item
from clfcore.data.versions.log import append_step, read_decisions, read_steps, undo_step
from clfcore.data.versions.queue import Queue, QueueState, by_item, key_classes, next_place
from clfcore.errors import Failure, InputError
from ui.formatting import shorten
from ui.messages import escape_markdown
from ui.session import SessionValue

if TYPE_CHECKING:
    from clfcore.data.dataset import ImageDataset
    from clfcore.data.item import ItemRecord
    from ui.closeup.sources import DataPictures


@dataclass(frozen=True, eq=False)
class Review:
    """A queue of items of a dataset, and the SPEC that it was opened by.

    joins: of photos without labels the data that they join once they have one; else None.
    """

    queue: Queue
    dataset: "ImageDataset"
    spec: str
    joins: "DataPictures | None" = None

    @property
    def key(self) -> str:
        return f"{self.spec} {self.queue.source}"


@dataclass(frozen=True)
class Done:
    """A step of this session: its id, and the item that was shown."""

    step: str
    item: str


REFUSED = SessionValue[str]("review refused")
CHOSEN = SessionValue[dict[str, tuple[str, ...]]]("review labels chosen")  # item -> labels, before they are saved


def place_of(review: Review, state: QueueState) -> int:
    """Where the queue stands: where it was left, else at its first item without a decision."""
    place = _place(review).get()
    if place is None or place >= len(review.queue.items):
        place = next_place(review.queue, -1, state.decided)
        _place(review).set(place)
    return place


def set_place(review: Review, place: int) -> None:
    """Go to another item of the queue."""
    _place(review).set(place)


def _place(review: Review) -> SessionValue[int]:
    return SessionValue(f"review place {review.key}")


def _steps(review: Review) -> SessionValue[list[Done]]:
    return SessionValue(f"review steps {review.spec}")


def keep_step(review: Review, decisions: Sequence[Decision], *, place: int) -> None:
    """Keep decisions as one step, and go to the next item; a refusal is shown with the next drawing."""
    try:
        step = append_step(review.spec, decisions)
        decided = by_item(read_decisions(review.spec))
    except (InputError, Failure) as error:
        REFUSED.set(str(error))
        return
    _steps(review).set([*(_steps(review).get() or ()), Done(step.id, review.queue.items[place].item)])
    set_place(review, next_place(review.queue, place, decided))


def decide(
    review: Review, place: int, action: str, *, label: Sequence[str] = (), group: str = "", others: Sequence[str] = ()
) -> None:
    """Decide on the item that is shown; with `others` on them as well."""
    try:
        decisions = [
            decide_item(review.dataset, item, action, label=label, group=group, source=review.queue.source)
            for item in (review.queue.items[place].item, *others)
        ]
    except InputError as error:
        REFUSED.set(str(error))
        return
    keep_step(review, decisions, place=place)


def undo(review: Review) -> None:
    """Take back the last step of this session, or after a reload the last that is kept, and go back to its item."""
    steps = _steps(review).get() or []
    try:
        undone = undo_step(review.spec, steps[-1].step if steps else None)
    except (InputError, Failure) as error:
        REFUSED.set(str(error))
        return
    if steps and undone is None:
        REFUSED.set("This decision was taken back already, in another tab or by a command. Nothing else was undone.")
    shown = steps[-1].item if steps else undone.decisions[0].item if undone is not None else ""
    items = [item.item for item in review.queue.items]
    if shown in items:
        set_place(review, items.index(shown))
    _steps(review).set(steps[:-1])


def group_name(items: Sequence[str]) -> str:
    """The name of a new group: the same for the same items."""
    return f"group-{hashlib.blake2b(chr(0).join(sorted(items)).encode(), digest_size=4).hexdigest()}"


def decision_buttons(
    review: Review,
    place: int,
    record: "ItemRecord",
    *,
    labels: Sequence[str],
    decided: Decision | None,
    state: QueueState,
) -> None:
    """A button a class with its digit, and one an action with its letter."""
    item, task = review.queue.items[place], review.dataset.task
    several = task.kind == "multi-label"
    likely = (
        [*item.suggested[-1:], *record.labels, *labels] if not several else [*item.suggested, *record.labels, *labels]
    )
    names = key_classes(task, likely)
    chosen = _chosen(record, decided) if several else ()
    with st.container(horizontal=True, gap="small"):
        for number, name in enumerate(names, 1):
            marked = name in (chosen if several else record.labels)
            text = escape_markdown(shorten(name, 20))
            if several:
                text = f"✓ {text}" if marked else text
            st.button(
                text,
                key=f"review class {number}",
                shortcut=str(number),
                type="primary" if name in item.suggested and not several else "secondary",
                help="Its current label" if marked and not several else None,
                on_click=_toggle if several else decide,
                args=(record, decided, name) if several else (review, place, "label"),
                kwargs=None if several else {"label": (name,)},
            )
    if len(task.classes) > len(names):
        _other_class(review, place, record, decided=decided)
    with st.container(horizontal=True, gap="small"):
        _actions(review, place, record, chosen=chosen)


def move_buttons(review: Review, place: int) -> None:
    """Through the queue without deciding, and the last step undone."""
    with st.container(horizontal=True, gap="small", width="content"):
        last = len(review.queue.items) - 1
        st.button("Previous", key="review previous", shortcut="Left", disabled=place == 0, on_click=set_place,
                  args=(review, place - 1))  # fmt: skip
        st.button("Next", key="review next", shortcut="Right", disabled=place == last, on_click=set_place,
                  args=(review, place + 1))  # fmt: skip
        st.button("Undo", key="review undo", shortcut="Z", disabled=not read_steps(review.spec), on_click=undo,
                  args=(review,))  # fmt: skip


def _actions(review: Review, place: int, record: "ItemRecord", *, chosen: tuple[str, ...]) -> None:
    item, several = review.queue.items[place], review.dataset.task.kind == "multi-label"
    if several:
        words = "Save labels" if chosen else "Save: no label"
        st.button(words, key="review save", shortcut="S", type="primary", on_click=decide,
                  args=(review, place, "label"), kwargs={"label": chosen})  # fmt: skip
    if item.suggested:
        st.button("Accept the suggestion", key="review accept", shortcut="A", on_click=decide,
                  args=(review, place, "label"), kwargs={"label": item.suggested})  # fmt: skip
    if review.dataset.labeled:
        st.button("Keep the label", key="review keep", shortcut="K", on_click=decide, args=(review, place, "keep"))
    st.button("Drop", key="review drop", shortcut="D", help="Leaves the picture out of the version; its file stays.",
              on_click=decide, args=(review, place, "drop"))  # fmt: skip
    if not review.dataset.labeled:
        return
    others = item.others
    st.button(
        "Same group", key="review group", shortcut="G", disabled=not others, on_click=decide,
        args=(review, place, "group"),
        kwargs={"group": group_name((record.id, *others)), "others": others},
        help="Keeps it together with its copies, or with images of the same session: a group is never divided between "
        "splits." if others else "Only for images that are listed together with others.",
    )  # fmt: skip


def _chosen(record: "ItemRecord", decided: Decision | None) -> tuple[str, ...]:
    """The labels that are chosen now: as given or decided, until one was changed."""
    before = decided.label if decided is not None and decided.action == "label" else record.labels
    return (CHOSEN.get() or {}).get(record.id, before)


def _toggle(record: "ItemRecord", decided: Decision | None, name: str) -> None:
    chosen = _chosen(record, decided)
    now = tuple(one for one in chosen if one != name) if name in chosen else (*chosen, name)
    CHOSEN.set({record.id: now})


def _other_class(review: Review, place: int, record: "ItemRecord", *, decided: Decision | None) -> None:
    """A box with all classes, where the digits do not reach them."""
    box = SessionValue[str](f"review other {review.key}")

    def take() -> None:
        name = box.take()
        if not name:
            return
        if review.dataset.task.kind == "multi-label":
            _toggle(record, decided, name)
            return
        try:
            decide(review, place, "label", label=class_names(review.dataset.task, (name,)))
        except InputError as error:  # of a hierarchy several paths end with it
            REFUSED.set(str(error))

    st.selectbox(
        "Another class", review.dataset.classes, index=None, key=box.key, on_change=take,
        format_func=lambda name: shorten(name, 40), label_visibility="collapsed",
        placeholder="Another class: type its name",
    )  # fmt: skip
