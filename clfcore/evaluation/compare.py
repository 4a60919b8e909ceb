"""Runs side by side on the same items: is one better than another, or can these items not tell?"""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np

from clfcore.errors import InputError
from clfcore.evaluation.intervals import Interval, multi_label_scores, percentiles, resampled, single_label_scores
from clfcore.evaluation.metric_catalogue import METRICS
from clfcore.evaluation.metrics import decide
from clfcore.evaluation.outcomes import outcomes
from clfcore.predictions import Predictions

Named = tuple[str, Predictions]
LEVEL = 0.05  # of significance, after correction
Z = 1.959964  # the normal quantile of a two-sided 95%
FEW = 10  # items that only one gets right, below which a bootstrap has too little to draw from


@dataclass(frozen=True)
class Difference:
    """One metric of two runs: b - a, with its 95% interval.

    p_value: exact two-sided McNemar, of accuracy only; adjusted_p_value: with Holm's correction for all pairs of the
    comparison; only_a, only_b: items that one alone gets right; items: all of them.
    """

    a: str
    b: str
    metric: str
    difference: float
    interval: Interval
    p_value: float | None
    adjusted_p_value: float | None
    only_a: int
    only_b: int
    items: int

    @property
    def better(self) -> str | None:
        """The better run by the adjusted p-value or the interval; None where the difference is not significant."""
        low, high = self.interval
        significant = low > 0 or high < 0 if self.adjusted_p_value is None else self.adjusted_p_value < LEVEL
        if not significant or self.difference == 0:
            return None
        return self.b if (self.difference > 0) == METRICS[self.metric].higher else self.a

    def describe(self) -> str:
        """The result in one sentence."""
        gap, low, high = self.difference, *self.interval
        if self.better is not None and gap < 0:
            gap, low, high = -gap, -high, -low
        metric = METRICS[self.metric]
        what = metric.in_text
        scale, digits, unit = (1, 3, "nats") if metric.in_nats else (100, 1, "points")
        size = f"{scale * abs(gap):.{digits}f} {unit}"
        ends = " to ".join(f"{round(scale * end, digits) + 0.0:.{digits}f}" for end in (low, high))  # no "-0.0"
        alone = f"only {self.b} is right on {_images(self.only_b)}, only {self.a} on {self.only_a:,}"
        if self.better is None:
            return (
                f"No significant difference between {self.a} and {self.b} on {_images(self.items)}: {what} differs by "
                f"{size}, 95% interval of {self.b} − {self.a} {ends}; {alone}."
            )
        return f"{self.better} is better by {size} of {what}, 95% interval {ends}; {alone}."


def _images(number: int) -> str:
    return f"{number:,} image{'' if number == 1 else 's'}"


@dataclass(frozen=True)
class Comparison:
    """All pairs of runs on the items of one split; accuracy first."""

    split: str
    runs: tuple[str, ...]
    items: int
    pairs: tuple[Difference, ...]

    def as_dict(self) -> dict[str, object]:
        """`split`, `runs` and `pairs` as `compare --json` prints them."""
        return {"split": self.split, "runs": list(self.runs), "pairs": [_printed(pair) for pair in self.pairs]}


