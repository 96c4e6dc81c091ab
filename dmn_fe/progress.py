"""Progress of long work as a plain callable, so that no room needs to know who shows it."""

from typing import Protocol

__all__ = ["Progress", "no_progress"]


class Progress(Protocol):
    """What long work calls after every item."""

    def __call__(self, done: int, total: int, message: str = "") -> None:
        """Tell that ``done`` of ``total`` items are finished; ``message`` is for a person."""


def no_progress(done: int, total: int, message: str = "") -> None:
    """The default: show nothing."""
