"""The progress of long commands, on standard error: a bar in a terminal, lines in a log."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

__all__ = ["progress_bar"]

_LINE_SECONDS = 30.0  # between two lines in a log


@contextmanager
def progress_bar(title: str) -> Iterator[Callable[..., None]]:
    """Give a callable ``(done, total, message)`` that draws a bar with the remaining time.

    The bar appears with the first call, so that wrong input is not followed by an empty one.
    Where standard error is no terminal, a line appears every half minute instead.
    """
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _lines(title, console)
        return
    columns = [
        TextColumn(title),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[message]}"),
    ]
    bar = Progress(*columns, console=console)
    task = bar.add_task(title, total=None, message="")

    def show(done: int, total: int, message: str = "") -> None:
        if not bar.live.is_started:
            # What an earlier run has done must not count in the speed of this one.
            bar.reset(task, total=total, completed=done, message=message)
            bar.start()
        bar.update(task, completed=done, total=total, message=message)

    try:
        yield show
    finally:
        if bar.live.is_started:
            bar.stop()


def _lines(title: str, console: Console) -> Callable[..., None]:
    last = time.monotonic()

    def show(done: int, total: int, message: str = "") -> None:
        nonlocal last
        if time.monotonic() - last < _LINE_SECONDS:
            return
        last = time.monotonic()
        console.print(
            f"{time.strftime('%H:%M:%S')} {title} {done}/{total} {message}".rstrip(),
            markup=False,
            highlight=False,
            soft_wrap=True,
        )

    return show
