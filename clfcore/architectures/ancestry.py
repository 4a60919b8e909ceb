"""Ancestry of weights: the runs and files that a network's starting weights came from. Imports no torch."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, JsonValue

_CONFIG = ConfigDict(frozen=True, strict=True, extra="allow", allow_inf_nan=False)


class Ancestor(BaseModel):
    """Where weights came from: a run with its data and strategy, a file, or the published weights a run began with.

    digest: of the file of weights.
    """

    model_config = _CONFIG
    __pydantic_extra__: dict[str, JsonValue] = Field(init=False)
    run: str | None = None
    data: str | None = None
    strategy: str | None = None
    file: str | None = None
    weights: str | None = None
    digest: str | None = None


class Ancestry(BaseModel):
    """The weights that a run began with. ancestors: the nearest first.

    matched: how many tensors were taken; lacking, unused: names of those that were not in the source, or not needed.
    """

    model_config = _CONFIG
    __pydantic_extra__: dict[str, JsonValue] = Field(init=False)
    ancestors: Sequence[Ancestor] = ()
    matched: Annotated[int, Field(ge=0)] = 0
    lacking: Sequence[str] = ()
    unused: Sequence[str] = ()
    head_kept: bool = False

    def as_dict(self) -> dict[str, JsonValue]:
        """As a run's files have it: only what was given."""
        return self.model_dump(mode="json", exclude_unset=True)
