"""Ctrl-C ends a command with a sentence about what is kept."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer

__all__ = ["asked_to_stop", "ended_when_interrupted", "interruptible"]

_STATUS = 130  # what a shell reports of a command that was interrupted


@contextmanager
def interruptible(kept: Callable[[], str]) -> Iterator[None]:
    """End with exit status 130 when interrupted; ``kept`` says what is left and how to go on."""
    try:
        yield
    except KeyboardInterrupt:
        _say(kept())
        raise typer.Exit(_STATUS) from None


@contextmanager
def ended_when_interrupted(kept: str, speak: bool) -> Iterator[None]:
    """End this process at once when interrupted.

    An exception could neither pass through PETSc, which may be at work, nor reach other ranks,
    which may wait for this one.

    Parameters
    ----------
    kept : str
        What is left.
    speak : bool
        Whether this process says so; of several ranks one does.
    """

    def end(*_: object) -> None:
        if speak:
            _say(kept)
        os._exit(_STATUS)

    before = signal.signal(signal.SIGINT, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def asked_to_stop() -> Iterator[Callable[[], bool]]:
    """Give a function that tells whether a signal TERM or USR1 has come inside the block."""
    came: list[int] = []
    signals = (signal.SIGTERM, signal.SIGUSR1)
    before = [signal.signal(one, lambda number, _: came.append(number)) for one in signals]
    try:
        yield lambda: bool(came)
    finally:
        for one, handler in zip(signals, before, strict=True):
            signal.signal(one, handler)


def _say(kept: str) -> None:
    print(f"dmn-fe: interrupted; {kept}.", file=sys.stderr, flush=True)
