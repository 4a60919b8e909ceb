"""How many epochs a run has done, as tables show it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class EpochsDone:
    """How many epochs a run has done, how many were asked for, and why it ended before them; empty: it did not."""

    done: int
    asked: int | None
    reason: str = ""

    @property
    def text(self) -> str:
        """In a table: `25 of 100, converged`; the number alone where all were done.

        >>> EpochsDone(25, 100, "stopped early").text, EpochsDone(30, 30).text
        ('25 of 100, stopped early', '30')
        """
        if self.asked is None or self.done >= self.asked:
            return f"{self.done:,}"
        return f"{self.done:,} of {self.asked:,}" + (f", {self.reason}" if self.reason else "")
