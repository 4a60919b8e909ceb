"""A page in a test: what it says, and how to wait for its work."""

from collections.abc import Callable

from streamlit.testing.v1 import AppTest

from ui.jobs import wait_for_jobs

OpenPage = Callable[..., AppTest]


def words(app: AppTest) -> str:
    """Everything that the page says."""
    kinds = (app.title, app.caption, app.markdown, app.error, app.subheader, app.info, app.metric)
    return "\n".join(f"{getattr(e, 'label', '')} {e.value}" for kind in kinds for e in kind)


def until(app: AppTest, there: Callable[[AppTest], object], *, times: int = 100) -> AppTest:
    """AppTest has no timers: run again, each time when all work in threads has ended, until it is there."""
    for _ in range(times):
        if there(app):
            break
        wait_for_jobs(2)  # no longer: a test may hold one up
        app.run()
        assert not app.exception, app.exception
    assert there(app), words(app)
    return app


def without_progress(app: AppTest) -> AppTest:
    """The page when it waits for no work."""
    return until(app, lambda app: app.exception or not app.get("progress"))


def until_ready(app: AppTest) -> AppTest:
    """The page when its data is read, or refused."""
    return until(app, lambda app: not app.get("progress") and (app.metric or app.error))


def refused(app: AppTest) -> list[str]:
    """What the red lines say, as the reader sees it."""
    return [error.value.replace("\\", "") for error in app.error]


def finished(app: AppTest, text: str) -> AppTest:
    """The page when the result of its work stands there."""
    return until(app, lambda app: any(text in str(part.value) for part in (*app.markdown, *app.caption)))
