"""A whole run: load steps with outputs and checkpoints, until its end or until it must stop."""

import enum
import logging
from collections.abc import Callable, Sequence

from mpi4py import MPI

from dmn_fe.collective import shared_errors
from dmn_fe.errors import InputError
from dmn_fe.fem.checkpoint import Checkpoints
from dmn_fe.fem.path_following import PathFollowing
from dmn_fe.fem.problem import Problem
from dmn_fe.fem.report import StepReport
from dmn_fe.fem.run_clock import RunClock
from dmn_fe.fem.steps import StepFailed, StepSizes

__all__ = ["Ending", "Output", "Simulation"]

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
        self.problem, self.sizes, self.outputs = problem, sizes, list(outputs)
        self.checkpoints, self.following, self._stop = checkpoints, following, stop
        self._clock = RunClock(wall_clock, checkpoint_every)
        self._comm: MPI.Comm = problem.qmap.comm
        self._shared: tuple[type[Exception], ...] = (StepFailed, *shared_errors(self._comm))
        self._begun: list[Output] = []
        self._steps_saved = self._steps_told = -1  # none
        self._has_begun = False

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

    @property
    def finished(self) -> bool:
        """Whether all load steps are done."""
        return self.problem.time >= self.sizes.end

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
        if self.finished:
            return Ending.FINISHED
        if self._comm.allreduce(self._stop is not None and self._stop(), MPI.LOR):
            return Ending.STOPPED
        runs_out = self._comm.bcast(self._clock.runs_out(), root=0)
        return Ending.WALL_CLOCK if runs_out else None

    def _one_step(self) -> None:
        """Try a step, tell the outputs, and write a checkpoint if it is time to."""
        start = self.seconds
        end = self.sizes.next(self.problem.time)
        report = (self.following or self.problem).step(end)
        if report.converged:
            note = self.sizes.after(report)
            for output in self.outputs:
                output.step(self, report, note)
            self._steps_told = self.problem.steps
            if self._comm.bcast(self._clock.save_is_due(), root=0):
                self._save()
        else:
            self._cut(report)
        self._clock.stepped(start)

    def _cut(self, report: StepReport) -> None:
        try:
            sentence = self.sizes.cut_back(report)
        except StepFailed:
            for output in self.outputs:
                output.cut(self, report, report.reason)
            raise
        for output in self.outputs:
            output.cut(self, report, sentence)

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
        start = self.seconds
        if self.checkpoints is not None:
            sizes = {"size": self.sizes.size, "wait": self.sizes.wait}
            path = {} if self.following is None else self.following.notes()
            self.checkpoints.save(self.problem, sizes | path, finished)
        self._clock.saved(start)
        self._steps_saved = self.problem.steps

    @property
    def seconds(self) -> float:
        """Time since this run was made."""
        return self._clock.seconds
