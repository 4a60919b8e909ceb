"""Slices of a batch, one a process: together they are the batches of one process that accumulates."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from clfcore.distributed.ranks import ALONE, Ranks, shares
from clfcore.training.batch_statistics import BatchStatistics
from clfcore.training.slices import Slice, edges, grouped


@given(st.integers(1, 300), st.integers(1, 40), st.integers(1, 5))
@settings(max_examples=200, deadline=None)
def test_slices_cover_the_items_once_and_none_is_of_one(items: int, width: int, processes: int) -> None:
    cut = edges(items, width * processes, processes)
    sizes = np.diff(cut)
    assert cut[0] == 0
    assert cut[-1] == items
    assert (sizes > 0).all()
    assert cut == edges(items, width)  # as one process cuts batches of that width
    if width > 1 and items > 1:
        assert (sizes > 1).all()


def test_a_batch_that_does_not_divide_gives_the_first_ones_more() -> None:
    assert edges(20, 10, 3) == [0, 4, 7, 10, 14, 17, 20]
    assert edges(15, 10, 3) == [0, 4, 7, 10, 15]  # the last would have been of one


@given(st.integers(1, 300), st.integers(2, 20), st.integers(2, 5))
@settings(max_examples=200, deadline=None)
def test_each_process_has_a_part_of_every_batch_where_all_must(items: int, width: int, processes: int) -> None:
    size = width * processes
    items = max(items, processes)
    cut = edges(items, size, processes, for_all=True)
    sizes = np.diff(cut).reshape(-1, processes)  # a row a batch
    assert (cut[0], cut[-1]) == (0, items)
    assert (sizes > 0).all()
    assert (sizes[:-1].sum(axis=1) == size).all()
    assert np.ptp(sizes[-1]) <= 1
    assert abs(len(sizes) - -(-items // size)) <= (0 < items % size < processes)


def test_plain_batches_are_slices_of_themselves() -> None:
    x, y = torch.zeros(4, 1), torch.zeros(4)
    groups = [*grouped([(x, y), Slice(None, 3, 1), (x, y)], 2)]
    assert [[(part.images, part.parts) for part in group] for group in groups] == [[(4, 1), (3, 1)], [(4, 1)]]


@pytest.mark.parametrize("count", [0, 1, 7, 8])
def test_shares_are_even(count: int) -> None:
    for size in (1, 2, 3, 5):
        sizes = np.diff(shares(count, Ranks(0, size)))
        assert sizes.sum() == count
        assert np.ptp(sizes) <= 1


def test_a_chain_of_slices_is_what_the_layers_do_themselves() -> None:
    torch.manual_seed(0)
    slices = [torch.randn(8, 3, 4, 4) for _ in range(3)]
    plain = nn.Sequential(nn.Conv2d(3, 5, 1), nn.BatchNorm2d(5), nn.BatchNorm2d(5, momentum=0.3))
    chained = nn.Sequential(nn.Conv2d(3, 5, 1), nn.BatchNorm2d(5), nn.BatchNorm2d(5, momentum=0.3))
    chained.load_state_dict(plain.state_dict())
    statistics, seen = BatchStatistics(chained), []
    with statistics.of_slices():
        for x in slices:
            plain(x)
            chained(x)
            seen.append(statistics.read())
        statistics.chain(seen, shown=len(seen))
    assert [layer.momentum for layer in statistics.layers] == [0.1, 0.3]
    for name, value in plain.state_dict().items():
        torch.testing.assert_close(chained.state_dict()[name], value)


def test_a_frozen_layer_is_no_part_of_the_chain() -> None:
    layers = nn.Sequential(nn.BatchNorm1d(4), nn.BatchNorm1d(4), nn.BatchNorm1d(4, momentum=None))
    layers[0].eval()
    assert [*BatchStatistics(layers).layers] == [layers[1]]


def test_one_process_sends_nothing() -> None:
    assert ALONE.agreed({"a": 1}) == {"a": 1}
    assert ALONE.gathered(3) == [3]
    assert ALONE.agreed_number(4) == 4
    assert ALONE.each(lambda: "done") == "done"
    values = torch.ones(2)
    ALONE.sum_(values)
    ALONE.spread_([values])
    assert values.tolist() == [1, 1]