def compare(runs: Sequence[Named], *, resamples: int = 1000, seed: int = 0) -> Comparison:
    """Every pair of runs: accuracy with exact McNemar (1947), then other metrics, each with a paired bootstrap.

    runs: (name, predictions) of the same items; the order of items may differ. A multi-label task is compared by
    subset_accuracy (all labels right), a hierarchical one at its finest level. Where fewer than ten items differ, the
    interval of the difference is Tango's (1998). Raises InputError where the runs cannot be paired.
    """
    runs = aligned(runs)
    names = [name for name, _ in runs]
    n = len(runs[0][1])
    if n == 0:
        raise InputError(f"the {runs[0][1].split} split has no items: there is nothing to compare on")
    right = {name: hits(predictions) for name, predictions in runs}
    pairs = list(itertools.combinations(names, 2))
    first = "subset_accuracy" if runs[0][1].task.kind == "multi-label" else "accuracy"
    counts = {(a, b): (int((right[a] & ~right[b]).sum()), int((right[b] & ~right[a]).sum())) for a, b in pairs}
    p_values = [mcnemar(*counts[pair]) for pair in pairs]
    differences = [
        Difference(
            a=a,
            b=b,
            metric=first,
            difference=(only_b - only_a) / n,
            interval=difference_interval(only_a, only_b, n, seed=seed),
            p_value=p_value,
            adjusted_p_value=adjusted,
            only_a=only_a,
            only_b=only_b,
            items=n,
        )
        for (a, b), p_value, adjusted in zip(pairs, p_values, holm(p_values), strict=True)
        for only_a, only_b in [counts[a, b]]
    ]
    resampled_scores = _resampled_scores(runs, resamples=resamples, seed=seed)
    for metric in resampled_scores[names[0]].values:
        for a, b in pairs:
            one, two = resampled_scores[a], resampled_scores[b]
            only_a, only_b = counts[a, b]
            differences.append(
                Difference(
                    a=a,
                    b=b,
                    metric=metric,
                    difference=two.values[metric] - one.values[metric],
                    interval=percentiles(two.drawn[metric] - one.drawn[metric]),
                    p_value=None,
                    adjusted_p_value=None,
                    only_a=only_a,
                    only_b=only_b,
                    items=n,
                )
            )
    return Comparison(runs[0][1].split, tuple(names), n, tuple(differences))


def aligned(runs: Sequence[Named]) -> tuple[Named, ...]:
    """The runs with their items in the first one's order. Raises InputError where they are not of the same items."""
    if len(runs) < 2:
        raise InputError("a comparison needs at least two runs: name another one")
    names = [name for name, _ in runs]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InputError(f"run {twice} is named twice: a comparison needs runs that differ")
    first_name, first = runs[0]
    place = {item: i for i, item in enumerate(first.ids)}
    out = [(first_name, first)]
    for name, other in runs[1:]:
        if (other.task.kind, other.task.levels) != (first.task.kind, first.task.levels):
            raise InputError(
                f"runs {first_name} and {name} have {_task_gap(first, other)}: only runs of one task compare"
            )
        if other.split != first.split:
            raise InputError(
                f"run {first_name} is scored on {first.split}, run {name} on {other.split}: choose one split"
            )
        if set(other.ids) != place.keys():
            shared = len(place.keys() & set(other.ids))
            raise InputError(
                f"runs {first_name} and {name} were scored on different items ({shared:,} shared of {len(first):,} and "
                f"{len(other):,}): paired tests need the same; train both on the same data with the same split seed"
            )
        if other.ids == first.ids:
            order: np.ndarray | slice = slice(None)  # a view: copies of large logits cost memory
        else:
            order = np.empty(len(first), np.int64)
            order[[place[item] for item in other.ids]] = np.arange(len(first))
        reordered = replace(other, ids=first.ids, targets=other.targets[order], logits=other.logits[order])
        if not np.array_equal(reordered.targets, first.targets):
            raise InputError(
                f"the truth of some items differs between runs {first_name} and {name}: "
                "the data was relabeled in between; evaluate both runs anew"
            )
        out.append((name, reordered))
    return tuple(out)


def hits(predictions: Predictions) -> np.ndarray:
    """N bool: the item is right: its class (finest level), or all of its labels."""
    if predictions.task.kind == "multi-label":
        return (decide(predictions) == (predictions.targets > 0)).all(axis=1)
    return outcomes(predictions).right


