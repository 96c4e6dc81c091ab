"""Ranks as threads of one process, for what ranks do together."""

import pickle
import threading
from collections.abc import Callable

__all__ = ["on_ranks", "together"]


def together(size: int) -> list:
    """Communicators of ranks that are threads of this process; they meet at a barrier."""
    barrier = threading.Barrier(size, timeout=60)
    slots = [None] * size

    class Rank:
        def __init__(self, rank):
            self.rank, self.size = rank, size

        def allgather(self, value):
            slots[self.rank] = pickle.dumps(value)  # as MPI does it
            barrier.wait()
            gathered = [pickle.loads(slot) for slot in slots]
            barrier.wait()
            return gathered

        def bcast(self, value, root=0):
            return self.allgather(value)[root]

    return [Rank(rank) for rank in range(size)]


def on_ranks(size: int, work: Callable) -> list:
    """What ``work(comm)`` returns or raises on each rank."""
    outcomes = [None] * size

    def run(comm):
        try:
            outcomes[comm.rank] = work(comm)
        except Exception as error:
            outcomes[comm.rank] = error

    threads = [threading.Thread(target=run, args=(comm,)) for comm in together(size)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return outcomes
