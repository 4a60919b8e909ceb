"""What stands behind a network: its idea, the papers, and the source of the block that it is made of."""

import importlib
import inspect
from dataclasses import dataclass

from clfcore.architectures.catalogue import architecture
from clfcore.architectures.families import Family, Paper


@dataclass(frozen=True)
class About:
    """A network's family in words; idea and solved are empty where timm alone has the family: it carries none.

    block: the class whose source shows the idea, as `Bottleneck of timm.models.resnet`. notes: what is known of its
    papers and weights, and what is not, a sentence each.
    """

    name: str
    title: str
    idea: str
    solved: str
    papers: tuple[Paper, ...]
    block: str
    source: str
    notes: tuple[str, ...] = ()


def about(name: str) -> About:
    """The idea, papers and block of a network. Raises InputError where there is no such network.

    >>> about("resnet18").block
    'BasicBlock of torchvision.models.resnet'
    """
    row = architecture(name)
    if row.name.startswith("timm/"):
        return _of_timm(row.name, row.about)
    module, _, attribute = row.about.block.partition(":")
    source = inspect.getsource(getattr(importlib.import_module(module), attribute))
    family = row.about
    return About(
        row.name, family.title, family.idea, family.solved, (family.paper,), f"{attribute} of {module}", source
    )


def source(name: str) -> str:
    """The source code of the block that shows a network's idea."""
    return about(name).source


def _of_timm(name: str, family: Family) -> About:
    """What timm carries, and what it does not."""
    from clfcore.architectures import timm_papers

    kind = timm_papers.block_of(timm_papers.built(name))
    known = {family.paper.url: family.paper} if family.paper.authors else {}
    listed = tuple(known.get(one.url, one) for one in timm_papers.papers(timm_papers.module_text(name)))
    own = timm_papers.weights_paper(name, listed)
    where = f"timm.models.{architecture(name).family}"
    notes = [
        f"timm's module {where} names {'this paper' if len(listed) == 1 else f'these {len(listed)} papers'} for all "
        "its networks, and does not say which one introduced which."
        if listed
        else f"timm's module {where} names no paper."
    ]
    if not all(paper.authors for paper in listed):
        notes.append("Where no authors stand, it does not name them: the links do.")
    notes.append(
        f"The metadata of its weights names {own.title} ({own.url})."
        if own is not None
        else "The metadata of its weights names no paper."
    )
    notes.append(timm_papers.provenance(name))
    block = f"{kind.__qualname__} of {kind.__module__}"
    papers = listed if own is None or own in listed else (*listed, own)
    return About(name, family.title, family.idea, family.solved, papers, block, inspect.getsource(kind), tuple(notes))
