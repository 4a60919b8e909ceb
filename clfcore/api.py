"""One function a command: arguments -> the dict that --json prints. Pages call the same functions."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clfcore.answers import NoAnswer, answer
from clfcore.architectures import catalogue
from clfcore.config import RunConfig
from clfcore.data.catalogue import entries, open_dataset
from clfcore.data.download import download
from clfcore.data.export import write_manifest
from clfcore.data.importers.readings import parted
from clfcore.data.pixels import read_image
from clfcore.doctor import examine
from clfcore.errors import InputError, unknown
from clfcore.experiments.compare_runs import comparable_split, compare_runs
from clfcore.files import typed_path, write_text
from clfcore.outputs import output_path
from clfcore.progress import Progress
from clfcore.reports.export_figures import write_figures
from clfcore.resolve import Resolved
from clfcore.runs import folder, measured_speed, temperature
from clfcore.runs.evaluate import Choice, metrics_of
from clfcore.runs.folder import Run
from clfcore.runs.outcome import outcome_of
from clfcore.runs.resolve_run import resolve_run
from clfcore.runs.run_data import count_trained_on
from clfcore.runs.temperature import temperature_of
from clfcore.train_command import command_of as command_of

if TYPE_CHECKING:
    from clfcore.experiments.plan import Plan
    from clfcore.runs.evaluate import Choice

Show = Callable[[dict[str, Any]], None]


def datasets() -> dict[str, Any]:
    """The catalogue."""
    return {"datasets": [vars(entry) for entry in entries()]}


def datasets_check(spec: str, progress: Progress | None = None) -> dict[str, Any]:
    """Import a SPEC and report: classes, items a split, every problem found."""
    from clfcore.data.checks import advice, check

    dataset, problems = check(spec, progress=progress)
    report = {
        "name": dataset.name,
        "task": dataset.task.kind,
        "classes": list(dataset.classes),
        "splits": dataset.sizes(),
        "drawn": list(dataset.drawn),
        "problems": [vars(problem) for problem in problems],
        "advice": advice(dataset),
    }
    if dataset.task.kind == "hierarchical":
        report["levels"] = [{"name": level.name, "classes": list(level.classes)} for level in dataset.task.levels]
    return report


def datasets_download(name: str, progress: Progress | None = None) -> dict[str, Any]:
    """Fetch a published dataset, because somebody asked for it."""
    return {"name": name, "folder": str(download(name, progress=progress))}


def datasets_export(
    spec: str, out: Path, *, overwrite: bool = False, progress: Progress | None = None
) -> dict[str, Any]:
    """Write any dataset as a manifest that opens again."""
    dataset = open_dataset(spec)
    items = write_manifest(dataset, out, inputs=[parted(spec)[1]], overwrite=overwrite, progress=progress)
    return {"name": dataset.name, "out": str(out), "items": items}


def architectures(search: str | None = None) -> dict[str, Any]:
    """The catalogue, or what a text finds in it and among timm's names."""
    rows = catalogue.search(search) if search else catalogue.architectures()
    return {"architectures": [_row(row) for row in rows]}


def _row(row: Any) -> dict[str, Any]:
    names = ("name", "family", "year", "parameters", "smallest_image")
    return {**{name: getattr(row, name) for name in names}, "weights": list(row.weights)}


def architectures_show(
    name: str,
    *,
    options: Mapping[str, Any] | None = None,
    image_size: int | None = None,
    channels: int | None = None,
    classes: int | None = None,
) -> dict[str, Any]:
    """The layer table and layer groups of a network, from shapes alone."""
    from clfcore.architectures.summary import describe

    return describe(name, options=options, image_size=image_size, channels=channels, classes=classes)


def train(config: RunConfig, *, runs: Path | None = None, show: Show | None = None) -> dict[str, Any]:
    """Run a configuration to its end, in this process. The folder is written before torch is imported.

    What can be refused without torch is refused before there is a folder.
    """
    config = folder.with_absolute_data(config)
    resolved = resolve_run(config)
    if show is not None and resolved.notes:
        show({"stage": "preparing", "done": 0, "total": 1, "notes": list(resolved.notes)})
    return _execute(folder.create_run(config, runs), show, resolved)


def resume(name: str, *, runs: Path | None = None, show: Show | None = None) -> dict[str, Any]:
    """Go on with an interrupted, cancelled or failed run."""
    run = folder.open_run(name, runs)
    if run.state not in folder.RESUMABLE:
        raise InputError(f"run {run.id} is {run.state}: only an interrupted, cancelled or failed run can be resumed")
    return _execute(run, show)


def _execute(run: Run, show: Show | None, resolved: Resolved | None = None) -> dict[str, Any]:
    from clfcore.runs.execute import execute

    execute(run, show=show, resolved=resolved)
    return outcome_of(run).as_json()


