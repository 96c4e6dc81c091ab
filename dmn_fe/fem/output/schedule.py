"""After which steps something is written."""

from collections.abc import Sequence

import numpy as np

from dmn_fe.errors import InputError
from dmn_fe.fem.problem import Problem
from dmn_fe.fem.simulation import Simulation

__all__ = ["Schedule"]


class Schedule:
    """Every so many steps, or at given times.

    Parameters
    ----------
    every : int
        Steps from one to the next; the initial state comes first.
    times : sequence of float, optional
        The steps that end at these times, in place of ``every``.
    """

    def __init__(self, every: int = 1, times: Sequence[float] | None = None):
        if isinstance(every, bool) or not isinstance(every, int) or every < 1:
            raise InputError(f"every = {every!r} must be a whole number of steps from 1.")
        self._every = every
        self._times = None if times is None else {float(t) for t in times}

    def check(self, run: Simulation) -> None:
        """Raise ``InputError`` if no step would end at a time that is still to come."""
        for t in sorted(self._times or ()):
            if t > run.problem.time and t not in run.sizes.targets:
                raise InputError(
                    f"no step has to end at t = {t}, when fields are to be written; give this time "
                    "to the targets of the StepSizes."
                )

    def due(self, problem: Problem) -> bool:
        """Whether to write after the last committed step."""
        if self._times is not None:
            return problem.time in self._times
        return problem.steps % self._every == 0

    def kept(self, problem: Problem) -> float | None:
        """Time up to which a restart keeps what is there; None if all steps are to come.

        A state that is not due was written only because the run ended there, and goes: the restart
        leaves what one run would have left.
        """
        if problem.steps == 0:
            return None
        return problem.time if self.due(problem) else float(np.nextafter(problem.time, -np.inf))
