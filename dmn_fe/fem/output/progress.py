"""The progress of a simulation, told while it runs."""

import time
from typing import Any

from rich.console import Console

from dmn_fe.fem.output.voices import Bar, Lines, Voice
from dmn_fe.fem.report import StepReport
from dmn_fe.fem.simulation import Ending, Output, Simulation

__all__ = ["Progress"]


class Progress(Output):
    """A bar in a terminal, or a line for each step in a log; rank 0 speaks.

    A line has the number of the step, its time and size, the Newton iterations and the last norm of
    the residual, the local iterations of the laws, the seconds in the laws, in the assembly and in
    the rest of the solver, and how much longer the slowest rank is in the laws than the mean. Lines
    tell why steps grow or are cut back, and that a long step is alive. In the end come the totals.

    Parameters
    ----------
    console : rich.console.Console, optional
        Where to; standard error if left out.
    """

    def __init__(self, console: Console | None = None):
        self._console = console
        self._voice: Voice | None = None
        self._monitor = _Monitor(None, 1)
        self._totals = _Totals()

    def begin(self, run: Simulation) -> None:
        """Show where the run begins (collective)."""
        problem = run.problem
        if problem.qmap.comm.rank == 0:
            console = self._console or Console(stderr=True)
            # A dumb terminal shows no bar.
            live = console.is_terminal and not console.is_dumb_terminal
            self._voice = Bar(console) if live else Lines(console)
            # Of a restart nobody knows when the first run began.
            start = problem.time if problem.steps == 0 else min(0.0, problem.time)
            self._voice.begin(start, problem.time, run.sizes.end)
        self._totals = _Totals()
        self._monitor.voice = None
        self._monitor = _Monitor(self._voice, problem.steps + 1)
        problem.snes.setMonitor(self._monitor)

    def step(self, run: Simulation, report: StepReport, note: str) -> None:
        """Tell about a step."""
        self._totals.add(report)
        self._monitor.step = report.step + 1
        if self._voice is not None:
            self._voice.step(report, note)

    def cut(self, run: Simulation, report: StepReport, sentence: str) -> None:
        """Tell about a step that failed."""
        self._totals.add(report)
        if self._voice is not None:
            self._voice.cut(report, sentence)

    def end(self, run: Simulation, ending: Ending | None) -> None:
        """Tell the totals."""
        how = "it failed" if ending is None else ending.value
        if self._voice is not None:
            self._voice.end(f"{how}, at time {run.problem.time:.6g}: {self._totals.words()}")
        self._monitor.voice = self._voice = None


class _Monitor:
    """What SNES calls before the first and after each iteration.

    SNES keeps it: it must not hold the problem, or its PETSc objects would not be destroyed at the
    same moment on all ranks.
    """

    def __init__(self, voice: Voice | None, step: int):
        self.voice, self.step = voice, step

    def __call__(self, snes: Any, iteration: int, residual: float) -> None:
        if self.voice is not None:
            self.voice.iteration(self.step, iteration, residual)


class _Totals:
    """Work of a run so far."""

    def __init__(self) -> None:
        self._start = time.monotonic()
        self._steps = self._cut = self._iterations = 0
        self._seconds = {"laws": 0.0, "assembly": 0.0, "solver": 0.0}

    def add(self, report: StepReport) -> None:
        """Take a step into account, also one that failed."""
        self._steps += report.converged
        self._cut += not report.converged
        self._iterations += report.iterations
        self._seconds["laws"] += report.seconds_micro
        self._seconds["assembly"] += report.seconds_assembly
        self._seconds["solver"] += report.seconds_solve

    def words(self) -> str:
        """All in words, with shares of the seconds since the start."""
        seconds = max(time.monotonic() - self._start, sum(self._seconds.values()), 1e-9)
        shares = self._seconds | {"rest": seconds - sum(self._seconds.values())}
        parts = ", ".join(f"{name} {100 * part / seconds:.0f} %" for name, part in shares.items())
        work = f"{_count(self._steps, 'step')}, {self._cut} cut back"
        work += f", {_count(self._iterations, 'Newton iteration')}"
        return f"{work} in {seconds:.1f} s ({parts})"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