def list_runs(*, runs: Path | None = None) -> dict[str, Any]:
    return {"runs": [run.summary() for run in folder.run_folders(runs)]}


def show_run(name: str, *, runs: Path | None = None) -> dict[str, Any]:
    run = folder.open_run(name, runs)
    return {"runs": [{**run.summary(), "message": run.message, "history": run.history, "results": run.results}]}


def delete_run(name: str, *, runs: Path | None = None) -> dict[str, Any]:
    """Remove a run of the runs folder by its whole id: no path and no beginning of an id is taken."""
    run = folder.find_run(name, runs)
    folder.delete(run, runs)
    return {"deleted": run.id}


def evaluate(
    name: str,
    *,
    split: str | None = None,
    data: str | None = None,
    views: str | None = None,
    runs: Path | None = None,
    progress: Progress | None = None,
    choice: "Choice | None" = None,
) -> dict[str, Any]:
    """Metrics from a run's stored predictions; with `data`, of all items of other data with the same classes, or some.

    Of other data `items` counts what could be read, and `trained_on` those of them that the run, or one that it
    continues, was trained on: null where that is not known any more.
    choice: thresholds or an operating point chosen on validation, or another decoding, for this answer alone.
    views: `flip` or `five-crops` predicts a split anew, each image's answer being the mean over its views.
    """
    run, choice = folder.open_run(name, runs), choice or Choice()
    if data is not None:
        if views is not None:
            raise InputError("views and data are both given: views are averaged over a run's own splits; leave one out")
        from clfcore.classifier import predict_dataset
        from clfcore.runs.open_classifier import classifier_of

        dataset = open_dataset(data, judged=True)
        predictions = predict_dataset(classifier_of(run), dataset, progress)
        seen = {"items": len(predictions), "trained_on": count_trained_on(run, dataset, predictions.ids)}
        return {**outcome_of(run).as_json(), **seen, **metrics_of(run, {"data": predictions}, choice)}
    if not run.splits:
        raise InputError(f"run {run.id} is {run.state} and has no predictions: let it finish, or resume it")
    if split is not None and split not in run.splits:
        raise unknown("split", split, run.splits)
    chosen = [split] if split else list(run.splits)
    if views is None:
        return {**outcome_of(run).as_json(), **metrics_of(run, {s: run.predictions(s) for s in chosen}, choice)}
    from clfcore.runs.open_classifier import classifier_of
    from clfcore.runs.tta import predict_split

    classifier = classifier_of(run)
    said = {s: predict_split(run, classifier, s, kind=views, progress=progress) for s in chosen}
    return {**outcome_of(run).as_json(), "views": views, **metrics_of(run, said, choice)}


def predict(
    name: str,
    images: Sequence[str],
    *,
    k: int = 5,
    views: str | None = None,
    sure: float = 0.0,
    calibrated: bool = False,
    runs: Path | None = None,
) -> dict[str, Any]:
    """Top-k of each image. A missing file is refused; a damaged one is reported beside its name, the rest goes on.

    views: `flip` or `five-crops` answers by the mean over views of each image. calibrated: with the temperature that
    `calibrate` stored with the run.
    """
    if k < 1:
        raise InputError(f"top is {k}: it must be at least 1")
    absent = next((image for image in images if not typed_path(image, "image").is_file()), None)
    if absent is not None:
        raise InputError(f"{absent} is no file: name image files")
    from clfcore.runs.open_classifier import open_classifier

    classifier = open_classifier(name, runs)
    temperature = _temperature(classifier) if calibrated else 1.0
    answers: list[dict[str, Any]] = []
    for image in images:
        try:
            pixels = read_image(typed_path(image, "image"), least_side=classifier.preprocess.stored_side)
        except InputError as error:
            answers.append({"image": image, "error": str(error)})
            continue
        logits = None
        if views is not None:
            from clfcore.tta import logits_of_views

            logits = logits_of_views(classifier, classifier.preprocess.stored(pixels)[None], kind=views)[0]
        square = classifier.square(pixels)
        try:
            found = answer(classifier, square, k, sure=sure, logits=logits, temperature=temperature)
        except NoAnswer as error:
            found = {"error": str(error)}
        answers.append({"image": image, **found})
    return {"model": classifier.name, "predictions": answers}


def _temperature(classifier: Any) -> float:
    value = None if classifier.folder is None else temperature_of(Run(classifier.folder))
    if value is None:
        raise InputError(f"{classifier.name} has no temperature: fit one with `calibrate RUN`, or leave calibrated out")
    return value


def calibrate(name: str, *, forget: bool = False, runs: Path | None = None) -> dict[str, Any]:
    """Fit a run's temperature on validation and keep it, or forget it; its calibration before and after, a split."""
    run = folder.open_run(name, runs)
    if forget:
        temperature.forget(run)
    else:
        temperature.fit_run_temperature(run)
    return {"run": run.id, **temperature.before_and_after(run)}


