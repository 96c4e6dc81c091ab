"""The progress of a simulation, told while it runs."""

from typing import Any

from rich.console import Console

from dmn_fe.fem.output.voices import Bar, Lines, Voice
from dmn_fe.fem.output.work import Work
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
        self._work = Work()

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
        self._work = Work()
        self._monitor.voice = None
        self._monitor = _Monitor(self._voice, problem.steps + 1)
        problem.snes.setMonitor(self._monitor)

    def step(self, run: Simulation, report: StepReport, note: str) -> None:
        """Tell about a step."""
        self._work.add(report)
        self._monitor.step = report.step + 1
        if self._voice is not None:
            self._voice.step(report, note)

    def cut(self, run: Simulation, report: StepReport, sentence: str) -> None:
        """Tell about a step that failed."""
        self._work.add(report)
        if self._voice is not None:
            self._voice.cut(report, sentence)

    def end(self, run: Simulation, ending: Ending | None) -> None:
        """Tell the totals."""
        how = "it failed" if ending is None else ending.value
        if self._voice is not None:
            self._voice.end(f"{how}, at time {run.problem.time:.6g}: {_words(self._work)}")
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


def _words(work: Work) -> str:
    """All in words, with shares of the seconds since the start."""
    parts = {"laws": work.laws, "assembly": work.assembly, "solver": work.solver}
    seconds = max(work.seconds, sum(parts.values()), 1e-9)
    shares = parts | {"rest": seconds - sum(parts.values())}
    told = ", ".join(f"{name} {100 * part / seconds:.0f} %" for name, part in shares.items())
    done = f"{_count(work.steps, 'step')}, {work.cut_back} cut back"
    done += f", {_count(work.iterations, 'Newton iteration')}"
    return f"{done} in {seconds:.1f} s ({told})"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
