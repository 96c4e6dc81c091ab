"""Threads that share the points, or samples, of a call of the core."""

import os
import sys
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait

__all__ = ["run_parts", "thread_count"]

_pools: dict[tuple[int, int], ThreadPoolExecutor] = {}  # of a process: they do not survive a fork


def run_parts(work: Callable[[int], int], count: int, threads: int) -> bool:
    """Whether ``work(0) … work(count − 1)``, calls of the core, all gave 0, on some threads.

    The core does not hold Python, so that the threads run side by side. ``work`` must own the
    memory it writes to: after an interrupt threads may go on for a while.
    """
    if threads == 1 or count < 2:
        return not any([work(number) for number in range(count)])
    key = os.getpid(), threads
    if key not in _pools:
        _pools[key] = ThreadPoolExecutor(threads)
    parts: list[Future[int]] = []
    try:
        for number in range(count):
            parts.append(_pools[key].submit(work, number))
        return not any([part.result() for part in parts])
    finally:
        for part in parts:  # those that an interrupt leaves
            part.cancel()
        wait(parts)


def thread_count() -> int:
    """``OMP_NUM_THREADS`` if it is set; else one under MPI, and all cores of a process alone."""
    wish = os.environ.get("OMP_NUM_THREADS", "").split(",")[0]
    if wish.isdigit() and int(wish) > 0:
        return int(wish)
    if _ranks() > 1:
        return 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _ranks() -> int:
    """Ranks of the MPI job this process belongs to; MPI is not started to find out."""
    mpi = sys.modules.get("mpi4py.MPI")
    if mpi is not None and mpi.Is_initialized() and not mpi.Is_finalized():
        return mpi.COMM_WORLD.size
    for name in ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMIX_SIZE", "MV2_COMM_WORLD_SIZE"):
        if os.environ.get(name, "").isdigit():
            return int(os.environ[name])
    return 1