def mcnemar(only_a: int, only_b: int) -> float:
    """Exact two-sided p-value of McNemar's test: the items that differ fall to either run like a fair coin."""
    from scipy.stats import binomtest

    return float(binomtest(only_a, only_a + only_b).pvalue) if only_a + only_b else 1.0


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Holm's step-down correction (1979): the chance of any false finding among all stays below the level.

    >>> [round(p, 3) for p in holm([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]
    """
    order = np.argsort(p_values, kind="stable")
    m = len(p_values)
    stepped = np.maximum.accumulate([min(1.0, (m - i) * p_values[k]) for i, k in enumerate(order)])
    adjusted = np.empty(m)
    adjusted[order] = stepped
    return tuple(adjusted.tolist())


def difference_interval(only_a: int, only_b: int, n: int, *, resamples: int = 10_000, seed: int = 0) -> Interval:
    """95% interval of (only_b - only_a) / n; see `compare`. Drawing items is drawing three counts."""
    if only_a + only_b < FEW:
        return score_interval(only_a, only_b, n)
    shares = np.array([only_a, only_b, n - only_a - only_b]) / n
    drawn = np.random.default_rng(seed).multinomial(n, shares, size=resamples)
    return percentiles((drawn[:, 1] - drawn[:, 0]) / n)


def score_interval(only_a: int, only_b: int, n: int) -> Interval:
    """95% interval of (only_b - only_a) / n by Tango's score test (1998), which a handful of items suffices for.

    The ends are the differences d at which (only_b - only_a - n d) is 1.96 of its standard deviations under d.
    """
    from scipy.optimize import brentq

    def beyond(d: float, quantile: float) -> float:
        gap = only_b - only_a - n * d
        # the likeliest share of items that only a gets right, were the difference d: the root of a quadratic
        middle = (2 * n - only_b + only_a) * d - only_a - only_b
        share = (np.sqrt(max(middle**2 + 8 * n * only_a * d * (1 - d), 0.0)) - middle) / (4 * n)
        return gap - quantile * np.sqrt(max(n * (2 * share + d * (1 - d)), 0.0))

    observed = (only_b - only_a) / n
    low, high = (-1.0, observed - 1e-12), (observed + 1e-12, 1.0)  # the observed one is a root where nothing varies
    ends = [
        brentq(beyond, *within, args=(quantile,))
        if beyond(within[0], quantile) > 0 > beyond(within[1], quantile)
        else worst
        for within, quantile, worst in ((low, Z, -1.0), (high, -Z, 1.0))
    ]
    return Interval(*map(float, ends))


def _resampled_scores(runs: Sequence[Named], *, resamples: int, seed: int) -> Mapping[str, "_Resampled"]:
    """Every run's metrics but the first, on the same resamples."""
    scorers = {name: _scorer(predictions) for name, predictions in runs}
    n = len(runs[0][1])
    parts: dict[str, list[Mapping[str, np.ndarray]]] = {name: [] for name in scorers}
    for weights in resampled(n, resamples, seed=seed):
        for name, scorer in scorers.items():
            parts[name].append(scorer(weights))
    return {
        name: _Resampled(
            {metric: float(value[0]) for metric, value in scorer(np.ones((1, n))).items()},
            {metric: np.concatenate([part[metric] for part in parts[name]]) for metric in parts[name][0]},
        )
        for name, scorer in scorers.items()
    }


@dataclass(frozen=True, eq=False)
class _Resampled:
    """One run's metrics by name: values on the items themselves, and drawn, B float64, on each resample."""

    values: Mapping[str, float]
    drawn: Mapping[str, np.ndarray]


def _scorer(predictions: Predictions) -> Callable[[np.ndarray], Mapping[str, np.ndarray]]:
    """Metrics of weighted items, as a function of the weights."""
    if predictions.task.kind == "multi-label":
        truth, predicted = predictions.targets > 0, decide(predictions)
        return lambda weights: multi_label_scores(truth, predicted, weights)
    done = outcomes(predictions)
    compared = ("balanced_accuracy", "macro_f1", "nll")
    return lambda weights: {name: v for name, v in single_label_scores(done, weights).items() if name in compared}


def _task_gap(first: Predictions, other: Predictions) -> str:
    if first.task.kind != other.task.kind:
        return f"different tasks ({first.task.kind} and {other.task.kind})"
    return f"different classes ({_few(first.classes)} and {_few(other.classes)})"


def _few(classes: Sequence[str]) -> str:
    return ", ".join(classes[:3]) + (f", … {len(classes)} in all" if len(classes) > 3 else "")


def _printed(pair: Difference) -> dict[str, object]:
    return asdict(pair) | {"interval": list(pair.interval), "better": pair.better, "words": pair.describe()}
