"""The ranks of a command."""

from typing import NoReturn

from dmn_fe.cli.failure import fail_together, started_ranks
from dmn_fe.errors import InputError

__all__ = ["communicator"]


def communicator():
    """All ranks of a mpirun; None without mpi4py.

    Ends the process if mpi4py does not see all ranks that were started: each would do all work.
    """
    started = started_ranks()
    try:
        from mpi4py import MPI
    except ImportError as error:
        if started is None:
            return None
        _refuse(f"mpi4py cannot be used ({error}); mend it, or leave --ranks at 1.")
    if started not in (None, MPI.COMM_WORLD.size):
        _refuse(
            f"mpirun started {started} ranks, but mpi4py sees {MPI.COMM_WORLD.size}; install "
            "mpi4py for the MPI of this mpirun, or leave --ranks at 1."
        )
    return MPI.COMM_WORLD


def _refuse(sentence: str) -> NoReturn:
    """Every process believes to be alone, and says the same."""
    fail_together(InputError(sentence), 2, None)
