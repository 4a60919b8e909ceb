"""Metrics by name: title, reading, help and source, as every command, page and report shows them. Imports no NumPy."""

from collections.abc import Mapping
from dataclasses import dataclass

from clfcore.task import TaskKind

# A metric's value by its name, and under a level's name the values of that level.
MetricValues = Mapping[str, "float | Mapping[str, float | None] | None"]
PROPER_NOUNS = ("Brier", "Hamming")


@dataclass(frozen=True, kw_only=True)
class Metric:
    """What a metric is called and how it is read.

    share: a share of items, written in percent; higher: whether a higher value is better; in_nats: an information, with
    no upper bound (all others but the Brier score lie from 0 to 1); source: where it was defined.
    """

    title: str
    share: bool
    higher: bool
    help: str
    source: str = ""
    in_nats: bool = False

    @property
    def in_text(self) -> str:
        """The title inside a sentence.

        >>> METRICS["macro_f1"].in_text, METRICS["hamming_loss"].in_text
        ('macro F1', 'Hamming loss')
        """
        return self.title if self.title.startswith(PROPER_NOUNS) else self.title[0].lower() + self.title[1:]

    @property
    def described(self) -> str:
        """Help and source, as a help bubble shows them."""
        return f"{self.help} {self.source}." if self.source else self.help


# The metrics that pages and reports show, in their order; a task has some of them.
METRICS: Mapping[str, Metric] = {
    "accuracy": Metric(
        title="Accuracy",
        share=True,
        higher=True,
        help="The share of images whose predicted class is the true one.",
    ),
    "balanced_accuracy": Metric(
        title="Balanced accuracy",
        share=True,
        higher=True,
        help="Recall averaged over the classes: a rare class counts as much as a common one.",
        source="Brodersen and others, 2010",
    ),
    "top5_accuracy": Metric(
        title="Top-5 accuracy",
        share=True,
        higher=True,
        help="The share of images whose true class is among the five most probable.",
    ),
    "mean_average_precision": Metric(
        title="Mean average precision",
        share=False,
        higher=True,
        help="Average precision of each label, averaged over the labels that occur: how well each label ranks the "
        "images, whatever its threshold.",
        source="Everingham and others, 2010",
    ),
    "subset_accuracy": Metric(
        title="Exact match",
        share=True,
        higher=True,
        help="Subset accuracy: the share of images for which every label is right.",
    ),
    "hamming_loss": Metric(
        title="Hamming loss",
        share=True,
        higher=False,
        help="The share of single label decisions that are wrong.",
    ),
    "micro_f1": Metric(
        title="Micro F1",
        share=False,
        higher=True,
        help="F1 of the label decisions of all images pooled.",
    ),
    "macro_f1": Metric(
        title="Macro F1",
        share=False,
        higher=True,
        help="F1 is the harmonic mean of precision and recall; macro F1 is its mean over the classes.",
    ),
    "macro_auc": Metric(
        title="Macro AUC",
        share=False,
        higher=True,
        help="The area under the ROC curve, averaged over the classes: the probability that an image of a class scores "
        "higher for it than an image of another class. 0.5 is chance.",
        source="Fawcett, 2006",
    ),
    "nll": Metric(
        title="Log-loss",
        share=False,
        higher=False,
        help="The mean negative log-probability of the true class, in nats: confident errors cost most.",
        in_nats=True,
    ),
    "ece": Metric(
        title="Calibration error",
        share=True,
        higher=False,
        help="Expected calibration error: the mean gap between confidence and accuracy over 15 bins.",
        source="Guo and others, 2017",
    ),
    "brier": Metric(
        title="Brier score",
        share=False,
        higher=False,
        help="The mean squared error of the probabilities; 0 is perfect.",
        source="Brier, 1950",
    ),
}

# What chooses the best epoch, and what a list of runs shows; of levels, the finest one's.
MAIN_METRICS: Mapping[TaskKind, str] = {
    "single-label": "accuracy",
    "multi-label": "mean_average_precision",
    "hierarchical": "accuracy",
}


def main_metric(metrics: MetricValues) -> float | None:
    """The main metric among all those of one split.

    >>> main_metric({"family": {"accuracy": 0.9}, "shape": {"accuracy": 0.8}, "consistency": 1.0})
    0.8
    """
    levels = [value for value in metrics.values() if isinstance(value, Mapping)]
    if levels:
        return levels[-1].get("accuracy")
    value = metrics.get("accuracy", metrics.get("mean_average_precision"))
    return None if isinstance(value, Mapping) else value


@dataclass(frozen=True)
class Score:
    """The main metric of one split: what it is called inside a sentence, its value, and whether that is a share."""

    metric: str
    split: str
    value: float
    share: bool

    @property
    def text(self) -> str:
        """
        >>> main_score({"accuracy": 0.934}, "test").text
        'accuracy 93.4% on test'
        """
        value = f"{100 * self.value:.1f}%" if self.share else f"{self.value:.3f}"
        return f"{self.metric} {value} on {self.split}"


def main_score(metrics: MetricValues, split: str) -> Score | None:
    """The main metric among all those of one split; its task is told by which there are. None where it is undefined.

    >>> main_score({"mean_average_precision": 0.5, "micro_f1": 0.4}, "validation").metric
    'mean average precision'
    """
    value = main_metric(metrics)
    if value is None:
        return None
    several = "mean_average_precision" in metrics
    levels = any(isinstance(part, Mapping) for part in metrics.values())
    kind: TaskKind = "hierarchical" if levels else "multi-label" if several else "single-label"
    return Score(main_metric_text(kind), split, value, METRICS[MAIN_METRICS[kind]].share)


def main_metric_text(kind: TaskKind) -> str:
    """The main metric of a task inside a sentence.

    >>> main_metric_text("hierarchical"), main_metric_text("multi-label")
    ('finest-level accuracy', 'mean average precision')
    """
    text = METRICS[MAIN_METRICS[kind]].in_text
    return f"finest-level {text}" if kind == "hierarchical" else text
