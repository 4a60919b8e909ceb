"""Progress: what work of some length reports to whoever waits for it."""

from collections.abc import Callable

Progress = Callable[[int, int], None]  # how much is done, of how much
