"""What outputs of whole states over time have in common."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence

from dmn_fe.collective import shared_errors
from dmn_fe.fem.output.quantities import Quantity, at_points, find_quantities
from dmn_fe.fem.output.schedule import Schedule
from dmn_fe.fem.problem import Problem
from dmn_fe.fem.report import StepReport
from dmn_fe.fem.simulation import Ending, Output, Simulation

__all__ = ["StateOutput"]


class StateOutput(Output, ABC):
    """The initial state, every so many steps or some times, and the last one, however a run ends.

    Those that inherit give :meth:`open`, :meth:`write` and perhaps :meth:`close`, all collective.

    Parameters
    ----------
    quantities : iterable of str or Quantity
        Names in :data:`~dmn_fe.fem.output.QUANTITIES`, or quantities of your own.
    every : int
        Steps from one state to the next.
    times : sequence of float, optional
        The steps that end at these times, in place of ``every``; they must be targets of the
        :class:`~dmn_fe.fem.steps.StepSizes`.
    """

    def __init__(
        self,
        quantities: Iterable[str | Quantity],
        every: int = 1,
        times: Sequence[float] | None = None,
    ):
        self.quantities = find_quantities(quantities)
        self._schedule = Schedule(every, times)
        self._last: int | None = None  # step of the last state that was written

    @abstractmethod
    def open(self, problem: Problem, kept: float | None) -> bool:
        """Start files, or continue those of a run that was restarted.

        Parameters
        ----------
        problem : Problem
        kept : float or None
            Time up to which states stay; None if it is no restart.

        Returns
        -------
        bool
            Whether there are states that stay.
        """

    @abstractmethod
    def write(self, problem: Problem) -> None:
        """Add the state of the last committed step."""

    def close(self) -> None:
        """Finish the files."""
        return

    def check(self, run: Simulation) -> None:
        """Check quantities and times (collective).

        Raises
        ------
        InputError
            On all ranks, if the problem lacks a quantity, or no step would end at a given time.
        """
        self._schedule.check(run)
        at_points(run.problem, self.quantities)

    def begin(self, run: Simulation) -> None:
        """Start or continue the files (collective).

        Raises
        ------
        InputError
            On all ranks, if they cannot be written or continued.
        """
        problem = run.problem
        stay = self.open(problem, self._schedule.kept(problem))
        due, self._last = self._schedule.due(problem), None
        if due and problem.steps == 0:
            self._add(problem)
        elif due and stay:
            self._last = problem.steps

    def step(self, run: Simulation, report: StepReport, note: str) -> None:
        """Write, if it is time to (collective).

        Raises
        ------
        InputError
            On all ranks, if the files cannot be written.
        """
        if self._schedule.due(run.problem):
            self._add(run.problem)

    def end(self, run: Simulation, ending: Ending | None) -> None:
        """Write the last state, and finish the files (collective).

        Raises
        ------
        InputError
            On all ranks, if the files cannot be written; they are finished all the same.
        """
        try:
            if self._last != run.problem.steps:
                self._add(run.problem)
        except shared_errors(run.problem.qmap.comm):
            self.close()
            raise
        self.close()

    def _add(self, problem: Problem) -> None:
        self.write(problem)
        self._last = problem.steps
