"""Batches are the same to the bit, however their pictures are read: from memory, from the cache or from their files."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from clfcore import cache
from clfcore.augment.mixup_draws import Mix
from clfcore.augment.policies import policy
from clfcore.config import make
from clfcore.data import held_pixels
from clfcore.data.decode import decode
from clfcore.data.held_pixels import reading_note
from clfcore.data.importers.folders import import_folder
from clfcore.data.pixels import Preprocess
from clfcore.data.thread_pool import read_ahead
from clfcore.distributed.ranks import ALONE, Ranks
from clfcore.errors import InputError
from clfcore.experiments.plan import make_plan
from clfcore.runs.create import create_run
from clfcore.runs.execute import execute
from clfcore.runs.resolve_run import resolve_run
from clfcore.training.batches import Batches
from tests.support.same_end import assert_same_end

TWENTY = Preprocess(16, crop_fraction=0.8)


@pytest.fixture
def by_batch(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """No split fits into memory from here on."""
    return lambda: monkeypatch.setattr(held_pixels, "MOST_BYTES", 1000)


@pytest.fixture
def full_cache(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """The cache has room for a few of the pictures, from here on."""

    def fill() -> None:
        cache.clear()
        monkeypatch.setenv(cache.VARIABLE, "0.000012")

    return fill


def batches(photos: Path, ranks: Ranks = ALONE) -> Batches:
    dataset, decoded = decode(import_folder(photos), TWENTY)
    return Batches(
        decoded,
        np.arange(len(dataset)),
        dataset.targets,
        TWENTY,
        5,
        torch.device("cpu"),
        policy=policy("basic"),
        mix=Mix(mixup=0.4),
        task=dataset.task,
        ranks=ranks,
    )


def tensors(of: Batches) -> list[torch.Tensor]:
    return [tensor for part in (*of(1), *of(2), *of.in_order(), (of.first(7),)) for tensor in part]


def equal(one: list[torch.Tensor], other: list[torch.Tensor]) -> bool:
    return len(one) == len(other) and all(map(torch.equal, one, other))


@pytest.mark.parametrize("rank", [None, 0, 1])
def test_batches_are_the_same_from_memory_cache_and_files(
    photos: Path, by_batch: Callable[[], None], full_cache: Callable[[], None], rank: int | None
) -> None:
    ranks = ALONE if rank is None else Ranks(rank=rank, size=2, here=2)
    in_memory = tensors(batches(photos, ranks))
    by_batch()
    of_cache = batches(photos, ranks)
    assert not of_cache.decoded.note
    assert equal(tensors(of_cache), in_memory)
    full_cache()
    of_files = batches(photos, ranks)
    assert "are not kept in the cache (it is full)" in of_files.decoded.note
    assert equal(tensors(of_files), in_memory)


def test_a_run_past_memory_and_cache_gives_the_same_weights_and_says_how_it_reads(
    photos: Path, by_batch: Callable[[], None], full_cache: Callable[[], None]
) -> None:
    recipe = {"epochs": 2, "batch_size": 5, "image_size": 16}
    config = make({"data": str(photos), "architecture": "lenet5", "strategy": "scratch", "recipe": recipe})
    in_memory = create_run(config)
    execute(in_memory)
    by_batch()
    of_cache = create_run(config)
    execute(of_cache)
    assert_same_end(of_cache, in_memory)
    assert "they are read from the cache, 2 batches ahead" in of_cache.message
    full_cache()
    assert "more than the cache's 0.0 MB: those" in " ".join(make_plan(resolve_run(config), measure=False).notes)
    of_files = create_run(config)
    execute(of_files)
    assert_same_end(of_files, in_memory)
    assert "so they are decoded from their files for each batch" in of_files.message


def test_a_picture_that_changed_ends_the_epoch_with_its_name(
    photos: Path, by_batch: Callable[[], None], full_cache: Callable[[], None]
) -> None:
    full_cache()
    by_batch()
    of_files = batches(photos)
    for path in photos.glob("*/*.jpg"):
        path.write_bytes(b"changed")
    with pytest.raises(InputError, match="has changed since it was read"):
        list(of_files(1))


def test_what_is_in_memory_needs_no_note(photos: Path, by_batch: Callable[[], None]) -> None:
    dataset = import_folder(photos)
    assert reading_note(dataset, TWENTY) == ""
    by_batch()
    assert "read from the cache" in reading_note(dataset, TWENTY)


def test_reading_ahead_keeps_the_order_a_bound_and_the_error() -> None:
    started: list[int] = []

    def load(item: int) -> int:
        started.append(item)
        if item == 7:
            raise InputError("seven is damaged")
        return item * item

    reader = read_ahead(load, range(10), most=2)
    assert [next(reader) for _ in range(3)] == [0, 1, 4]
    assert max(started) <= 5
    with pytest.raises(InputError, match="seven"):
        list(reader)
    assert max(started) <= 9
    assert list(read_ahead(load, [], most=2)) == []
    another = read_ahead(load, range(100), most=2)
    next(another)
    another.close()
    assert max(started) < 99
