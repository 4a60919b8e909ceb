"""Each result as one Plotly figure. Nothing is computed here: what a figure shows stands in the result it is given."""

from clfcore.figures.bars import counts, top_k
from clfcore.figures.calibration import reliability
from clfcore.figures.compare import cost, differences, per_class
from clfcore.figures.confusion import confusion, confusion_blocks
from clfcore.figures.counterfactual import counterfactual
from clfcore.figures.curves import precision_recall, roc
from clfcore.figures.history import history
from clfcore.figures.labels import threshold_curve
from clfcore.figures.matrices import agreement, co_occurrence, confusion_difference
from clfcore.figures.mixing import mixing
from clfcore.figures.schedule import schedule
from clfcore.figures.theme import alternative
from clfcore.figures.tree import sunburst
from clfcore.figures.two_by_two import two_by_two

__all__ = [
    "agreement",
    "alternative",
    "co_occurrence",
    "confusion",
    "confusion_blocks",
    "confusion_difference",
    "cost",
    "counterfactual",
    "counts",
    "differences",
    "history",
    "mixing",
    "per_class",
    "precision_recall",
    "reliability",
    "roc",
    "schedule",
    "sunburst",
    "threshold_curve",
    "top_k",
    "two_by_two",
]
