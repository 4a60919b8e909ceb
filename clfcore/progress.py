"""Progress: what work of some length reports to whoever waits for it."""

from collections.abc import Callable

from clfcore.results import JsonObject

Progress = Callable[[int, int], None]  # how much is done, of how much
Show = Callable[[JsonObject], None]  # takes what a run writes to progress.json
