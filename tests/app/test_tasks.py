"""The pages with several labels and with hierarchies."""

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.support.pages import until
from tests.support.stored_runs import of_labels, run_of

OpenPage = Callable[..., AppTest]


def words(app: AppTest) -> str:
    kinds = (app.title, app.caption, app.markdown, app.error, app.subheader, app.metric)
    return "\n".join(f"{getattr(e, 'label', '')} {e.value}" for kind in kinds for e in kind)


@pytest.mark.slow
def test_thresholds_move_and_are_kept(open_page: OpenPage) -> None:
    run = run_of("multi-label")
    app = open_page("evaluate", run=run.id)
    assert not app.exception, app.exception
    assert "0.5 each" in words(app)
    before = [metric.value for metric in app.metric]
    app.slider[0].set_value(0.0).run()
    assert not app.exception, app.exception
    assert [metric.value for metric in app.metric] != before
    found = {metric.label: metric.value for metric in app.metric}
    assert found["Recall"] == "1.000"  # from 0 on everything counts
    next(button for button in app.button if button.label == "Save for this run").click().run()
    assert not app.exception, app.exception
    assert "chosen on validation" in words(app)
    assert (run.path / "thresholds.json").exists()


def test_labels_are_judged_one_by_one_in_every_view(open_page: OpenPage) -> None:
    run = of_labels(1, 0.9)
    app = open_page("evaluate", run=run.id)
    says = {
        "Per label": "false positive",
        "False positives and negatives": "most confident first",
        "Co-occurrence": "no label",
        "ROC and PR": "The dotted diagonal is random guessing",
        "Operating point": "chosen on validation, never on test",
        "Calibration": "Fit a temperature",
    }
    for view, expected in says.items():
        app.session_state["labels view"] = view
        app.run()
        assert not app.exception, app.exception
        assert not app.error, view
        html = "".join(element.proto.body for element in app.get("html"))
        buttons = " ".join(button.label for button in app.button)
        assert expected in f"{words(app)} {html} {buttons} {' '.join(str(m.delta) for m in app.metric)}", view


@pytest.mark.slow
def test_a_hierarchy_is_judged_as_a_whole(open_page: OpenPage) -> None:
    run = run_of("hierarchical", decoding="path")
    app = open_page("evaluate", run=run.id, view="Operating point")
    assert not app.exception, app.exception
    found = {metric.label: metric.value for metric in app.metric}
    assert found["Consistency"] == "100.0%" or found["Consistency"].startswith("100")
    assert "chosen on validation, never on test" in words(app)
    opened = open_page("evaluate", run=run.id, **{"hierarchy view": "Drill down"})
    assert not opened.exception, opened.exception
    assert "All family" in words(opened)


@pytest.mark.slow
def test_predict_speaks_of_labels_and_paths(open_page: OpenPage) -> None:
    ways = (("multi-label", "labels predicted", {}), ("hierarchical", "clf-path", {}))
    for task, says, how in (*ways, ("hierarchical", "Where its attention pooling looked", {"head": "attention"})):
        run = run_of(task, **how)
        app = open_page("predict", model=run.id, sample=sorted(Path("assets/samples").glob("*.jpg"))[0].stem)
        assert not app.exception, app.exception
        assert says in "".join(element.proto.body for element in app.get("html"))


def test_train_offers_what_the_task_has_a_use_for(open_page: OpenPage) -> None:
    app = open_page("train", data="shapes-multi-label:count=120,side=24")
    until(app, lambda app: any(expander.label == "Labels" for expander in app.expander) or app.error)
    labels = {box.label for box in app.selectbox}
    assert {"Loss", "Positive weights", "Sampling", "Thresholds"} <= labels
    assert not {"Class weights", "Decoding"} & labels
    next(box for box in app.selectbox if box.label == "Loss").set_value("asymmetric").run()
    assert not app.exception, app.exception
    assert "Asymmetric margin" in {number.label for number in app.number_input}


def test_a_download_out_of_reach_is_said_on_the_page(open_page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    from clfcore.data.download import FILES, Remote

    monkeypatch.setitem(FILES, "mnist", (Remote("a", "http://127.0.0.1:9/a", "0", 1),))
    app = open_page("data", data="digits")
    until(app, lambda app: app.metric)
    app.button(key="download mnist").click().run()
    until(app, lambda app: app.error)
    assert not app.exception, app.exception
    assert app.metric  # the page went on
    assert "cannot be reached" in "".join(error.value for error in app.error)


@pytest.mark.parametrize(("data", "says"), [("multi-label", "no label at all"), ("hierarchical", "6 paths occur")])
def test_data_shows_how_labels_and_levels_hang_together(open_page: OpenPage, data: str, says: str) -> None:
    app = open_page("data", data=f"shapes-{data}:count=120,side=24")
    until(app, lambda app: app.metric)
    assert not app.exception, app.exception
    assert says in words(app)
