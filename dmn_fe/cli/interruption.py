"""Ctrl-C ends a command with a sentence about what is kept."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer

__all__ = ["interruptible"]


@contextmanager
def interruptible(kept: Callable[[], str]) -> Iterator[None]:
    """End with exit status 130 when interrupted; ``kept`` says what is left and how to go on."""
    try:
        yield
    except KeyboardInterrupt:
        print(f"dmn-fe: interrupted; {kept()}.", file=sys.stderr, flush=True)
        raise typer.Exit(130) from None
