"""The Explain page: maps side by side, what each is of, long ones on a click, and whether they can be believed."""

import io
import shutil

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from clfcore.files import runs_folder
from clfcore.photos import Photo
from clfcore.runs.folder import Run
from clfcore.runs.open_classifier import classifier_of
from pages.explain import map_loaders
from pages.explain.map_loaders import MapRequest, OverlayStyle, TargetChoice, overlaid_map, sheet
from tests.support.pages import OpenPage, refused, without_progress, words
from tests.support.stored_runs import run_of


@pytest.fixture
def run(trained: Run) -> Run:
    """Two epochs on drawn shapes, in this test's own folder."""
    target = runs_folder() / trained.id
    shutil.copytree(trained.path, target)
    return Run(target)


def html(app: AppTest) -> str:
    return "\n".join(one.proto.body for one in app.get("html"))


def on_errors(open_page: OpenPage, run: Run, *, view: str = "", methods: tuple[str, ...] = ("gradcam",)) -> AppTest:
    """The page with the run's surest errors, explained by the run."""
    app = open_page("explain")
    app.session_state["method"] = list(methods)
    app.session_state["pictures of"] = "A run's errors"
    if view:
        app.session_state["maps view"] = view
    app.run()
    assert not app.exception, app.exception
    return app


def photo(side: int = 40) -> Photo:
    out = io.BytesIO()
    Image.fromarray(np.random.default_rng(5).integers(0, 255, (side, side, 3), np.uint8)).save(out, "png")
    return Photo("noise.png", out.getvalue())


def test_without_a_picture_it_says_what_to_do_and_what_maps_can_tell(open_page: OpenPage) -> None:
    app = open_page("explain")
    assert not app.exception
    assert "click one of the samples" in words(app)
    assert "Adebayo and others 2018" in words(app)


def test_a_sample_is_explained_by_three_methods_at_once(open_page: OpenPage) -> None:
    app = open_page("explain", sample="cat", model="efficientnet_lite0")
    assert not app.exception
    assert not refused(app)
    drawn = html(app)
    assert all(f'alt="{title}, ' in drawn for title in ("Grad-CAM", "LayerCAM", "Saliency"))
    assert "1 = strongest region of each map" in drawn


def test_the_errors_of_a_run_are_explained_by_the_run_for_any_class(open_page: OpenPage, run: Run) -> None:
    app = on_errors(open_page, run)
    assert app.multiselect(key="model").value == [run.id]
    errors = app.multiselect(key=f"errors {run.id}").value
    assert len(errors) == 2
    first, second = classifier_of(run).classes[:2]
    app.selectbox(key=f"class {run.id} None").set_value(first).run()
    app.selectbox(key=f"against {run.id} None {first}").set_value(second).run()
    assert not app.exception
    drawn = html(app)
    assert f"{first}, not {second}" in drawn or "no positive evidence" in drawn


def test_a_method_that_the_network_does_not_allow_says_so_in_its_place(open_page: OpenPage, run: Run) -> None:
    app = on_errors(open_page, run, methods=("gradcam", "attention-rollout"))
    assert not refused(app)
    assert "clf-words" in html(app)
    assert "attention" in html(app)


def test_a_long_method_waits_for_a_click(open_page: OpenPage, run: Run) -> None:
    app = on_errors(open_page, run, methods=("occlusion",))
    assert "Long: about 170 forward passes" in html(app)
    next(button for button in app.button if button.label.startswith("Compute the long maps")).click().run()
    app = without_progress(app)
    for _ in range(3):
        app = without_progress(app.run())
    assert not refused(app)
    assert "Long: about" not in html(app)
    assert 'alt="Occlusion' in html(app)


def test_a_method_without_classes_does_not_claim_one(open_page: OpenPage, run: Run) -> None:
    app = on_errors(open_page, run, methods=("eigencam",))
    assert "class-agnostic" in html(app)


def test_each_stage_shows_the_same_method(open_page: OpenPage, run: Run) -> None:
    app = on_errors(open_page, run, view="Layers")
    stages = map_loaders.stages_of(run.id, "layercam")
    assert len(stages) >= 2
    assert all(stage in html(app) for stage in stages)


def test_pixels_are_removed_and_added_on_a_click(open_page: OpenPage, run: Run) -> None:
    app = on_errors(open_page, run, view="Deletion and insertion")
    assert not app.get("plotly_chart")
    next(button for button in app.button if button.label == "Delete and insert pixels").click().run()
    assert not app.exception
    assert len(app.get("plotly_chart")) == 2


def test_maps_of_a_run_are_measured_on_a_click(open_page: OpenPage, run: Run) -> None:
    app = on_errors(open_page, run, view="Faithfulness")
    app.number_input(key="checked items").set_value(4).run()
    next(button for button in app.button if button.label == "Evaluate the maps").click().run()
    app = without_progress(app)
    app = without_progress(app.run())
    table = app.dataframe[0].value
    assert {"Grad-CAM", "Saliency", "random", "centre"} <= set(table["method"])
    assert table["pointing game ↑"].between(0, 1).all()
    assert "A small sample" in words(app)


def test_an_architecture_is_told_where_maps_are_measured(open_page: OpenPage) -> None:
    app = open_page("explain", sample="cat", model="efficientnet_lite0")
    app.session_state["method"] = []
    app.session_state["maps view"] = "Faithfulness"
    app.run()
    assert not app.exception
    assert "choose a run" in words(app)


