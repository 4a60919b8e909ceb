"""A lesson as one value: its question, text, prediction, experiment, exercise, ways on and sources."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from clfcore.errors import unknown
from clfcore.evaluation.intervals import Interval
from clfcore.lessons.panel import Panel
from clfcore.progress import Progress
from clfcore.results import WHEN_KNOWN, Result


@dataclass(frozen=True)
class Step:
    """One screen of text, in Markdown with KaTeX formulas between dollar signs. pictures: what draws those below it."""

    title: str
    text: str
    pictures: "Callable[[], tuple[Panel, ...]] | None" = None


@dataclass(frozen=True)
class Choice:
    """What a reader may predict, and what is said to those who did, once the experiment has run."""

    text: str
    reply: str


@dataclass(frozen=True)
class Setting:
    """The one thing that the exercise changes: `choices` are its values, the first of them the lesson's own."""

    name: str
    label: str
    choices: tuple[str, ...]
    exercise: str

    @property
    def default(self) -> str:
        return self.choices[0]


@dataclass(frozen=True)
class Room:
    """The page of the lab where a lesson goes on, the address that opens it with these settings, and the command.

    options: the network's options, as the address and the command have them, by the value of the lesson's setting.
    """

    page: str
    label: str
    address: Mapping[str, str]
    command: str
    options: Callable[[str], Sequence[str]] | None = None

    def address_for(self, setting: str) -> dict[str, str | list[str]]:
        """The address with the options that this value of the setting gives."""
        options = {} if self.options is None else {"option": list(self.options(setting))}
        return {**self.address, **options}

    def command_for(self, setting: str) -> str:
        """The command with the same options."""
        return " ".join(
            [self.command, *(f"--option {word}" for word in (self.options(setting) if self.options else ()))]
        )


@dataclass(frozen=True)
class Source:
    """A paper: authors and title, where it appeared, and its address."""

    text: str
    url: str


@dataclass(frozen=True)
class Measured(Result):
    """One thing that was measured: its name, its value, and the 95% interval where it is a share of images."""

    name: str
    value: float
    interval: Interval | None = field(default=None, metadata=WHEN_KNOWN)


@dataclass(frozen=True)
class Curve(Result):
    """A value that was measured at several places: x and y alike long."""

    name: str
    x: tuple[float, ...]
    y: tuple[float, ...]


@dataclass(frozen=True)
class Curves(Result):
    """Curves with one pair of axes. caption: what they show, where the sentence of the finding does not say it."""

    x_title: str
    y_title: str
    lines: tuple[Curve, ...]
    y_log: bool = False
    caption: str = ""


@dataclass(frozen=True)
class Finding(Result):
    """What an experiment gave.

    measure: what the rows' values are; share: whether they run from 0 to 1. answer: the place of the choice that came
    true. holds: whether the lesson's claim held. sentence: what was measured, with its figures. panels: pictures of it.
    further: more curves, each set with its own axes and caption.
    """

    measure: str
    rows: tuple[Measured, ...]
    answer: int
    holds: bool
    sentence: str
    share: bool = True
    curves: Curves | None = field(default=None, metadata=WHEN_KNOWN)
    further: tuple[Curves, ...] | None = field(default=None, metadata=WHEN_KNOWN)
    panels: tuple[Panel, ...] | None = field(default=None, metadata=WHEN_KNOWN)


Experiment = Callable[[str, int, Progress], Finding]  # the setting's value, a seed, what reports the progress


@dataclass(frozen=True)
class Lesson:
    """All of one lesson. claim: one sentence, which `Finding.holds` says held or not. surprise: what to take along.

    pictured: whether the experiment gives pictures. study: what a longer experiment of the same kind gave, in words.
    """

    number: int
    title: str
    question: str
    steps: tuple[Step, ...]
    prediction: str
    choices: tuple[Choice, ...]
    controls: str
    experiment: Experiment
    claim: str
    surprise: str
    setting: Setting
    rooms: tuple[Room, ...]
    sources: tuple[Source, ...]
    pictured: bool = False
    study: Callable[[], str] | None = None

    def value(self, given: str | None) -> str:
        """The setting's value: the lesson's own where none is given. Raises InputError for one that it has not."""
        if given is None:
            return self.setting.default
        if given not in self.setting.choices:
            raise unknown(self.setting.name, given, self.setting.choices)
        return given
