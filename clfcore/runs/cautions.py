"""Cautions: what is known to make a run's score flatter or vague, a sentence each, wherever a score is shown.

A leak (images of the split that were trained on), the same image several times, a split that also chose the best epoch,
a small sample.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from clfcore.errors import InputError
from clfcore.runs.file_cache import KEPT
from clfcore.runs.folder import Run
from clfcore.runs.index import score_of
from clfcore.runs.records import Overlap, RunResults
from clfcore.runs.split_record import FILE, KeptSplit, read_split

SMALL = 100  # items below which a sample is called small


def cautions(run: Run, split: str | None = None) -> tuple[str, ...]:
    """What makes the score of a split flatter or vague; by default of the split that lists show.

    From the contents that the run kept: nothing is opened. Of runs that kept none only what is known is said. Raises
    InputError where the run's results are damaged.
    """
    results = run.results
    if split is None:
        score = score_of(results)
        split = score.split if score is not None else "test" if "test" in run.splits else "validation"
    overlap = _overlaps(run, results).get(split)
    return sentences(
        split,
        overlap.items if overlap else _items(run, split),
        overlap=overlap,
        only_validation=split == "validation" and "test" not in run.splits,
    )


def sentences(split: str, items: int, *, overlap: Overlap | None, only_validation: bool = False) -> tuple[str, ...]:
    """The cautions of a split of so many items; 0 where that is not known.

    >>> sentences("test", 60, overlap=Overlap(items=60, trained_on=3))[0]
    '3 of 60 test images were also trained on: the score flatters.'
    """
    texts = []
    if overlap and overlap.trained_on:
        were = "image was" if overlap.trained_on == 1 else "images were"
        texts.append(f"{overlap.trained_on:,} of {overlap.items:,} {split} {were} also trained on: the score flatters.")
    if overlap and overlap.trained_before:
        were = "image was" if overlap.trained_before == 1 else "images were"
        texts.append(
            f"{overlap.trained_before:,} of {overlap.items:,} {split} {were} trained on by a run that this one began "
            "with: the score flatters."
        )
    if overlap and overlap.copies:
        texts.append(
            f"{overlap.copies:,} of {overlap.items:,} {split} images are copies of others in it: they count twice."
        )
    if split == "validation":
        more = "There is no test split, and validation" if only_validation else "Validation"
        texts.append(f"{more} also chose the best epoch: its score is slightly optimistic.")
    if 0 < items < SMALL:
        texts.append(f"{items:,} {split} image{'s are' if items > 1 else ' is'} a small sample: see the intervals.")
    return tuple(texts)


def overlaps(kept: KeptSplit) -> dict[str, Overlap]:
    """Of each split that is judged, how many of its items have the content of others: trained on, or in it twice."""
    own = {kept.contents[i] for i in kept.splits.get("train", ())}
    by_split = {}
    for split in ("validation", "test"):
        contents = [kept.contents[i] for i in kept.splits.get(split, ())]
        if contents:
            by_split[split] = Overlap(
                items=len(contents),
                trained_on=sum(content in own for content in contents),
                trained_before=sum(content in kept.trained_before and content not in own for content in contents),
                copies=sum(times - 1 for times in Counter(contents).values()),
            )
    return by_split


def _overlaps(run: Run, results: RunResults) -> dict[str, Overlap]:
    """As noted at the run's end; of older runs from the split that they kept, if any."""
    if results.overlap is not None:
        return results.overlap
    by_split: dict[str, Overlap] = KEPT.get(f"{run.path}/{FILE}", _read)
    return by_split


def _read(path: Path) -> dict[str, Overlap]:
    try:
        kept = read_split(Run(path.parent))
    except InputError:  # the score is shown without what cannot be told any more
        return {}
    return overlaps(kept) if kept is not None else {}


def _items(run: Run, split: str) -> int:
    try:
        return run.data.splits.get(split, 0)
    except InputError:
        return 0


def cautions_of_all(runs: Sequence[Run], split: str) -> dict[str, tuple[Run, ...]]:
    """Each caution about some runs on a split, with the runs that it is about."""
    affected: dict[str, tuple[Run, ...]] = {}
    for run in runs:
        for sentence in cautions(run, split):
            affected[sentence] = (*affected.get(sentence, ()), run)
    return affected
