"""Reports: one file that loads nothing from anywhere, whose numbers are those of the run."""

import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from clfcore import api
from clfcore.cli.main import main
from clfcore.errors import InputError
from clfcore.evaluation.intervals import wilson
from clfcore.predictions import Predictions
from clfcore.runs.folder import Run
from clfcore.runs.temperature import fit_run_temperature
from clfcore.task import Level, Task
from tests.support.stored_runs import stored_run

LOADING = {"src", "href", "srcset", "action", "data", "poster", "background", "formaction", "ping"}


class Read(HTMLParser):
    """What a browser would load, the text outside scripts, and the tags."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.text, self.tags, self.policy = "", [], ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        named = dict(attrs)
        self.loads += [value or "" for name, value in attrs if name in LOADING]
        if named.get("http-equiv") == "Content-Security-Policy":
            self.policy = named["content"] or ""

    def handle_data(self, data: str) -> None:
        if self.tags[-1:] not in (["script"], ["style"]):
            self.text += data


def read(path: Path) -> Read:
    return Read(path.read_text(encoding="utf-8"))


def stands_alone(found: Read, html: str) -> None:
    assert all(address.startswith("data:") for address in found.loads), found.loads
    assert "default-src 'none'" in found.policy
    assert "http" not in found.policy
    assert "@import" not in html.split("</style>")[0]
    assert html.count("* plotly.js v") == 1  # the library stands in it once


def test_a_run_s_report_stands_alone_and_tells_its_accuracy(tmp_path: Path, finished_run: Run) -> None:
    fit_run_temperature(finished_run)
    out = tmp_path / "report.html"
    assert api.report(finished_run.id, out).bytes == out.stat().st_size
    found = read(out)
    stands_alone(found, out.read_text())
    predictions = finished_run.predictions("test")
    right = int((predictions.logits.argmax(1) == predictions.targets).sum())
    low, high = wilson(right, len(predictions))
    assert f"Accuracy {100 * right / len(predictions):.1f}%, {100 * low:.1f} to {100 * high:.1f}" in found.text
    assert "small sample" in found.text
    assert "At temperature" in out.read_text()
    assert found.text.count("predicted as") > 1


def test_names_of_others_stay_text(tmp_path: Path) -> None:
    evil = "</script><img src=http://x.example/a onerror=alert(1)>"
    run = stored_run(1, right=0.6, classes=(evil, "b|c", "d"))
    out = tmp_path / "report.html"
    api.report(run.id, out)
    found = read(out)
    stands_alone(found, out.read_text())
    assert evil in found.text
    card = tmp_path / "card.md"
    api.report(run.id, card)
    assert "b\\|c" in card.read_text()
    assert "<img" not in card.read_text().replace("\\<img", "")


def test_the_card_has_the_numbers_and_the_limits(tmp_path: Path, finished_run: Run) -> None:
    out = tmp_path / "card.md"
    api.report(finished_run.id, out)
    text = out.read_text()
    accuracy = finished_run.metrics["test"]["accuracy"]
    assert re.search(rf"\| Accuracy \| {100 * accuracy:.1f}%, [\d.]+ to [\d.]+ \|", text)
    for heading in ("Model", "Data", "Results", "Limitations", "Usage"):
        assert f"## {heading}\n" in text
    assert "another camera" in text


def test_two_runs_in_one_report(tmp_path: Path) -> None:
    a, b = stored_run(1, right=0.6), stored_run(2, right=0.95)
    out = tmp_path / "compared.html"
    found = api.compare([a.id, b.id], html=out)
    assert found.html == out
    page = read(out)
    stands_alone(page, out.read_text())
    assert f"lenet5 {b.id[-4:]} is better by" in page.text


@pytest.mark.parametrize("kind", ["multi-label", "hierarchical"])
def test_other_tasks_have_reports_too(tmp_path: Path, kind: str) -> None:
    run = stored_run(1, right=0.6)
    rng, n = np.random.default_rng(0), 60
    if kind == "multi-label":
        task = Task("multi-label", (Level("label", ("a", "b", "c")),))
        targets = (rng.random((n, 3)) < 0.4).astype(np.uint8)
    else:
        task = Task("hierarchical", (Level("family", ("x", "y")), Level("kind", ("a", "b", "c"))))
        targets = np.stack([rng.integers(0, 2, n), rng.integers(0, 3, n)], axis=1)
    logits = rng.normal(size=(n, task.columns)).astype(np.float32)
    for split in ("validation", "test"):
        predictions = Predictions(task, split, tuple(map(str, range(n))), targets, logits)
        predictions.save(run.path / f"predictions-{split}.npz")
    if kind == "multi-label":
        run.write("classifier.json", {"task": task.as_dict()})
        run.write("thresholds.json", {"values": {"a": 0.2, "b": 0.5, "c": 0.9}})
    for name in ("report.html", "card.md"):
        assert api.report(run.id, tmp_path / name).bytes > 500
    page, card = read(tmp_path / "report.html").text, (tmp_path / "card.md").read_text()
    p = predictions.probabilities()
    if kind == "multi-label":
        hits, alarms = int((p[targets[:, 2] > 0, 2] >= 0.9).sum()), int((p[targets[:, 2] == 0, 2] >= 0.9).sum())
        there = int(targets[:, 2].sum())
        assert f"c0.900{hits}{there - hits}{alarms}{n - there - alarms}" in page  # the row of label c
        right = ((p >= (0.2, 0.5, 0.9)) == targets).all(axis=1).mean()
        assert f"Exact match{100 * right:.1f}%" in page  # by the run's thresholds, as everywhere
        assert "thresholds chosen on validation: a 0.2, b 0.5, c 0.9" in card
    else:
        assert "Predictions that form a path of the hierarchy" in page
        family = (logits[:, :2].argmax(1) == targets[:, 0]).mean()
        assert f"| family | {round(family * n)} of {n} | {100 * family:.1f}% |" in card
    assert "The metrics hold for this data alone" in page


def test_what_cannot_be_written_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = stored_run(1, right=0.6)
    with pytest.raises(InputError, match=r"\.html"):
        api.report(run.id, tmp_path / "report.pdf")
    (run.path / "predictions-test.npz").write_bytes(b"no zip")
    assert main(["report", run.id, "--out", str(tmp_path / "a.html")]) == 2
    assert "damaged" in capsys.readouterr().err
    assert not (tmp_path / "a.html").exists()


def test_what_leaves_the_machine_holds_no_path_of_it(tmp_path: Path, photos: Path) -> None:
    a, b = (stored_run(i, right=0.6) for i in (1, 2))
    for run, weights in ((a, "/srv/secret/weights/own.safetensors"), (b, str(a.path))):
        stored = {**run.config.model_dump(mode="json"), "data": str(photos), "weights": weights}
        run.write("config.json", stored)
        run.write("data.json", {**run.data.as_dict(), "name": "photos"})
    reports = (tmp_path / "a.html", tmp_path / "b.html", tmp_path / "card.md", tmp_path / "both.html")
    for run, out in ((a, reports[0]), (b, reports[1]), (b, reports[2])):
        api.report(Run(run.path).id, out)
    api.compare([a.id, b.id], html=reports[3])
    for out in reports:
        text = out.read_text()
        for path in (str(tmp_path), "/srv/secret", str(a.path.parent)):
            assert path not in text, out.name
    assert "photos" in reports[2].read_text()
    assert "own.safetensors" in reports[0].read_text()
    assert a.id in reports[1].read_text()


def test_nothing_in_a_name_is_markdown_mathematics_or_an_escape(tmp_path: Path) -> None:
    run = stored_run(1, right=0.6, classes=("$x^2$", "\x1b[31mred", "&lt;b&gt;"))
    api.report(run.id, tmp_path / "card.md")
    text = (tmp_path / "card.md").read_text()
    assert r"\$x^2\$" in text
    assert "\x1b" not in text
    assert r"\&lt;b\&gt;" in text
