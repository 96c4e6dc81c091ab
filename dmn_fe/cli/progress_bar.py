"""The progress bar of long commands, on standard error."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

__all__ = ["progress_bar"]


@contextmanager
def progress_bar(title: str) -> Iterator[Callable[..., None]]:
    """Give a callable ``(done, total, message)`` that draws a bar with the remaining time.

    The bar appears with the first call, so that wrong input is not followed by an empty one.
    """
    columns = [
        TextColumn(title),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[message]}"),
    ]
    bar = Progress(*columns, console=Console(stderr=True))
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
