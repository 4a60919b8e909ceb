"""The memory budget of decoding: large pictures wait for each other, small ones never."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from clfcore.data import decode_budget
from clfcore.data.decode_budget import DecodeBudget
from clfcore.data.pixels import Preprocess, read_image
from clfcore.errors import InputError


def test_what_is_held_never_passes_the_most() -> None:
    budget, lock, held, peaks = DecodeBudget(10_000_000), threading.Lock(), [0], []

    def decode(pixels: int) -> None:
        with budget.hold(pixels):
            with lock:
                held[0] += pixels
                peaks.append(held[0])
            with lock:
                held[0] -= pixels

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(decode, [5_000_000, 6_000_000, 4_500_000] * 40))
    assert max(peaks) <= 10_000_000
    with budget.hold(64_000_000), budget.hold(1_000_000):  # one larger than the most is alone with small ones
        pass


@pytest.mark.parametrize("least_side", [None, 16])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF"])
def test_every_reader_gives_its_share_back(
    make_picture: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch, kind: str, least_side: int | None
) -> None:
    """With a budget for one picture alone, the second would wait for ever."""
    monkeypatch.setattr(decode_budget, "SMALL", 0)
    monkeypatch.setattr(decode_budget.BUDGET, "most", 1)
    data = make_picture(size=(300, 200), kind=kind)
    for _ in range(2):
        read_image(data, least_side=least_side)
        Preprocess(28).stored_file(data, "x")
        if kind != "TIFF":  # what is missing from one without compression is filled up
            with pytest.raises(InputError, match=r"truncated|damaged"):
                read_image(data[: len(data) // 2])