def compare(
    names: Sequence[str],
    *,
    runs: Path | None = None,
    html: Path | None = None,
    figures: Path | None = None,
    overwrite: bool = False,
    measured: bool = False,
) -> dict[str, Any]:
    """Runs side by side and paired, on test where all have it, else on validation.

    html: where a report goes; figures: a folder for its figures as SVG and PNG. measured: latency and memory of runs
    that were not measured on this machine yet.
    """
    if len(names) < 2:
        raise InputError(f"{len(names)} run is named: name two or more to compare")
    html = None if html is None else _html(html, overwrite=overwrite)
    chosen = [folder.open_run(name, runs) for name in names]
    split = comparable_split(chosen)
    for run in chosen if measured else ():
        measured_speed.measure(run)
    found = compare_runs(chosen).as_json()
    if html is not None:
        from clfcore.reports.compare_page import compare_html

        write_text(html, compare_html(chosen, split))
        found["html"] = str(html)
    if figures is not None:
        from clfcore.reports.compare_page import compare_sections

        found["figures"] = _figures(compare_sections(chosen, split), figures, overwrite=overwrite)
    return found


def _figures(sections: Any, folder: Path, *, overwrite: bool) -> list[str]:
    return [str(path) for path in write_figures(sections, folder, overwrite=overwrite)]


def measure(
    names: Sequence[str], *, again: bool = False, runs: Path | None = None, progress: Progress | None = None
) -> dict[str, Any]:
    """What an image costs on this machine in time and memory, a run; kept with it, so that it is measured once."""
    chosen = [folder.open_run(name, runs) for name in names]
    found = [{"run": run.id, **measured_speed.measure(run, again=again, progress=progress).as_dict()} for run in chosen]
    return {"machine": measured_speed.machine(), "measured": found}


def report(
    name: str,
    out: Path | None = None,
    *,
    figures: Path | None = None,
    overwrite: bool = False,
    runs: Path | None = None,
) -> dict[str, Any]:
    """A run's account as one self-contained HTML file, or as a model card in Markdown, by the end of `out`.

    figures: a folder for the report's figures as SVG and PNG.
    """
    run = folder.open_run(name, runs)
    if out is None and figures is None:
        raise InputError("nothing is to be written: give --out FILE, --figures FOLDER, or both")
    found: dict[str, Any] = {"run": run.id}
    if out is not None:
        found |= _report(run, out, overwrite=overwrite)
    if figures is not None:
        from clfcore.reports.run_page import run_sections

        found["figures"] = _figures(run_sections(run), figures, overwrite=overwrite)
    return found


def _report(run: Run, out: Path, *, overwrite: bool) -> dict[str, Any]:
    if out.suffix.lower() == ".md":
        out = output_path(out, overwrite=overwrite)
        from clfcore.reports.model_card import model_card

        text = model_card(run)
    else:
        from clfcore.reports.run_page import run_html

        out = _html(out, "or .md for a model card", overwrite=overwrite)
        text = run_html(run)
    write_text(out, text)
    return {"out": str(out), "bytes": len(text.encode())}


def _html(out: Path, more: str = "", *, overwrite: bool) -> Path:
    if out.suffix.lower() not in (".html", ".htm"):
        raise InputError(f"{out} is no name for a report: end it in .html{', ' + more if more else ''}")
    return output_path(out, overwrite=overwrite)


def check(
    config: RunConfig, *, out: Path | None = None, overwrite: bool = False, progress: Progress | None = None
) -> dict[str, Any]:
    """Before a launch: can one batch be learned by heart, and what does the network see? out: a picture of it."""
    from clfcore.experiments.overfit_one_batch import overfit_one_batch, preview_batch, write_contact_sheet

    if out is not None:
        out = output_path(out, inputs=[parted(config.data)[1], config.weights], overwrite=overwrite)
    seen = preview_batch(config)
    if out is not None:
        write_contact_sheet(seen.pictures, out)
    batch = {**seen.as_dict(), "out": None if out is None else str(out)}
    return {"one_batch": overfit_one_batch(config, progress=progress).as_dict(), "first_batch": batch}


def plan(config: RunConfig, *, measure: bool = True) -> "Plan":
    """The plan of a configuration, without decoding the data. Raises InputError as `train` would."""
    from clfcore.experiments.plan import make_plan

    return make_plan(resolve_run(config), measure=measure)


def defaults(config: RunConfig, *, dataset: Any = None) -> RunConfig:
    """The configuration with every default filled in; needs no torch, and milliseconds where `dataset` is given."""
    return resolve_run(config, dataset=dataset).config


def doctor() -> dict[str, Any]:
    """Versions, device, memory, weights and data at hand, and what is missing."""
    return examine()
