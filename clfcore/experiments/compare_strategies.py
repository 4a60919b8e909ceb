"""Comparison of transfer strategies: each one trained on a sample within a time budget, ranked with intervals."""

import contextlib
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from clfcore.architectures.catalogue import weights_at_hand
from clfcore.config import RunConfig, make
from clfcore.data.dataset import ImageDataset, Split
from clfcore.errors import Failure, InputError
from clfcore.evaluation.intervals import Interval, wilson
from clfcore.progress import Progress
from clfcore.runs.create import create_run
from clfcore.runs.prepare import prepare
from clfcore.runs.progress import Reporter
from clfcore.runs.resolve_run import resolve_run, with_network
from clfcore.runs.session import Orphaned, Session
from clfcore.runs.train_head import train_head
from clfcore.runs.train_network import train_network
from clfcore.training import phases

STRATEGIES = ("feature-extraction", "fine-tuning", "progressive-unfreezing", "scratch")
VALIDATION_ITEMS = 300  # at most
# What a recipe owes to its strategy; all else (clipping, averaging, optimizer, loss) is as the run will have it.
OF_STRATEGY = (
    *("epochs", "batch_size", "learning_rate", "backbone_learning_rate", "augmentation", "views", "cached_views"),
    *("trainable_groups", "freeze_batch_norm", "unfreeze"),
)


@dataclass(frozen=True)
class StrategyResult:
    """What a strategy reached on validation (score and 95% interval, 0 to 1; None where no epoch fitted).

    Several labels have a mean average precision, without an interval.
    """

    strategy: str
    score: float | None
    interval: Interval | None
    epochs: int
    seconds: float
    trainable: int


@dataclass(frozen=True)
class Ranking:
    """The strategies, best first, the sizes of the sample, and a sentence that concludes."""

    tried: tuple[StrategyResult, ...]
    train_items: int
    validation_items: int
    sentence: str

    def as_dict(self) -> dict[str, object]:
        """As `advise --measured --json` prints it."""
        return asdict(self)


def compare_strategies(
    config: RunConfig, *, seconds: float = 60.0, sample: int = 300, progress: Progress | None = None
) -> Ranking:
    """Train each strategy that the network allows on a stratified sample, each until its share of `seconds` is over.

    Decoding is not counted; the test split is never looked at; no run is kept.
    """
    if seconds <= 0 or sample < 2:
        raise InputError(f"the budget is {seconds:g} s for {sample} images: give more than 0 s and 2 images or more")
    config = with_network(config)
    own = config.weights not in (None, "none", "default")
    at_hand = own or weights_at_hand(config.architecture)
    chosen = [name for name in STRATEGIES if (name == "scratch" and not own) or (name != "scratch" and at_hand)]
    if config.head == "attention":  # which reads maps, of which embeddings keep none
        chosen.remove("feature-extraction")
    trials: list[_Trial] = []
    spent = 0.0
    for place, strategy in enumerate(chosen):
        budget = (seconds - spent) / (len(chosen) - place)  # what one leaves over, the next may use
        trials.append(_train(_for(config, strategy), seconds=budget, sample=sample))
        spent += trials[-1].result.seconds
        if progress:
            progress(place + 1, len(chosen))
    results = [trial.result for trial in trials]
    ranked = sorted(results, key=lambda result: -1.0 if result.score is None else result.score, reverse=True)
    return Ranking(
        tuple(ranked),
        train_items=trials[-1].train_items if trials else 0,
        validation_items=trials[-1].validation_items if trials else 0,
        sentence=_sentence(ranked),
    )


def _for(config: RunConfig, strategy: str) -> RunConfig:
    """The same configuration under another strategy, with its own defaults for what depends on the strategy."""
    weights = "none" if strategy == "scratch" else (None if config.weights == "none" else config.weights)
    recipe = {name: value for name, value in config.recipe.model_dump().items() if name not in OF_STRATEGY}
    if strategy == "scratch":
        recipe.pop("image_size")
    recipe |= {"epochs": {"feature-extraction": None, "scratch": 20}.get(strategy, 6), "compile": False}
    return make({**config.model_dump(), "strategy": strategy, "weights": weights, "recipe": recipe})


