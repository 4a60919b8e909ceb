"""A page in a test: what it says, and how to wait for its work."""

import time
from collections.abc import Callable

from streamlit.testing.v1 import AppTest

OpenPage = Callable[..., AppTest]


def words(app: AppTest) -> str:
    """Everything that the page says."""
    kinds = (app.title, app.caption, app.markdown, app.error, app.subheader, app.info, app.metric)
    return "\n".join(f"{getattr(e, 'label', '')} {e.value}" for kind in kinds for e in kind)


def until_ready(app: AppTest, *, times: int = 200) -> AppTest:
    """AppTest has no timers: run again until no job is waited for."""
    for _ in range(times):
        waits = any("Reading and checking" in e.proto.text or "Building" in e.proto.text for e in app.get("progress"))
        if not waits and (app.metric or app.error):
            break
        time.sleep(0.1)
        app.run()
    assert not app.exception, app.exception
    return app


def refused(app: AppTest) -> list[str]:
    """What the red lines say, as the reader sees it."""
    return [error.value.replace("\\", "") for error in app.error]


def finished(app: AppTest, words: str) -> AppTest:
    """Run the page again until its work in a thread is done."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        app.run()
        if any(words in str(one.value) for one in (*app.markdown, *app.caption)):
            return app
        time.sleep(0.3)
    raise AssertionError(f"{words!r} did not come: {[one.value for one in (*app.markdown, *app.caption)]}")
