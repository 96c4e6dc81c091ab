"""Ranks that work together."""

from mpi4py import MPI

from dmn_fe.doctor.finding import Finding

__all__ = ["check"]

_RANKS = 2
_OTHER_MPI = (
    "mpi4py is built for another MPI than this mpirun: install both from one place, and look which "
    "mpirun comes first on PATH."
)


def check() -> Finding | None:
    """Two ranks see each other, and agree on a sum; rank 0 tells."""
    comm = MPI.COMM_WORLD
    if comm.size != _RANKS:
        text = f"mpirun started {_RANKS} ranks, but mpi4py sees {comm.size}"
        return Finding("failed", text, _OTHER_MPI, values={"ranks": comm.size})
    ranks, total = comm.allgather(comm.rank), comm.allreduce(comm.rank + 1)
    if ranks != [0, 1] or total != 3:
        text = f"ranks [0, 1] are seen as {ranks}, and 1 + 2 is {total}"
        return Finding("failed", text, _OTHER_MPI, values={"ranks": ranks})
    return Finding("ok", "two ranks see each other and agree on a sum") if comm.rank == 0 else None
