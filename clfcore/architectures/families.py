"""The families in plain words: the paper, the idea in three sentences, and the problem that it solved."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Paper:
    authors: tuple[str, ...]
    title: str
    year: int | None
    url: str


@dataclass(frozen=True)
class Family:
    """A family of networks. `block` names the class whose source shows its idea, as `module:Class`; empty: none."""

    name: str
    title: str
    paper: Paper
    idea: str
    solved: str
    block: str


FAMILIES: dict[str, Family] = {}
