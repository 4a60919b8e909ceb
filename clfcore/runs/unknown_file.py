"""unknown.json of a run: the rule that tells strangers, with the rate of false alarms that was asked for."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from clfcore.errors import InputError
from clfcore.results import json_value
from clfcore.runs.folder import Run
from clfcore.runs.records import Record, Stored
from clfcore.unlike import FALSE_ALARMS, Caught, Limit, Rule, Score

Count = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(gt=0, lt=1)]


class StoredCaught(Stored):
    """`clfcore.unlike.Caught`."""

    auroc: Annotated[float, Field(ge=0, le=1)]
    caught: Count
    items: Annotated[int, Field(ge=1)]

    @property
    def value(self) -> Caught:
        return Caught(self.auroc, self.caught, self.items)


class StoredLimit(Stored):
    """`clfcore.unlike.Limit`."""

    score: Score
    threshold: float
    alarms: Count
    items: Annotated[int, Field(ge=1)]
    test_alarms: Count = 0
    test_items: Count = 0
    near: StoredCaught | None = None
    far: StoredCaught | None = None

    @property
    def value(self) -> Limit:
        near, far = (None if caught is None else caught.value for caught in (self.near, self.far))
        return Limit(
            self.score,
            self.threshold,
            self.alarms,
            self.items,
            test_alarms=self.test_alarms,
            test_items=self.test_items,
            near=near,
            far=far,
        )


class UnknownFile(Record):
    """The rule of a run. limits: the chosen one first."""

    file = "unknown.json"
    false_alarms: Share = FALSE_ALARMS
    limits: Annotated[Sequence[StoredLimit], Field(max_length=8)] = ()
    far_data: Annotated[Sequence[str], Field(max_length=100)] = ()


def kept_rule(run: Run) -> Rule | None:
    """The rule that the run keeps; None where it keeps none, or the file is damaged: it is then made anew."""
    try:
        stored = run.read(UnknownFile)
    except InputError:
        return None
    limits = tuple(limit.value for limit in stored.limits)
    return Rule(limits, stored.false_alarms) if limits else None


def keep_rule(run: Run, rule: Rule, *, far_data: Sequence[str] = ()) -> None:
    """Write it, whole or not at all. far_data: the data whose pictures were the far strangers. Raises Failure."""
    run.write(
        UnknownFile.file,
        {
            "false_alarms": rule.false_alarms,
            "limits": [json_value(limit) for limit in rule.limits],
            "far_data": list(far_data),
        },
    )


def far_data_of(run: Run) -> tuple[str, ...]:
    """The data whose pictures were the far strangers; none where that is not known."""
    try:
        return tuple(run.read(UnknownFile).far_data)
    except InputError:
        return ()
