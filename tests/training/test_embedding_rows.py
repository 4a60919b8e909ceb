"""Embeddings that are read from files are those in memory, to the bit: batches, blocks and their standardization."""

from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.preprocessing import StandardScaler

from clfcore.training import embedding_rows
from clfcore.training.embedding_rows import HeldRows, StoredRows, standardize

LENGTHS = (9, 1, 14, 6)


@pytest.fixture
def arrays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[np.ndarray]:
    """Four arrays of 30 rows in all, memory-mapped; blocks are of 7."""
    monkeypatch.setattr(embedding_rows, "BLOCK", 7)
    generator, mapped = np.random.default_rng(0), []
    for number, length in enumerate(LENGTHS):
        values = generator.normal(3, 2, (length, 5)).astype(np.float32)
        values[:, 4] = 2.5  # a constant dimension
        np.save(tmp_path / f"{number}.npy", values)
        mapped.append(np.load(tmp_path / f"{number}.npy", mmap_mode="r"))
    return mapped


def test_standardization_is_that_of_sklearn(arrays: list[np.ndarray]) -> None:
    whole = np.concatenate(arrays)
    expected = StandardScaler().fit(whole.astype(np.float64))
    standard = standardize(arrays)
    np.testing.assert_allclose(standard.mean, expected.mean_, rtol=1e-6)
    np.testing.assert_allclose(standard.deviation, expected.scale_, rtol=1e-6)
    assert standard.deviation[4] == 1.0
    together = standardize([whole])
    assert np.array_equal(standard.mean, together.mean)
    assert np.array_equal(standard.deviation, together.deviation)


def test_stored_rows_are_those_in_memory(arrays: list[np.ndarray]) -> None:
    stored = StoredRows(arrays, standardize(arrays))
    held = stored.held()
    assert (len(stored), stored.width) == (len(held), held.width) == (30, 5)
    np.testing.assert_allclose(held.values[:, :4].mean(0).numpy(), 0, atol=1e-6)
    assert [len(block) for block in stored.blocks()] == [7, 7, 7, 7, 2]
    assert all(torch.equal(a, b) for a, b in zip(stored.blocks(), held.blocks(), strict=True))
    order = np.random.default_rng(1).choice(30, 40)  # some twice
    parts = np.split(order, [11, 12])
    batches = [*stored.batches(parts)]
    assert [len(batch) for batch in batches] == [11, 1, 28]
    assert all(torch.equal(a, b) for a, b in zip(batches, held.batches(parts), strict=True))
    assert torch.equal(torch.cat(batches), held.values[torch.from_numpy(order)])


@pytest.mark.parametrize("count", [1, 9, 10, 13, 30])
def test_the_first_rows(arrays: list[np.ndarray], count: int) -> None:
    stored = StoredRows(arrays)
    first = stored.first(count)
    assert len(first) == count
    assert torch.equal(torch.cat([*first.blocks()]), stored.held().values[:count])
    assert torch.equal(HeldRows(stored.held().values).first(count).values, stored.held().values[:count])


def test_what_is_read_can_be_written_to(arrays: list[np.ndarray]) -> None:
    for block in StoredRows(arrays).blocks():
        block.zero_()
    assert np.concatenate(arrays)[:, 4].tolist() == [2.5] * 30
