"""How the progress of a simulation is shown: a bar in a terminal, lines in a log."""

import sys
import time
import weakref
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from dmn_fe.fem.report import StepReport

__all__ = ["Bar", "Lines", "Voice"]

_SECONDS_OF_SILENCE = 20.0

_HEADER = (
    " step        time        size  Newton        |F|  micro max/mean"
    "   micro s  assembly s   solve s  imbalance"
)


class Voice(Protocol):
    """Shows what happens, on one rank."""

    def begin(self, start: float, now: float, end: float) -> None:
        """Times of the simulation: its first, its present and its last."""

    def step(self, report: StepReport, note: str) -> None:
        """A step was committed; a note, if there is one, says how the next one differs."""

    def cut(self, report: StepReport, sentence: str) -> None:
        """A step failed and is tried again."""

    def iteration(self, step: int, iteration: int, residual: float) -> None:
        """An iteration of Newton's method."""

    def end(self, sentence: str) -> None:
        """It is over; the sentence has the totals."""


class Lines:
    """A line for each step, and one now and then in long steps."""

    def __init__(self, console: Console):
        self._console, self._spoken = console, time.monotonic()

    def begin(self, start: float, now: float, end: float) -> None:
        """Head of the columns."""
        self._say(_HEADER)

    def step(self, report: StepReport, note: str) -> None:
        """A row, and a line for the note."""
        residual = report.residuals[-1] if report.residuals else 0.0
        self._say(
            f"{report.step:5d} {report.time:11.5g} {report.size:11.5g} {report.iterations:7d}"
            f" {residual:10.3e}  {report.micro_iterations_max:6d}"
            f" /{report.micro_iterations_mean:6.2f} {report.seconds_micro:9.2f}"
            f" {report.seconds_assembly:11.2f}"
            f" {report.seconds_solve:9.2f} {report.imbalance:10.2f}"
        )
        if note:
            self._say(f"      {note}")

    def cut(self, report: StepReport, sentence: str) -> None:
        """A line."""
        self._say(f"{report.step:5d} {sentence}")

    def iteration(self, step: int, iteration: int, residual: float) -> None:
        """A line, if nothing was said for a while."""
        if time.monotonic() - self._spoken > _SECONDS_OF_SILENCE:
            self._say(f"{step:5d} Newton iteration {iteration}, |F| {residual:.3e}")

    def end(self, sentence: str) -> None:
        """A line."""
        self._say(sentence)

    def _say(self, line: str) -> None:
        self._spoken = time.monotonic()
        _print(self._console, line)


class Bar:
    """A live bar of the time, with the present step, its iterations and the time left."""

    def __init__(self, console: Console):
        self._console = console
        columns = [
            TextColumn("time {task.fields[time]:8.5g} of {task.fields[last]:.5g}"),
            BarColumn(),
            TextColumn("step {task.fields[step]}  {task.fields[newton]}  {task.fields[left]}"),
        ]
        # What is printed meanwhile goes above the bar, but not if it belongs into a file.
        shared = sys.stdout.isatty()
        self._bar = Progress(*columns, console=console, transient=True, redirect_stdout=shared)
        self._task = self._bar.add_task(
            "", total=None, time=0.0, last=0.0, step=1, newton="", left=""
        )
        # A run that fails without saying so must not leave the cursor hidden.
        self._stop = weakref.finalize(self, self._bar.stop)
        self._start = self._end = 0.0
        self._began = (0.0, time.monotonic())

    def begin(self, start: float, now: float, end: float) -> None:
        """Show the bar."""
        self._start, self._end, self._began = start, end, (now, time.monotonic())
        self._bar.update(
            self._task,
            total=end - start,
            completed=now - start,
            time=now,
            last=end,
            newton="Newton",
        )
        self._bar.start()

    def step(self, report: StepReport, note: str) -> None:
        """Move the bar; notes are not shown."""
        began, clock = self._began
        done, left = report.time - began, self._end - report.time
        seconds = left * (time.monotonic() - clock) / done
        self._bar.update(
            self._task,
            completed=report.time - self._start,
            time=report.time,
            left=f"{_duration(seconds)} left" if left > 0 else "",
        )

    def cut(self, report: StepReport, sentence: str) -> None:
        """A line above the bar."""
        _print(self._console, f"step {report.step}: {sentence}")

    def iteration(self, step: int, iteration: int, residual: float) -> None:
        """Beside the bar."""
        self._bar.update(self._task, step=step, newton=f"Newton {iteration}, |F| {residual:.2e}")

    def end(self, sentence: str) -> None:
        """A line in place of the bar."""
        self._stop()
        _print(self._console, sentence)


def _print(console: Console, line: str) -> None:
    console.print(line, markup=False, highlight=False, soft_wrap=True)


def _duration(seconds: float) -> str:
    """Such as ``1:05:09`` or ``5:09``."""
    minutes, s = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{s:02d}" if hours else f"{minutes}:{s:02d}"
