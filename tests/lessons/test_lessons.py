"""The eight lessons: their text, their experiments in small, the reader's progress, the record and the paper."""

import importlib
import io
import json
import re
import shlex
from html import unescape
from pathlib import Path

import numpy as np
import pytest
import torch
from latex2mathml.converter import convert
from PIL import Image

from clfcore.api import describe_architecture, forget_lessons, list_lessons, print_lesson, run_lesson
from clfcore.architectures.catalogue import configured
from clfcore.architectures.feature_maps import first_filters
from clfcore.cli.main import parser
from clfcore.errors import InputError
from clfcore.files import lessons_folder
from clfcore.lessons import convolution, depth, evaluation, labels, residuals, transfer
from clfcore.lessons.catalogue import LESSONS, lesson
from clfcore.lessons.lesson import Finding, Lesson
from clfcore.lessons.progress import predict_outcome, read_progress
from clfcore.lessons.recorded import record
from clfcore.lessons.recorded_panels import FOLDER, recorded_panels
from clfcore.lessons.trial import trained, untrained
from clfcore.reports.lesson_sheet import lesson_markdown
from clfcore.runs.open_classifier import classifier_of

ROOT = Path(__file__).parents[2]
EVERY = pytest.mark.parametrize("row", LESSONS, ids=[row.title for row in LESSONS])
VALUES = {"RUN": "run", "photo.jpg": "photo.jpg", "map.png": "map.png"}


def quiet(done: int, total: int) -> None:
    """Nobody waits."""


def test_there_are_eight_in_their_order() -> None:
    assert [row.number for row in LESSONS] == list(range(1, 9))
    with pytest.raises(InputError, match="lesson is 9: there are lessons 1 to 8"):
        lesson(9)


@EVERY
def test_every_formula_can_be_drawn(row: Lesson) -> None:
    for step in row.steps:
        paragraphs = [part for part in step.text.split("\n\n") if "$$" in part]
        assert all(re.fullmatch(r"\$\$[^$]+\$\$", part.strip()) for part in paragraphs), "a formula stands alone"
        for formula in re.findall(r"\$+([^$]+)\$+", step.text):
            assert convert(formula).startswith("<math")


@EVERY
def test_every_way_on_leads_to_a_page_and_a_command(row: Lesson) -> None:
    for room in row.rooms:
        assert (ROOT / "pages" / room.page / "page.py").is_file()
        for value in row.setting.choices:
            program, *words = shlex.split(room.command_for(value).removeprefix("python -m "))
            assert program == "clfcore"
            parser(words[:1]).parse_args(words)  # ends where the command line would refuse
            if room.options is not None:
                options = room.address_for(value)["option"]
                assert words.count("--option") == len(options)
                configured(room.address["architecture"], dict(word.split("=", 1) for word in options))


@EVERY
def test_a_value_that_the_exercise_has_not_is_refused(row: Lesson) -> None:
    assert row.value(None) == row.setting.choices[0]
    assert row.value(row.setting.choices[-1]) == row.setting.choices[-1]
    with pytest.raises(InputError, match=f"{row.setting.name} is 'none of them'"):
        row.value("none of them")


def test_the_parameters_of_lenet_are_counted_on_the_network() -> None:
    assert describe_architecture("lenet5").parameters == convolution.SHARED
    assert convolution.dense_parameters() == convolution.DENSE


def test_softmax_and_sigmoid_are_those_of_torch() -> None:
    logits = np.random.default_rng(0).normal(0, 5, (20, 6))
    assert np.allclose(labels.softmax(logits), torch.softmax(torch.from_numpy(logits), 1).numpy())
    assert np.allclose(labels.sigmoid(logits), torch.sigmoid(torch.from_numpy(logits)).numpy())


def test_what_the_base_network_costs_grows_as_the_lesson_says() -> None:
    result = run_lesson(5)
    layers, width, side = (row.value for row in result.finding.rows)
    assert result.finding.holds
    assert layers == pytest.approx(2, rel=0.1)
    assert width == pytest.approx(4, rel=0.1)
    assert side == pytest.approx(4, rel=0.1)
    assert result.recorded is not None
    assert [row.name for row in result.recorded.rows] == [row.name for row in result.finding.rows]
    assert [row.median for row in result.recorded.rows] == pytest.approx([layers, width, side], rel=1e-3)
    assert run_lesson(5, setting="bottleneck").recorded is None


