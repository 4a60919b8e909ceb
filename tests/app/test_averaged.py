"""Answers averaged over views: the split predicted anew on Evaluate, and the choice on Predict."""

from clfcore import api
from clfcore.evaluation.metrics import evaluate
from clfcore.files import app_folder
from clfcore.runs.folder import Run
from clfcore.runs.open_classifier import classifier_of
from clfcore.runs.tta import predict_split
from tests.support.pages import OpenPage, finished
from ui.formatting import percent


def test_a_split_is_predicted_from_views_beside_what_is_stored(open_page: OpenPage, finished_run: Run) -> None:
    app = open_page("evaluate", run=finished_run.id, judged="test")
    assert f"evaluate {finished_run.id} --split test --views flip" in app.code[0].value
    app.button(key="views predict").click()
    app = finished(app, "images")
    for _ in range(40):  # predicted in a thread
        if any("averaged" in table.value for table in app.dataframe):
            break
        app.run()
    table = next(table.value for table in app.dataframe if "averaged" in table.value)
    by_hand = evaluate(predict_split(finished_run, classifier_of(finished_run), "test", kind="flip"))
    assert dict(zip(table["metric"], table["averaged"], strict=True))["Accuracy"] == percent(by_hand.accuracy)
    assert not app.exception


def test_views_that_have_no_room_are_refused_in_a_line(open_page: OpenPage, finished_run: Run) -> None:
    app = open_page("evaluate", run=finished_run.id)
    app.session_state["views judged"] = "five-crops"
    app.run()
    app.button(key="views predict").click().run()
    for _ in range(40):
        if app.error:
            break
        app.run()
    assert "five-crops needs pictures larger than" in app.error[0].value
    assert not app.exception


def test_predict_answers_from_the_views_that_are_chosen(open_page: OpenPage, finished_run: Run) -> None:
    app = open_page("predict", sample="cat", model=finished_run.id)
    shown = []
    for views in (None, "flip"):
        app.session_state["views averaged"] = views or "none"
        app.run()
        assert not app.exception
        answer = api.predict(finished_run.id, [str(app_folder() / "assets" / "samples" / "cat.jpg")], views=views)
        shown.append(percent(answer.predictions[0].top[0].probability))
        assert shown[-1] in " ".join(block.proto.body for block in app.get("html"))
    assert shown[0] != shown[1]
