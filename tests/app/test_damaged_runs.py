"""Pages among damaged runs stay alive, list them as damaged and offer to delete them; a double click is one run."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from clfcore.files import runs_folder
from clfcore.runs import folder
from clfcore.runs.create import create_run
from clfcore.runs.folder import Run
from tests.support.pages import OpenPage, refused

WRITTEN = sorted((Path(__file__).parents[1] / "runs" / "written_by_0_1_0").iterdir())
FILES = ("state.json", "config.json", "metrics.json", "history.jsonl", "classifier.json", "data.json", "speed.json",
         "predictions-test.npz", "predictions-validation.npz", "temperature.json", "best.safetensors")  # fmt: skip
FORMS = {"empty": b"", "zeros": b"\0" * 171, "list": b"[]", "object": b'{"created": 5, "metrics": null}\n'}


@pytest.fixture
def runs() -> list[Run]:
    """Two good runs, and one for each file and form of damage."""
    made = []
    for i in range(2):
        made.append(Run(runs_folder() / f"20250101-good-{i}"))
        shutil.copytree(WRITTEN[0], made[-1].path)
    for i, name in enumerate(FILES):
        for form, data in FORMS.items():
            made.append(Run(runs_folder() / f"20260101-{name.partition('.')[0]}-{form}"))
            shutil.copytree(WRITTEN[i % len(WRITTEN)], made[-1].path)
            (made[-1].path / name).write_bytes(data)
    return made


@pytest.mark.parametrize("page", ["home", "runs", "train", "predict", "explain", "evaluate", "compare"])
def test_a_page_stays_alive_among_damaged_runs(page: str, runs: list[Run], open_page: OpenPage) -> None:
    app = open_page(page)
    assert not app.exception, app.exception
    if page == "runs":
        table = open_page(page, columns="run").dataframe[0].value
        states = dict(zip(table["run"], table["state"], strict=True))
        assert states["20250101-good-0"] == "✓ completed"
        damaged = {name for name, state in states.items() if state == "✗ damaged"}
        kinds = ("state", "config", "metrics")
        assert damaged == {run.id for run in runs if run.id.split("-")[1] in kinds}


def visited(app: AppTest, page: str, name: str) -> AppTest:
    app.query_params["run"] = name
    return app.switch_page(f"pages/{page}/page.py").run()


def test_each_damaged_run_is_shown_with_what_is_wrong(runs: list[Run], open_page: OpenPage) -> None:
    app = open_page("home")
    for run in runs:
        visited(app, "train", run.id)
        assert not app.exception, (run.id, app.exception)
        assert any(button.label == "Delete" for button in app.button), run.id
        name = run.id.split("-")[1]
        if name in ("state", "config", "metrics") or run.id.endswith("history-object"):
            assert any("is damaged" in line and name in line for line in refused(app)), (run.id, refused(app))


def test_an_address_names_a_run_by_its_whole_id(open_page: OpenPage, tmp_path: Path) -> None:
    for place in (runs_folder() / "20250101-good-0", tmp_path / "elsewhere"):
        shutil.copytree(WRITTEN[0], place)
    app = open_page("home")
    for name in (
        str(tmp_path / "elsewhere"),
        "../../x",
        "~x",
        "~nosuchuser",
        "a" * 300,
        "..",
        "2025",
        "20250101-good-",
    ):
        visited(app, "train", name)
        assert not app.exception, (name, app.exception)
        assert any("run " in line for line in refused(app)), name
        assert not any(button.label == "Delete" for button in app.button), name


def test_a_run_that_is_deleted_while_it_is_watched_is_said_to_be_gone(open_page: OpenPage) -> None:
    shutil.copytree(WRITTEN[0], runs_folder() / "20250101-good-0")
    app = open_page("train", run="20250101-good-0")
    assert app.title[0].value.startswith("vgg on")
    folder.delete(folder.find_run("20250101-good-0"))
    app.run()
    assert not app.exception, app.exception
    assert any("it was deleted" in line for line in refused(app))


def test_a_second_click_on_train_finds_the_first(
    open_page: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    from clfcore.runs.worker import Worker

    monkeypatch.setattr(Worker, "submit", lambda self, config, **more: create_run(config))
    app = open_page("train")
    for _ in range(100):
        if any(button.label == "Train" for button in app.button):
            break
        app.run()
    button = next(button for button in app.button if button.label == "Train")
    address = dict(app.query_params)
    button.click().run()
    assert len(folder.run_folders()) == 1
    app.query_params.clear()  # the second click was made before the first one's answer came
    for key, value in address.items():
        app.query_params[key] = value
    button.click().run()
    assert len(folder.run_folders()) == 1
    app.query_params.clear()
    app.run()  # the form again, unpressed: what is asked for now is asked for anew
    next(button for button in app.button if button.label == "Train").click().run()
    assert len(folder.run_folders()) == 2