def test_one_epoch_of_lenet_is_measured_in_both_forms(tmp_path: Path) -> None:
    shown: list[tuple[int, int]] = []
    out = tmp_path / "filters.png"
    result = run_lesson(2, setting="1", pictures=out, progress=lambda done, total: shown.append((done, total)))
    assert result.finding.panels is not None
    assert [panel.name for panel in result.finding.panels] == ["lesson-2-filters-tanh", "lesson-2-filters-relu"]
    assert result.as_json()["finding"]["panels"][0]["pictures"][:2] == ["1, before", "2, before"]
    with Image.open(out) as sheet:
        assert sheet.height > 6 * 84  # two networks: before, after and the change
    assert [row.name for row in result.finding.rows] == ["tanh, average", "ReLU, maximum"]
    assert all(0.3 < row.value < 1 and row.interval for row in result.finding.rows)
    assert result.finding.curves is not None
    assert [line.x for line in result.finding.curves.lines] == [(1.0,), (1.0,)]
    assert [total for _, total in shown] == [200] * len(shown)
    assert [done for done, _ in shown] == sorted(done for done, _ in shown)


def pixels(file: object) -> np.ndarray:
    with Image.open(file) as picture:
        return np.asarray(picture.convert("RGB"), np.float32)


@EVERY
def test_the_pictures_of_a_step_are_those_on_paper(row: Lesson) -> None:
    for place, step in enumerate(row.steps):
        panels = step.pictures() if step.pictures else ()
        recorded = [panel for panel in recorded_panels(row.number) if panel.step == place]
        assert [(panel.name, panel.caption) for panel in panels] == [(panel.name, panel.caption) for panel in recorded]
        for panel, stored in zip(panels, recorded, strict=True):
            now, then = pixels(io.BytesIO(panel.png())), pixels(stored.path)
            assert now.shape == then.shape, "run `python tools/write_lesson_docs.py`"
            assert np.abs(now - then).mean() < 8, "run `python tools/write_lesson_docs.py`"


def test_every_recorded_picture_belongs_to_a_lesson() -> None:
    panels = [panel for row in LESSONS for panel in recorded_panels(row.number)]
    assert {panel.path.name for panel in panels} | {"panels.json"} == {path.name for path in FOLDER.iterdir()}
    assert {panel.lesson for panel in panels if panel.step is None} == {row.number for row in LESSONS if row.pictured}


def test_pictures_of_an_experiment_without_any_are_refused_before_it_runs(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="lesson 3 has no pictures of its experiment: lessons 2, 5 and 8 have"):
        run_lesson(3, pictures=tmp_path / "none.png")


def test_filters_before_training_are_those_that_training_starts_from() -> None:
    recipe = {"epochs": 1, "seed": 3, "augmentation": "none", "learning_rate": 1e-8, "weight_decay": 0}
    config = {"data": "digits", "architecture": "lenet5", "strategy": "scratch", "recipe": recipe}
    before = first_filters(untrained(config))
    with trained(config, progress=lambda values: None) as run:
        after = first_filters(classifier_of(run).module)
    assert np.abs(after - before).max() < 1e-5
    other = {**config, "recipe": {**recipe, "seed": 4}}
    assert np.abs(first_filters(untrained(other)) - before).max() > 0.1


def test_the_last_maps_see_what_the_text_says() -> None:
    assert [depth.last_field(layers) for _, layers in depth.STACKS] == [8, 14, 20]
    assert "their last maps see 8, 14 and 20 pixels" in lesson(3).steps[1].text


def in_small(monkeypatch: pytest.MonkeyPatch, row: Lesson) -> Finding:
    """The experiment on a few images for an epoch."""
    if row.number == 1:
        small = {"epochs": 1, "image_size": 16}
        monkeypatch.setattr(
            labels,
            "DATA",
            (("one", "shapes:count=60,side=16", small), ("several", "shapes-multi-label:count=60,side=16", small)),
        )
    if row.number == 3:
        monkeypatch.setattr(depth, "DATA", "shapes:count=60,side=16")
        monkeypatch.setattr(depth, "EPOCHS", 1)
    if row.number == 4:
        monkeypatch.setattr(residuals, "EPOCHS", 1)
        monkeypatch.setattr(residuals, "SHALLOW", 8)
        return row.experiment("14", 0, quiet)
    if row.number == 8:
        monkeypatch.setattr(evaluation, "TRAINED_ON", 60)
        monkeypatch.setattr(evaluation, "EPOCHS", 1)
        monkeypatch.setattr(evaluation, "LOOKED_AT", 4)
    return row.experiment(row.setting.choices[1], 0, quiet)


