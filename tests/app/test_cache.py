"""The cache on the Runs page: seen whole, cleared by one button, whether or not there are runs."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from clfcore import cache


def test_the_cache_is_seen_and_cleared_without_a_run(open_page: Callable[..., AppTest]) -> None:
    for kind in cache.KINDS:
        cache.folder(kind).mkdir(parents=True)
        (cache.folder(kind) / "a.npy").write_bytes(b"x" * 1_000_000)
    app = open_page("runs")
    assert any(f"Cache: {len(cache.KINDS)}.0 MB of at most" in one.label for one in app.expander)
    app.button(key="clear cache").click().run()
    assert not app.exception
    assert cache.usage().bytes == 0
    assert any("Cache: 0 bytes of at most" in one.label for one in app.expander)
    assert app.button(key="clear cache").disabled


def test_a_limit_that_is_no_number_is_one_line(
    open_page: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(cache.VARIABLE, "much")
    app = open_page("runs")
    assert not app.exception
    assert any("CLFLAB" in one.value and "is 'much'" in one.value for one in app.error)
