"""What a list of pictures is of: a run's split, a dataset, or pictures that are no items at all."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from clfcore.data.item import ItemRecord, item_record
from clfcore.errors import InputError
from clfcore.evaluation.item_classes import ItemClass, item_classes
from clfcore.runs.folder import Run
from ui.cards import Card
from ui.loaders import classifier, run_dataset, stored

if TYPE_CHECKING:
    from clfcore.data.dataset import ImageDataset


@dataclass(frozen=True)
class RunPictures:
    """Items of a run's data. level: of a hierarchy the one that is looked at, None the finest."""

    run: Run
    split: str
    level: str | None = None

    @property
    def dataset(self) -> "ImageDataset":
        """Raises InputError where the data is gone."""
        return run_dataset(self.run)


@dataclass(frozen=True, eq=False)
class DataPictures:
    """Items of a dataset that was read from this SPEC."""

    spec: str
    dataset: "ImageDataset"
    split_seed: int = 0


Source = RunPictures | DataPictures


@dataclass(frozen=True)
class Entry:
    """A picture of a list. item: its id in the data; note: what the list says of it; about: classes that the list is
    about, for which maps are offered beside the predicted and the true ones; card: as it stands on the page."""

    item: str
    note: str = ""
    about: tuple[str, ...] = ()
    card: Card | None = None


def entries_of(cards: Sequence[Card]) -> tuple[Entry, ...]:
    """The entries of cards as they are."""
    return tuple(Entry(card.item or card.name, card=card) for card in cards)


@dataclass(frozen=True)
class Place:
    """Where an item stands: its split, and which of how many; the words for both."""

    split: str
    text: str


def place_of(source: Source, item: str) -> tuple[Place, ItemRecord | None]:
    """An item's place, and its record unless the data is gone. Raises InputError where neither is known."""
    try:
        record: ItemRecord | None = item_record(source.dataset, item)
    except InputError:
        record = None
        if isinstance(source, DataPictures):
            raise
    if isinstance(source, RunPictures) and source.split in source.run.splits:
        ids = stored(source.run, source.split).ids
        if item in ids:
            return Place(source.split, f"{source.split}, {ids.index(item) + 1:,} of {len(ids):,}"), record
    if record is None:
        record = item_record(source.dataset, item)
    return Place(record.split or "", record.position), record


def classes_of(source: RunPictures, item: str) -> tuple[tuple[ItemClass, ...], bool]:
    """The classes of an item by its run, and whether they were predicted anew, for they are not stored.

    Raises InputError where data or weights are gone.
    """
    if source.split in source.run.splits:
        predictions = stored(source.run, source.split)
        if item in predictions.ids:
            levels = [level.name for level in predictions.task.levels]
            if len(levels) > 1 and source.level in levels:
                predictions = predictions.level(source.level)
            return item_classes(predictions, item), False
    from clfcore.classifier import predict_item

    dataset = source.dataset
    record = item_record(dataset, item)
    model = classifier(str(source.run.path))
    return item_classes(predict_item(model, dataset, record.index, split=str(record.split)), item), True
