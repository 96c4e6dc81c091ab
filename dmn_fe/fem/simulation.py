"""A whole run: load steps with outputs and checkpoints, until its end or until it must stop."""

import enum
import logging
import math
import time
from collections import deque
from collections.abc import Callable, Sequence

from mpi4py import MPI

from dmn_fe.collective import shared_errors
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
_log = logging.getLogger(__name__)


class Ending(enum.Enum):
    """Why a run ended; every value has a sentence for a person."""

    FINISHED = "all load steps are done"
    WALL_CLOCK = "the wall clock would run out in the next step"
    STOPPED = "it was asked to stop"


class Output:
    """What a run leaves behind or tells; all methods are collective."""

    def check(self, run: "Simulation") -> None:
        """Before anything is written, and perhaps without a run after it: raise ``InputError`` on
        all ranks if the run lacks what this needs."""

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
        longer, outputs and checkpoint included.
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
        self._shared: tuple[type[Exception], ...] = (StepFailed, *shared_errors(self._comm))
        self._start = self._saved = time.monotonic()
        self._begun: list[Output] = []
        self._steps_saved = self._steps_told = -1  # none
        self._save_seconds = 0.0
        self._has_begun = False
        self._last_seconds: deque[float] = deque(maxlen=5)

    def restart(self) -> None:
        """Go on from the newest checkpoint (collective).

        Raises
        ------
        InputError
            As :meth:`Checkpoints.restore`.
        """
        if self.checkpoints is None:
            raise InputError("a restart needs checkpoints; give their folder.")
        notes = self.checkpoints.restore(self.problem)
        self.sizes.size, self.sizes.wait = float(notes["size"]), int(notes["wait"])
        if self.following is not None:
            self.following.restore(notes)
        self._has_begun = True
        self._steps_saved = self.problem.steps

    def check(self) -> None:
        """Check that the outputs fit the run; nothing is written (collective).

        Raises
        ------
        InputError
            On all ranks, e.g. for a probe outside of the mesh.
        """
        for output in self.outputs:
            output.check(self)

    def run(self) -> Ending:
        """All steps that are left (collective).

        Raises
        ------
        StepFailed
            On every rank, if a step does not converge; outputs and a checkpoint up to there are
            written.
        RuntimeError
            As :meth:`Problem.step`; as well.
        InputError
            As :meth:`check`, before anything is written; if the checkpoints are of another run that
            was not finished; as :meth:`Problem.step`, or if an output or checkpoint cannot be
            written: then all outputs are ended.
        """
        self.check()
        if self.checkpoints is not None and not self._has_begun:
            self.checkpoints.begin(self._comm)
        self._has_begun = True
        try:
            for output in self.outputs:
                output.begin(self)
                self._begun.append(output)
            self._steps_told = self.problem.steps
            while (ending := self._ending()) is None:
                self._one_step()
            if ending is Ending.FINISHED or self.problem.steps > self._steps_saved:
                self._save(ending is Ending.FINISHED)
        except self._shared as error:
            self._end_after(error)
            raise
        self._end_outputs(ending)
        return ending

    def _ending(self) -> Ending | None:
        """Whether the run ends here; all ranks agree."""
        if self.problem.time >= self.sizes.end:
            return Ending.FINISHED
        if self._comm.allreduce(self._stop is not None and self._stop(), MPI.LOR):
            return Ending.STOPPED
        left = math.inf if self._wall_clock is None else self._wall_clock - self.seconds
        needed = _SPARE * max(self._last_seconds, default=0.0) + self._save_seconds
        return Ending.WALL_CLOCK if self._comm.bcast(left < needed, root=0) else None

    def _one_step(self) -> None:
        """Try a step, tell the outputs, and write a checkpoint if it is time to."""
        start = time.monotonic()
        end = self.sizes.next(self.problem.time)
        report = (self.following or self.problem).step(end)
        if report.converged:
            note = self.sizes.after(report)
            for output in self.outputs:
                output.step(self, report, note)
            self._steps_told = self.problem.steps
            if self._comm.bcast(time.monotonic() - self._saved >= self._pause(), root=0):
                self._save()
        else:
            self._cut(report)
        self._last_seconds.append(time.monotonic() - start)

    def _cut(self, report: StepReport) -> None:
        try:
            sentence = self.sizes.cut_back(report)
        except StepFailed:
            for output in self.outputs:
                output.cut(self, report, report.reason)
            raise
        for output in self.outputs:
            output.cut(self, report, sentence)

    def _pause(self) -> float:
        """Seconds between two checkpoints."""
        if self._every is None:
            return _TENTH * self._save_seconds if self._save_seconds > _QUICK else 0.0
        # Where time is short, one must tell how long the last will take.
        is_unknown = self._wall_clock is not None and self._save_seconds == 0.0
        return 0.0 if is_unknown else self._every

    def _end_outputs(self, ending: Ending | None) -> None:
        """End all outputs that have begun, and raise the first error."""
        errors = []
        try:
            while self._begun:
                try:
                    self._begun.pop(0).end(self, ending)
                except self._shared as error:
                    errors.append(error)
            if errors:
                raise errors[0]
        finally:
            errors.clear()  # or frame and error would hold each other, see RaiseTogether

    def _end_after(self, first: Exception) -> None:
        """Keep what is there after an error, whose sentence is the one to be told."""
        is_input = isinstance(first, InputError)  # such as a full disk
        actions: list[Callable[[], None]] = [lambda: self._end_outputs(None)]
        if not is_input and self._outputs_know_all():
            actions.insert(0, self._save)
        for action in actions:
            try:
                action()
            except self._shared as error:
                if not is_input and self._comm.rank == 0:
                    _log.error("%s", error)

    def _outputs_know_all(self) -> bool:
        """Whether there are steps without a checkpoint, and outputs were told of the last one: a
        restart would not tell them."""
        return 0 < self.problem.steps == self._steps_told > self._steps_saved

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
