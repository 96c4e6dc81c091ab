"""A whole run: load steps with outputs and checkpoints, until its end or until it must stop."""

import contextlib
import enum
import math
import time
from collections import deque
from collections.abc import Callable, Sequence

from mpi4py import MPI

from dmn_fe.errors import InputError
from dmn_fe.fem.checkpoint import Checkpoints
from dmn_fe.fem.path_following import PathFollowing
from dmn_fe.fem.problem import Problem
from dmn_fe.fem.report import StepReport
from dmn_fe.fem.steps import StepFailed, StepSizes

__all__ = ["Ending", "Output", "Simulation"]

# The next step may take this much longer than the longest of the last ones.
_SPARE = 1.5
# Between two checkpoints nine times as long as one takes, a tenth of all, if it takes more seconds
# than nobody minds.
_TENTH, _QUICK = 9.0, 0.1


class Ending(enum.Enum):
    """Why a run ended; every value has a sentence for a person."""

    FINISHED = "all load steps are done"
    WALL_CLOCK = "the wall clock would run out in the next step"
    STOPPED = "it was asked to stop"


class Output:
    """What a run leaves behind or tells; all methods are collective."""

    def begin(self, run: "Simulation") -> None:
        """Before the first step, or after a restart at ``run.problem.time``: what is there of later
        times belongs to steps that are lost, and goes."""

    def step(self, run: "Simulation", report: StepReport, note: str) -> None:
        """After a step that was committed; ``note`` says why the next one is of another size."""

    def cut(self, run: "Simulation", report: StepReport, sentence: str) -> None:
        """After a step that failed and is tried again in a shorter one."""

    def end(self, run: "Simulation", ending: Ending | None) -> None:
        """After the last step, however the run ends; ``None`` if it fails."""


class Simulation:
    """Load steps of a problem, with outputs and checkpoints.

    Parameters
    ----------
    problem : Problem
    sizes : StepSizes
        Where the steps end.
    outputs : sequence of Output
    checkpoints : Checkpoints, optional
    checkpoint_every : float, optional
        Seconds between two checkpoints; 0 writes one after each step. If left out, the same where
        that is quick, else as often as takes a tenth of the time.
    wall_clock : float, optional
        Seconds after which the run ends: it stops, with a checkpoint, before a step that might take
        longer.
    stop : callable, optional
        Whether to stop after the present step, e.g. because of a signal; any rank may say so.
    following : PathFollowing, optional
        Of this problem, whose load factor is then found: times are its motion.
    """

    def __init__(
        self,
        problem: Problem,
        sizes: StepSizes,
        outputs: Sequence[Output] = (),
        checkpoints: Checkpoints | None = None,
        checkpoint_every: float | None = None,
        wall_clock: float | None = None,
        stop: Callable[[], bool] | None = None,
        following: PathFollowing | None = None,
    ):
        if wall_clock is not None and not wall_clock > 0:
            raise InputError(f"wall_clock = {wall_clock} must be a positive number of seconds.")
        if checkpoint_every is not None and not checkpoint_every >= 0:
            raise InputError(f"checkpoint_every = {checkpoint_every} must not be negative.")
        self.problem, self.sizes, self.outputs = problem, sizes, list(outputs)
        self.checkpoints, self._every = checkpoints, checkpoint_every
        self._wall_clock, self._stop, self.following = wall_clock, stop, following
        self._comm: MPI.Comm = problem.qmap.comm
        self._start = self._saved = time.monotonic()
        self._begun: list[Output] = []
        self._steps_saved, self._save_seconds = problem.steps, 0.0
        self._has_begun = False
        self._last_seconds: deque[float] = deque(maxlen=5)

    def restart(self) -> None:
        """Go on from the newest checkpoint (collective).

        Raises
        ------
        InputError
            As :meth:`Checkpoints.restore`, or if that run was over time and this is along a path,
            or the other way round.
        """
        if self.checkpoints is None:
            raise InputError("a restart needs checkpoints; give their folder.")
        notes = self.checkpoints.restore(self.problem)
        self.sizes.size = float(notes.get("size", self.sizes.size))
        self.sizes.wait = int(notes.get("wait", self.sizes.wait))
        if self.following is not None:
            self.following.restore(notes)
        elif "run" in notes:
            raise InputError(
                f"{self.checkpoints.folder}: is of a path by {notes['run']}, this run goes by "
                "time; restart it as it was begun."
            )
        self._has_begun = True
        self._steps_saved = self.problem.steps

    def run(self) -> Ending:
        """All steps that are left (collective).

        Raises
        ------
        StepFailed
            On every rank, if a step does not converge; outputs and a checkpoint up to there are
            written.
        InputError, RuntimeError
            As :meth:`Problem.step`, if an output cannot be written, or if the checkpoints are of
            another run that was not finished.
        """
        if self.checkpoints is not None and not self._has_begun:
            self.checkpoints.begin(self._comm)
        self._has_begun = True
        try:
            for output in self.outputs:
                output.begin(self)
                self._begun.append(output)
            while (ending := self._ending()) is None:
                self._one_step()
        except StepFailed:  # on all ranks alike
            self._finish(None)
            raise
        except InputError:  # as well: an output or checkpoint that cannot be written, wrong loads
            self._close_outputs()
            raise
        self._finish(ending)
        return ending

    def _ending(self) -> Ending | None:
        """Whether the run ends here; all ranks agree."""
        if self.problem.time >= self.sizes.end:
            return Ending.FINISHED
        if self._comm.allreduce(self._stop is not None and self._stop(), MPI.LOR):
            return Ending.STOPPED
        left = math.inf if self._wall_clock is None else self._wall_clock - self.seconds
        too_long = left < _SPARE * max(self._last_seconds, default=0.0)
        return Ending.WALL_CLOCK if self._comm.bcast(too_long, root=0) else None

    def _one_step(self) -> None:
        start = time.monotonic()
        end = self.sizes.next(self.problem.time)
        report = (self.following or self.problem).step(end)
        self._last_seconds.append(time.monotonic() - start)
        if not report.converged:
            try:
                sentence = self.sizes.cut_back(report)
            except StepFailed:
                for output in self.outputs:
                    output.cut(self, report, report.reason)
                raise
            for output in self.outputs:
                output.cut(self, report, sentence)
            return
        note = self.sizes.after(report)
        for output in self.outputs:
            output.step(self, report, note)
        every = self._every
        if every is None:
            every = _TENTH * self._save_seconds if self._save_seconds > _QUICK else 0.0
        if self._comm.bcast(time.monotonic() - self._saved >= every, root=0):
            self._save()

    def _finish(self, ending: Ending | None) -> None:
        finished = ending is Ending.FINISHED
        if finished or self.problem.steps > self._steps_saved:
            self._save(finished)
        for output in self.outputs:
            output.end(self, ending)

    def _close_outputs(self) -> None:
        """End what has begun after an error, whose sentence is the one to be told."""
        for output in self._begun:
            with contextlib.suppress(InputError):
                output.end(self, None)

    def _save(self, finished: bool = False) -> None:
        start = time.monotonic()
        if self.checkpoints is not None:
            sizes = {"size": self.sizes.size, "wait": self.sizes.wait}
            path = {} if self.following is None else self.following.notes()
            self.checkpoints.save(self.problem, sizes | path, finished)
        self._saved, self._steps_saved = time.monotonic(), self.problem.steps
        self._save_seconds = self._saved - start

    @property
    def seconds(self) -> float:
        """Time since this run was made."""
        return time.monotonic() - self._start
