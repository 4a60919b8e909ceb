"""Papers, block source and licence of timm's networks, read from timm itself.

Nothing is known of a family beforehand. Titles, links and BibTeX stand in the text of timm's module; licence, origin
and sometimes a paper in the configuration of the weights; the block is found in the built network.
"""

import re
import sys
from collections import Counter
from collections.abc import Iterator

import timm
from torch import nn

from clfcore.architectures.families import Paper
from clfcore.architectures.heads import head_name
from clfcore.architectures.timm_registry import published_config
from clfcore.errors import InputError

_HOLDERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict)
_LISTED = re.compile(r"`([^`]+)`\s*-?\s*(https?://arxiv\.org/(?:abs|pdf)/(\d{4}\.\d{4,5}))")
_FIELD = re.compile(r"\b(title|author)\s*=\s*\{(.*?)\},?\s*$", re.DOTALL | re.MULTILINE)


def module_text(name: str) -> str:
    """The docstring of timm's module that makes a network."""
    return sys.modules[timm.model_entrypoint(_bare(name)).__module__].__doc__ or ""


def papers(text: str) -> tuple[Paper, ...]:
    """The papers that a module's text lists, in its order, each with the authors where the text has them as BibTeX.

    >>> papers("Papers: `Rewrite the Stars` - https://arxiv.org/abs/2403.19967")[0].year
    2024
    """
    authors = dict(_authors(text))
    titles = {number: (title, number) for title, _, number in reversed(_LISTED.findall(text))}
    return tuple(
        Paper(authors.get(_plain(title), ()), title, _year(number), f"https://arxiv.org/abs/{number}")
        for title, number in reversed(titles.values())
    )


def _authors(text: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """(title without signs, authors) of each BibTeX entry."""
    for entry in re.split(r"^\s*@\w+\{", text, flags=re.MULTILINE)[1:]:
        fields = {key: " ".join(value.split()) for key, value in reversed(_FIELD.findall(entry))}
        if {"title", "author"} <= fields.keys():
            names = [name for part in fields["author"].split(" and ") for name in _names(part)]
            yield _plain(fields["title"]), tuple(names)


def _names(part: str) -> list[str]:
    """What stands between two `and`: `Li, Yanyu` is one name turned round, `Ann Bee, Cy Dee` are two."""
    part = re.sub(r"[{}\\']", "", part)  # accents as TeX writes them are left out
    pieces = [piece.strip() for piece in part.split(",") if piece.strip()]
    if len(pieces) == 2 and " " not in pieces[0]:
        return [f"{pieces[1]} {pieces[0]}"]
    return pieces


def _plain(title: str) -> str:
    return re.sub(r"\W", "", title).lower()


def _year(number: str) -> int:
    return 2000 + int(number[:2])


def weights_paper(name: str, known: tuple[Paper, ...]) -> Paper | None:
    """The paper that the configuration of a network's weights names; None where it names none."""
    config = published_config(_bare(name, tag=True))
    ids = config.paper_ids or ()
    first = ids if isinstance(ids, str) else next(iter(ids), "")
    number = first.rpartition(":")[2]
    if not re.fullmatch(r"\d{4}\.\d{4,5}", number):
        return None
    url = f"https://arxiv.org/abs/{number}"
    listed = next((paper for paper in known if paper.url == url), None)
    return listed or Paper((), config.paper_name or f"arXiv:{number}", _year(number), url)


def provenance(name: str) -> str:
    """Licence and origin of a network's default weights as its configuration has them, and what it lacks."""
    config = published_config(_bare(name, tag=True))
    if not config.has_weights:
        return "timm publishes no weights of it."
    licence = f"under the license {config.license}" if config.license else "whose license its metadata does not name"
    origin = f"from {config.origin_url}" if config.origin_url else "of an origin that its metadata does not name"
    return f"Its weights {config.tag or 'of timm'}, {licence}, {origin}."


def block_of(module: nn.Module) -> type[nn.Module]:
    """The class that a network repeats most, as an element of its stages; its own class where it repeats none.

    What is repeated must hold two convolutions or linear layers, and an eighth of the weights below the classifier.
    """
    backbone = _weights(module) - _head_weights(module)
    for parts in (_elements(module), _own_parts(module)):
        count: Counter[type[nn.Module]] = Counter()
        weights: Counter[type[nn.Module]] = Counter()
        for part in parts:
            if _computes(part):
                count[type(part)] += 1
                weights[type(part)] += _weights(part)
        kinds = [kind for kind in count if count[kind] > 1 and 8 * weights[kind] >= backbone]
        if kinds:
            return max(kinds, key=lambda kind: (count[kind], weights[kind]))
    return type(module)


def _elements(module: nn.Module) -> Iterator[nn.Module]:
    """What stands in a row: the elements of each list, and of each stage that numbers its blocks by hand."""
    for holder in module.modules():
        if isinstance(holder, _HOLDERS):
            yield from (part for part in holder.children() if type(part).__module__.startswith("timm."))


def _own_parts(module: nn.Module) -> Iterator[nn.Module]:
    """All parts that the network's own source file makes."""
    home = type(module).__module__
    yield from (part for part in module.modules() if part is not module and type(part).__module__ == home)


def _computes(part: nn.Module) -> bool:
    return sum(isinstance(inner, (nn.modules.conv._ConvNd, nn.Linear)) for inner in part.modules()) > 1


def _weights(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def _head_weights(module: nn.Module) -> int:
    try:
        return _weights(module.get_submodule(head_name(module)))
    except InputError:  # two classifiers, or none
        return 0


def built(name: str) -> nn.Module:
    """A timm network without storage, for reading what it is made of."""
    from clfcore.architectures.shapes_alone import shapes_alone

    try:
        with shapes_alone():
            return timm.create_model(_bare(name))
    except NotImplementedError:  # computes values while it is built, which meta tensors do not have
        return timm.create_model(_bare(name))


def _bare(name: str, *, tag: bool = False) -> str:
    found = name.removeprefix("timm/")
    return found if tag else found.partition(".")[0]
