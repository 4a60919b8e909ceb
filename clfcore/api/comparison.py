"""Runs side by side: what they cost, how they compare, and the reports of one or several."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from clfcore.config import RunConfig
from clfcore.errors import InputError
from clfcore.experiments.compare_runs import RunComparison, comparable_split, compare_runs
from clfcore.experiments.grid import grid
from clfcore.experiments.sweep import SweepResult, shared
from clfcore.experiments.sweep import train_to_compare as train_grid
from clfcore.files import write_text
from clfcore.outputs import output_path
from clfcore.progress import Progress, Show
from clfcore.reports.export_figures import write_figures
from clfcore.results import WHEN_KNOWN, JsonObject, Result
from clfcore.runs import folder, measured_speed
from clfcore.runs.folder import Run
from clfcore.runs.measured_speed import Speed
from clfcore.runs.resolve_run import with_network


@dataclass(frozen=True)
class RunSpeed(Result):
    """What one image costs a run's network."""

    run: str
    speed: Speed

    def as_json(self) -> JsonObject:
        """The measured values are keys of the same object."""
        return {"run": self.run, **asdict(self.speed)}


@dataclass(frozen=True)
class SpeedList(Result):
    """The machine, and what runs cost on it."""

    machine: str
    measured: tuple[RunSpeed, ...]


@dataclass(frozen=True)
class WrittenReport(Result):
    """The files of a report: the page or model card with its size in bytes, and figures."""

    run: str
    out: Path | None = field(default=None, metadata=WHEN_KNOWN)
    bytes: int | None = field(default=None, metadata=WHEN_KNOWN)
    figures: tuple[Path, ...] | None = field(default=None, metadata=WHEN_KNOWN)


def measure(
    names: Sequence[str], *, again: bool = False, runs: Path | None = None, progress: Progress | None = None
) -> SpeedList:
    """What an image costs on this machine in time and memory, a run; kept with it, so that it is measured once."""
    chosen = [folder.open_run(name, runs) for name in names]
    measured = (RunSpeed(run.id, measured_speed.measure(run, again=again, progress=progress)) for run in chosen)
    rows = tuple(measured)
    return SpeedList(measured_speed.machine(), rows)


def compare(
    names: Sequence[str],
    *,
    runs: Path | None = None,
    html: Path | None = None,
    figures: Path | None = None,
    overwrite: bool = False,
    measured: bool = False,
) -> RunComparison:
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
    comparison = compare_runs(chosen)
    if html is not None:
        from clfcore.reports.compare_page import compare_html  # brings plotly along

        write_text(html, compare_html(chosen, split))
        comparison = replace(comparison, html=html)
    if figures is not None:
        from clfcore.reports.compare_page import compare_sections

        written = write_figures(compare_sections(chosen, split), figures, overwrite=overwrite)
        comparison = replace(comparison, figures=tuple(written))
    return comparison


def train_to_compare(
    config: RunConfig,
    *,
    architectures: Sequence[str] | None = None,
    strategies: Sequence[str] = ("scratch",),
    seeds: int = 2,
    runs: Path | None = None,
    show: Show | None = None,
) -> SweepResult:
    """Train architectures x strategies x seeds 0 to `seeds` - 1 on one split with one recipe, and compare them.

    config: all that they share; its own architecture alone where no others are named.
    """
    names = architectures or [with_network(config).architecture]
    combinations = grid(config.data, architectures=names, strategies=strategies, seeds=range(seeds), **shared(config))
    return train_grid(combinations, runs=runs, show=show)


def report(
    name: str,
    out: Path | None = None,
    *,
    figures: Path | None = None,
    overwrite: bool = False,
    runs: Path | None = None,
) -> WrittenReport:
    """A run's account as one self-contained HTML file, or as a model card in Markdown, by the end of `out`.

    figures: a folder for the report's figures as SVG and PNG.
    """
    run = folder.open_run(name, runs)
    if out is None and figures is None:
        raise InputError("nothing is to be written: give --out FILE, --figures FOLDER, or both")
    written = WrittenReport(run.id)
    if out is not None:
        written = _write_report(run, out, overwrite=overwrite)
    if figures is not None:
        from clfcore.reports.run_page import run_sections  # brings plotly along

        written = replace(written, figures=tuple(write_figures(run_sections(run), figures, overwrite=overwrite)))
    return written


def _write_report(run: Run, out: Path, *, overwrite: bool) -> WrittenReport:
    if out.suffix.lower() == ".md":
        out = output_path(out, overwrite=overwrite)
        from clfcore.reports.model_card import model_card

        text = model_card(run)
    else:
        from clfcore.reports.run_page import run_html

        out = _html(out, "or .md for a model card", overwrite=overwrite)
        text = run_html(run)
    write_text(out, text)
    return WrittenReport(run.id, out=out, bytes=len(text.encode()))


def _html(out: Path, more: str = "", *, overwrite: bool) -> Path:
    if out.suffix.lower() not in (".html", ".htm"):
        raise InputError(f"{out} is no name for a report: end it in .html{', ' + more if more else ''}")
    return output_path(out, overwrite=overwrite)
