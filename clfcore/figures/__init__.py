"""Each result as one Plotly figure. Nothing is computed here: what a figure shows stands in the result it is given."""

from clfcore.figures.bars import counts, top_k
from clfcore.figures.confusion import confusion
from clfcore.figures.curves import precision_recall, roc
from clfcore.figures.history import history
from clfcore.figures.theme import alternative

__all__ = ["alternative", "confusion", "counts", "history", "precision_recall", "roc", "top_k"]