@pytest.mark.parametrize("number", [1, 3, 4, 8])
def test_an_experiment_measures_all_that_it_names_and_owns_up_to_its_claim(
    monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    finding = in_small(monkeypatch, lesson(number))
    recorded = record()[number]
    assert len(finding.rows) == len(recorded.rows)
    assert 0 <= finding.answer < len(lesson(number).choices)
    assert json.loads(json.dumps(finding.as_json()))["holds"] is finding.holds
    assert finding.sentence.endswith(".")


def test_transfer_judges_all_ways_on_the_same_photos(monkeypatch: pytest.MonkeyPatch, photos: Path) -> None:
    monkeypatch.setattr(transfer, "DATA", str(photos))
    monkeypatch.setattr(transfer, "EPOCHS", {"tuned": 1, "scratch": 1})
    finding = transfer.experiment("4", 0, quiet)
    assert [row.name.split(",")[0] for row in finding.rows] == ["frozen", "frozen", "fine-tuned", "from scratch"]
    assert finding.rows[0].name == "frozen, 4 photos"
    assert all(row.interval is not None for row in finding.rows)


def test_a_prediction_is_kept_until_it_is_forgotten() -> None:
    assert not any(row.predicted for row in list_lessons().lessons)
    predict_outcome(5, 0)
    run_lesson(5)
    assert read_progress()[5].right is False
    predict_outcome(5, 1)
    assert [row.right for row in list_lessons().lessons if row.predicted] == [True]
    predict_outcome(1, 2)
    forget_lessons(5)
    assert set(read_progress()) == {1}
    assert forget_lessons().reset == tuple(range(1, 9))
    assert read_progress() == {}
    with pytest.raises(InputError, match="the prediction is 4: lesson 5 has choices 1 to 3"):
        predict_outcome(5, 3)


def test_other_settings_and_seeds_say_nothing_about_the_prediction() -> None:
    run_lesson(5, setting="bottleneck")
    run_lesson(5, seed=1)
    assert read_progress() == {}


def test_damaged_progress_is_named_and_can_be_forgotten() -> None:
    path = lessons_folder() / "progress.json"
    path.parent.mkdir(parents=True)
    path.write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match=re.escape(str(path))):
        list_lessons()
    forget_lessons()
    assert not any(row.predicted for row in list_lessons().lessons)


def test_every_lesson_has_a_record_of_five_seeds() -> None:
    assert set(record()) == set(range(1, 9))
    for number, recorded in record().items():
        assert recorded.seeds == len(recorded.answers) == 5, number
        assert all(row.least <= row.median <= row.most for row in recorded.rows)
        assert recorded.held == 5, f"lesson {number} claims what its record does not show"
        assert recorded.seconds < 60


def test_the_documentation_is_that_of_the_lessons() -> None:
    pages = importlib.import_module("tools.write_lesson_docs").pages()
    folder = ROOT / "docs" / "lessons"
    written = {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}
    assert written == pages, "run `python tools/write_lesson_docs.py`"


@EVERY
def test_a_lesson_on_paper_needs_no_network_and_no_script(row: Lesson, tmp_path: Path) -> None:
    out = tmp_path / "lesson.html"
    print_lesson(row.number, out)
    html = unescape(out.read_text(encoding="utf-8"))
    assert "<script" not in html
    assert "default-src 'none'" in html
    assert "$" not in re.sub(r"<pre>.*?</pre>", "", html, flags=re.S), "a formula was left as it was typed"
    assert "<svg" in html
    assert html.count("data:image/webp;base64,") == len(recorded_panels(row.number))
    assert row.question in html
    print_lesson(row.number, out)  # its own file is replaced
    out.write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match="did not write"):
        print_lesson(row.number, out)


def test_a_lesson_says_its_record_in_words() -> None:
    text = lesson_markdown(lesson(4), address=lambda panel: panel.name)
    assert "It held in 5 of 5 seeds." in text
    assert "python -m clfcore lesson 4 --setting 32" in text


def test_gradients_of_plain_layers_grow_toward_the_first() -> None:
    found = residuals.gradients([(56, False), (56, True)], seed=0)
    plain, residual = (line.y for line in found.lines)
    assert (len(plain), len(residual)) == (56, 58)  # two 1 x 1 convolutions where the shape changes
    assert plain[0] / plain[-2] > 100 > residual[0] / residual[-2]