def test_a_map_is_of_the_class_by_name_and_the_look_changes_the_picture(run: Run) -> None:
    name = classifier_of(run).classes[3]
    asked = MapRequest(run.id, photo(), "saliency", TargetChoice(name))
    seen = overlaid_map(asked, OverlayStyle())
    assert seen.target == name
    assert overlaid_map(asked, OverlayStyle(opacity=0.0)).picture == map_loaders.input_square(run.id, asked.photo)
    assert overlaid_map(asked, OverlayStyle(colors="cividis")).picture != seen.picture


def test_the_sheet_has_a_row_a_model_and_a_column_a_map(run: Run) -> None:
    cells = [(one, MapRequest(run.id, photo(), one)) for one in ("saliency", "gradcam")]
    image = Image.open(io.BytesIO(sheet([("one", cells), ("two", cells)], OverlayStyle())))
    assert image.size == (10 + 3 * 234, 10 + 2 * 252)


@pytest.mark.slow
def test_several_labels_are_explained_by_label_and_hierarchies_by_level(open_page: OpenPage) -> None:
    labels = run_of("multi-label")
    app = on_errors(open_page, labels)
    shown = [button for button in app.selectbox if button.label == "Explain the label"]
    assert len(shown) == 1
    wrong = app.multiselect(key=f"errors {labels.id}")
    assert all("false negative" in option or "false positive" in option for option in wrong.options)

    tree = run_of("hierarchical")
    (coarse, families), (_, shapes) = map_loaders.task_of(tree.id).levels
    assert (
        overlaid_map(MapRequest(tree.id, photo(), "saliency", TargetChoice(level=coarse)), OverlayStyle()).target
        in families
    )
    assert (
        overlaid_map(MapRequest(tree.id, photo(), "saliency", TargetChoice(shapes[0])), OverlayStyle()).target
        == shapes[0]
    )
    app = open_page("explain", model=tree.id, sample="cat")
    app.selectbox(key=f"level {tree.id}").set_value(coarse).run()
    assert not app.exception
    assert any(f", {name}" in html(app) for name in families)


def test_a_damaged_and_a_huge_picture_are_refused_in_their_place(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from clfcore.data import image_file
    from clfcore.errors import InputError

    for data, says in ((b"not a picture", "noise.png"), (photo(600).data, "megapixels")):
        monkeypatch.setattr(image_file, "MEGAPIXELS", 0.1)
        with pytest.raises(InputError, match=says):
            overlaid_map(MapRequest(run.id, Photo("noise.png", data), "gradcam"), OverlayStyle())


def test_two_models_with_other_classes_each_say_what_they_do_not_know(open_page: OpenPage, run: Run) -> None:
    app = on_errors(open_page, run)
    name = classifier_of(run).classes[0]
    app.multiselect(key="model").set_value([run.id, "efficientnet_lite0"]).run()
    app.selectbox(key=f"class {run.id} None").set_value(name).run()
    assert not app.exception
    drawn = html(app)
    assert "must be one of the classes" in drawn
    assert f'alt="Grad-CAM, {name}' in drawn or "no positive evidence" in drawn


def test_heads_of_attention_are_shown_one_by_one(open_page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    from clfcore.data.pixels import Preprocess
    from clfcore.runs import open_classifier as opened
    from clfcore.task import single_label
    from tests.explain.small_classifiers import small_vit

    task = single_label([f"class {i}" for i in range(4)])
    vit = opened.Classifier("efficientnet_lite0", small_vit().eval(), Preprocess(size=32), task)
    monkeypatch.setattr(opened, "open_classifier", lambda _name: vit)
    app = open_page("explain", sample="cat", model="efficientnet_lite0")
    app.session_state["maps view"], app.session_state["layer method"] = "Layers", "attention-head"
    app.run()
    assert not app.exception
    drawn = html(app)
    assert all(f">blocks.{layer}.attn<" in drawn for layer in range(2))
    assert all(f">Head {head}<" in drawn for head in range(3))
    assert "blocks.1.attn, cat.jpg" in drawn


def test_the_nearest_training_pictures_of_each_class(open_page: OpenPage, run: Run) -> None:
    app = without_progress(on_errors(open_page, run, view="Examples"))
    app = without_progress(app.run())
    assert not refused(app)
    drawn, answer = html(app), words(app)
    assert all(name in answer for name in classifier_of(run).classes)
    assert "(predicted)" in answer
    assert drawn.count("clf-card") >= 2 * 6 * 3  # two pictures, six classes, three examples


def test_an_architecture_has_no_examples_and_says_why(open_page: OpenPage) -> None:
    app = open_page("explain", sample="cat", model="efficientnet_lite0", **{"maps view": "Examples"})
    assert not app.exception
    assert "choose a run among the classifiers" in words(app)


def test_compare_shows_where_each_run_looked(open_page: OpenPage, run: Run) -> None:
    twin = run.path.with_name(f"{run.id[:-4]}twin")
    shutil.copytree(run.path, twin)
    app = open_page("compare")
    app.session_state["view"] = "Disagreements"
    app.multiselect(key="runs").set_value([run.id, twin.name]).run()
    app.selectbox(key="who is right").set_value("").run()
    pictures = app.selectbox(key="looked at")
    assert "Grad-CAM of" not in html(app)
    pictures.set_value(pictures.options[0]).run()
    assert not app.exception, app.exception
    assert not refused(app)
    assert html(app).count('title="Grad-CAM of') == 2


def test_a_run_on_the_trap_is_explained_on_the_data_without_it(open_page: OpenPage, run: Run) -> None:
    app = open_page("explain", model=run.id, data="shapes-shortcut")
    app.session_state["pictures of"] = "A dataset"
    app.session_state["method"] = ["gradcam"]
    app.run()
    without_progress(app)
    assert not app.exception, app.exception
    assert not refused(app)
    assert 'alt="Grad-CAM' in html(app)
    assert "shapes-shortcut/" in words(app)
