"""Signs of life from load steps whose Newton iterations take long."""

import time
from typing import Any

from mpi4py import MPI

from dmn_fe.cli.printing import say

__all__ = ["SlowSteps"]

_SECONDS_OF_SILENCE = 20.0


class SlowSteps:
    """A monitor for SNES that prints an iteration where nothing was printed for a while.

    Parameters
    ----------
    comm : MPI.Comm
        Ranks that solve; rank 0 prints.
    """

    def __init__(self, comm: MPI.Comm):
        self._comm = comm
        self._step, self._spoken = 1, time.perf_counter()

    def begin(self, step: int) -> None:
        """Load step ``step`` begins, and something was printed just now."""
        self._step, self._spoken = step, time.perf_counter()

    def __call__(self, snes: Any, iteration: int, residual: float) -> None:
        """Called by SNES before the first and after each iteration."""
        now = time.perf_counter()
        if now - self._spoken > _SECONDS_OF_SILENCE:
            self._spoken = now
            say(
                self._comm, f"  step {self._step}: Newton iteration {iteration}, |F| {residual:.3e}"
            )
