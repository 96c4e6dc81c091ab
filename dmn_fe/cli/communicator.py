"""The ranks of a command."""

__all__ = ["communicator"]


def communicator():
    """All ranks of a mpirun; None without mpi4py."""
    try:
        from mpi4py import MPI
    except ImportError:
        return None
    return MPI.COMM_WORLD
