"""Shared memory through which the ranks of a node hand their points to one of them."""

import weakref

import numpy as np
from mpi4py import MPI
from numpy.typing import NDArray

__all__ = ["NodeExchange"]

_FIELDS = {
    "strain": (6, "f8"),
    "temperature": (1, "f8"),
    "stress": (6, "f8"),
    "spread": (1, "f8"),
    "tangent": (36, "f8"),
    "iterations": (1, "i4"),
    "status": (1, "i1"),
}


class NodeExchange:
    """Arrays for the points of all ranks of a group that shares memory.

    Parameters
    ----------
    comm : MPI.Intracomm
        The group; rank 0 evaluates.
    n : int
        Points of this rank.

    Attributes
    ----------
    all, own : dict of str to array ``[points, width]``
        Of all ranks, rank after rank, and the rows of this one: strain, temperature, stress,
        spread, tangent, iterations, status.
    rows : slice
        Of this rank's points among all.
    """

    def __init__(self, comm: MPI.Intracomm, n: int):
        counts = comm.allgather(n)
        first, total = sum(counts[: comm.rank]), sum(counts)
        sizes = {name: width * np.dtype(kind).itemsize for name, (width, kind) in _FIELDS.items()}
        here = sum(sizes.values()) * total if comm.rank == 0 else 0
        self._window = MPI.Win.Allocate_shared(here, 1, comm=comm)
        shared, _ = self._window.Shared_query(0)
        memory = np.frombuffer(shared, dtype=np.uint8)  # type: ignore[call-overload]
        self.rows = slice(first, first + n)
        self.all: dict[str, NDArray] = {}
        start = 0
        for name, (width, kind) in _FIELDS.items():
            end = start + sizes[name] * total
            self.all[name] = memory[start:end].view(kind).reshape(total, width)
            start = end
        self.own = {name: array[self.rows] for name, array in self.all.items()}
        self._comm = comm
        # Freed by all ranks together, so where the states that use it go, or at exit.
        self._finalizer = weakref.finalize(self, MPI.Win.Free, self._window)

    def wait(self) -> None:
        """Until all ranks have come here, and see what the others wrote before (collective)."""
        self._window.Sync()
        self._comm.Barrier()
        self._window.Sync()
