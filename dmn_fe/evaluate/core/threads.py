"""How many threads share a call of the core."""

import os
import sys

from dmn_fe.collective import ranks_of_launcher
from dmn_fe.resources import available_cores

__all__ = ["thread_count"]


def thread_count() -> int:
    """``OMP_NUM_THREADS`` if it is set; else one under MPI, and all cores of a process alone."""
    wish = os.environ.get("OMP_NUM_THREADS", "").split(",")[0]
    if wish.isdigit() and int(wish) > 0:
        return int(wish)
    if _ranks() > 1:
        return 1
    return available_cores()


def _ranks() -> int:
    """Ranks of the MPI job this process belongs to; MPI is not started to find out."""
    mpi = sys.modules.get("mpi4py.MPI")
    if mpi is not None and mpi.Is_initialized() and not mpi.Is_finalized():
        return mpi.COMM_WORLD.size
    return ranks_of_launcher()