@dataclass(frozen=True)
class _Trial:
    """One strategy's result, and the sizes of its sample."""

    result: StrategyResult
    train_items: int
    validation_items: int


def _train(config: RunConfig, *, seconds: float, sample: int) -> _Trial:
    """One strategy, as `train` would, in a folder that is removed, until its time is up."""
    prepared = prepare(resolve_run(config))
    splits: dict[Split, np.ndarray] = {
        "train": sample_split(prepared.dataset, "train", sample, seed=config.recipe.seed),
        "validation": sample_split(prepared.dataset, "validation", VALIDATION_ITEMS, seed=config.recipe.seed),
    }
    batch = min(prepared.config.recipe.batch_size, len(splits["train"]))
    prepared = replace(
        prepared,
        dataset=replace(prepared.dataset, splits={**prepared.dataset.splits, **splits}),
        config=prepared.config.changed(recipe={"batch_size": batch}),
    )
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="clflab-try-") as folder:
        run = create_run(prepared.config, Path(folder))
        over = lambda: time.perf_counter() - started > seconds  # noqa: E731 - the clock of this strategy
        session = Session(run, prepared, Reporter(run, None), over, started)
        heads_only = prepared.config.strategy == "feature-extraction"
        trained = 0
        with contextlib.suppress(Orphaned, Failure):  # time is up, or it diverged: what was reached counts
            trained = (train_head(session) if heads_only else train_network(session))[0]
        epochs = max((record.epoch for record in run.history), default=0)
    elapsed, best, n = time.perf_counter() - started, session.best, len(splits["validation"])
    score = best.score if best.epoch >= 0 else None
    shares = prepared.dataset.task.kind != "multi-label"  # a mean average precision is no share of items
    interval = wilson(round(score * n), n) if score is not None and shares else None
    result = StrategyResult(
        prepared.config.strategy,
        score,
        interval,
        epochs=epochs,
        seconds=round(elapsed, 2),
        trainable=trained or phases.count_trainable(prepared.module),
    )
    return _Trial(result, train_items=len(splits["train"]), validation_items=n)


def sample_split(dataset: ImageDataset, split: Split, most: int, *, seed: int) -> np.ndarray:
    """At most about `most` items of a split, each class with its share and at least one; all where there are fewer."""
    chosen = dataset.splits[split]
    if len(chosen) <= most:
        return chosen
    rng = np.random.default_rng((seed, most))
    if dataset.task.kind == "multi-label":
        return np.sort(rng.choice(chosen, most, replace=False))
    targets = dataset.targets[chosen]
    finest = targets if targets.ndim == 1 else targets[:, -1]
    kept = []
    for label in np.unique(finest):
        items = chosen[finest == label]
        kept.append(rng.permutation(items)[: max(1, round(most * len(items) / len(chosen)))])
    return np.sort(np.concatenate(kept))


def _sentence(ranked: Sequence[StrategyResult]) -> str:
    done = [result for result in ranked if result.score is not None]
    if not done:
        return "No strategy finished an epoch in this time: allow more time, or use a smaller sample."
    first = done[0]
    if len(done) == 1:
        return f"Only {first.strategy} finished an epoch: there is nothing to compare it with."
    level = [result.strategy for result in done[1:] if not _clearly_better(first, result)]
    if not level:
        return f"On this sample, {first.strategy} is clearly best."
    return f"On this sample, {first.strategy} is best, but not significantly: {', '.join(level)} may be as good."


def _clearly_better(first: StrategyResult, other: StrategyResult) -> bool:
    """Whether their intervals do not overlap; without intervals nothing is clear."""
    return first.interval is not None and other.interval is not None and other.interval.high < first.interval.low
