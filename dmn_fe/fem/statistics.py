"""How much work the laws had, over all points and ranks."""

from dataclasses import dataclass

import numpy as np
from mpi4py import MPI
from numpy.typing import NDArray

from dmn_fe.laws import Status, Update

__all__ = ["Count", "Statistics"]


@dataclass(frozen=True)
class Statistics:
    """Work of the laws on all ranks since the last commit or reset.

    Attributes
    ----------
    failed_points : int
        Points whose last update did not converge.
    iterations_max : int
        Most local iterations of one update of one point.
    iterations_mean : float
        Local iterations per update and point.
    seconds, seconds_mean : float
        Time in the laws, on the rank that needed most, and the mean over the ranks.
    """

    failed_points: int
    iterations_max: int
    iterations_mean: float
    seconds: float
    seconds_mean: float


@dataclass
class Count:
    """Counters of one rank."""

    failed: int = 0
    iterations_max: int = 0
    iterations_sum: int = 0
    updates: int = 0
    seconds: float = 0.0

    def add(self, update: Update, status: NDArray[np.int8]) -> None:
        """Count the points of one update, of this status ``[n]``; the caller clears ``failed``."""
        if len(status) == 0:
            return
        self.failed += int((status != Status.CONVERGED).sum())
        self.iterations_max = max(self.iterations_max, int(update.iterations.max()))
        self.iterations_sum += int(update.iterations.sum())
        self.updates += len(update.iterations)

    def over_ranks(self, comm: MPI.Comm) -> Statistics:
        """The same over all ranks (collective)."""
        failed, total, updates = (
            comm.allreduce(n) for n in (self.failed, self.iterations_sum, self.updates)
        )
        return Statistics(
            failed,
            comm.allreduce(self.iterations_max, MPI.MAX),
            total / max(updates, 1),
            comm.allreduce(self.seconds, MPI.MAX),
            comm.allreduce(self.seconds) / comm.size,
        )
