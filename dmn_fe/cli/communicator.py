"""The ranks of a command."""

import os

from dmn_fe.cli.launch import RANKS, fail_together
from dmn_fe.errors import InputError

__all__ = ["communicator"]


def communicator():
    """All ranks of a mpirun; None without mpi4py.

    Ends the process if mpi4py does not see all ranks that were started: each would do all work.
    """
    try:
        from mpi4py import MPI
    except ImportError:
        return None
    ranks = os.environ.get(RANKS)
    if ranks is not None and MPI.COMM_WORLD.size != int(ranks):
        sentence = (
            f"mpirun started {ranks} ranks, but mpi4py sees {MPI.COMM_WORLD.size}; install mpi4py "
            "for the MPI of this mpirun, or leave --ranks at 1."
        )
        fail_together(InputError(sentence), 2, MPI.COMM_WORLD.rank)
    return MPI.COMM_WORLD
