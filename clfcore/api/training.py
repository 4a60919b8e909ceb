"""Before a run: its plan, its defaults, a strategy and a learning rate for it, and one batch as a test of both."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from clfcore.architectures.catalogue import architecture
from clfcore.config import RunConfig
from clfcore.data.catalogue import open_dataset
from clfcore.data.importers.readings import parted
from clfcore.default_network import default_network
from clfcore.experiments.strategy_advice import Advice
from clfcore.experiments.strategy_advice import advise as suggest
from clfcore.outputs import output_path
from clfcore.parse_config import configuration as configuration
from clfcore.progress import Progress
from clfcore.resolved_config import ResolvedConfig, with_name
from clfcore.results import WHEN_KNOWN, JsonObject, Result, json_value
from clfcore.runs.resolve_run import resolve_run
from clfcore.train_command import command_of as command_of

if TYPE_CHECKING:
    from clfcore.data.dataset import ImageDataset
    from clfcore.experiments.compare_strategies import Ranking
    from clfcore.experiments.learning_curve import LearningCurve
    from clfcore.experiments.lr_finder import RateSearch
    from clfcore.experiments.overfit_one_batch import BatchPreview, OneBatch
    from clfcore.experiments.plan import Plan


@dataclass(frozen=True)
class StrategyAdvice(Result):
    """The network, the strategy to begin with and why; ranking: all of them as measured on a sample."""

    architecture: str
    advice: Advice
    ranking: "Ranking | None" = field(default=None, metadata=WHEN_KNOWN)

    def as_json(self) -> JsonObject:
        """The advice's fields are keys of the same object."""
        values = super().as_json()
        return {**values.pop("advice"), **values}


@dataclass(frozen=True)
class LearningRate(Result):
    """A search for the learning rate, and what it suggests in a sentence."""

    search: "RateSearch"

    def as_json(self) -> JsonObject:
        """The search's fields are the keys."""
        return {**json_value(self.search), "sentence": self.search.sentence}


@dataclass(frozen=True)
class BatchCheck(Result):
    """Whether one batch can be overfitted, and the first batch as the network sees it; out: a picture of that."""

    one_batch: "OneBatch"
    first_batch: "BatchPreview"
    out: Path | None

    def as_json(self) -> JsonObject:
        """The picture belongs to the first batch."""
        values = super().as_json()
        values["first_batch"]["out"] = values.pop("out")
        return values


@dataclass(frozen=True)
class DataLearningCurve(Result):
    """The validation score at parts of the training split."""

    curve: "LearningCurve"

    def as_json(self) -> JsonObject:
        """The curve's fields are the keys."""
        return dict(json_value(self.curve))


def check(
    config: RunConfig, *, out: Path | None = None, overwrite: bool = False, progress: Progress | None = None
) -> BatchCheck:
    """Before a launch: can one batch be overfitted, and what does the network see? out: a picture of that batch."""
    from clfcore.experiments.overfit_one_batch import overfit_one_batch, preview_batch, write_contact_sheet

    if out is not None:
        out = output_path(out, inputs=[parted(config.data)[1], config.weights], overwrite=overwrite)
    preview = preview_batch(config)
    if out is not None:
        write_contact_sheet(preview.pictures, out)
    return BatchCheck(overfit_one_batch(config, progress=progress), preview, out)


def plan(config: RunConfig, *, measure: bool = True, processes: int = 1, progress: Progress | None = None) -> "Plan":
    """The plan of a configuration, without decoding the data. Raises InputError as `train` would.

    progress: called between the batches that are timed, where an exception ends it.
    """
    from clfcore.experiments.plan import make_plan

    return make_plan(resolve_run(config), measure=measure, processes=processes, progress=progress)


def defaults(config: RunConfig, *, dataset: "ImageDataset | None" = None) -> ResolvedConfig:
    """The configuration with every default filled in; needs no torch, and milliseconds where `dataset` is given."""
    return resolve_run(config, dataset=dataset).config


def advise(
    config: RunConfig,
    *,
    dataset: "ImageDataset | None" = None,
    measured: bool = False,
    seconds: float = 60.0,
    sample: int = 300,
    progress: Progress | None = None,
) -> StrategyAdvice:
    """The strategy to begin with and why, from sizes and weights alone.

    dataset: what the configuration's data opens as, where the caller has it. measured: also every strategy trained on
    `sample` images within `seconds`.
    """
    if dataset is None:
        dataset = open_dataset(config.data, split_seed=config.split_seed)
    suited = None if config.architecture else default_network(dataset, strategy=config.strategy, weights=config.weights)
    named = config if suited is None else config.changed(architecture=suited.name)
    config = with_name(named)
    advice = suggest(dataset, architecture(config.architecture))
    if suited is not None:
        advice = replace(advice, reasons=(suited.why, *advice.reasons))
    if not measured:
        return StrategyAdvice(config.architecture, advice)
    from clfcore.experiments.compare_strategies import compare_strategies

    return StrategyAdvice(
        config.architecture, advice, compare_strategies(config, seconds=seconds, sample=sample, progress=progress)
    )


def find_rate(
    config: RunConfig,
    *,
    lowest: float = 1e-6,
    highest: float = 1.0,
    steps: int = 100,
    progress: Progress | None = None,
) -> LearningRate:
    """A short training whose learning rate rises from batch to batch, and the rate at which the loss fell fastest."""
    from clfcore.experiments.lr_finder import find_rate as search

    return LearningRate(search(config, lowest=lowest, highest=highest, steps=steps, progress=progress))


def more_pictures(config: RunConfig, *, progress: Progress | None = None) -> DataLearningCurve:
    """The learning curve over parts of the training split: would more data help?"""
    from clfcore.experiments.learning_curve import learning_curve

    return DataLearningCurve(learning_curve(config, progress=progress))
