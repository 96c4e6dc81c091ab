"""Measures what ranks pay to communicate, and the memory bandwidth that they share."""

import pickle
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from mpi4py import MPI

__all__ = ["measure_messages"]

COMM = MPI.COMM_WORLD
SIZES = (8, 64, 512, 4096, 32768, 262144, 2097152)  # bytes of a message
VECTOR = 8_000_000  # numbers, more than caches hold


def measure_messages() -> dict[str, Any]:
    """Messages between the first and the last rank, sums over all, and copies (collective).

    Returns
    -------
    dict
        JSON values in seconds and bytes per second.
    """
    small, number = np.zeros(1), np.zeros(1)
    return {
        "message": {str(size): _message(size) for size in SIZES} if COMM.size > 1 else {},
        "allreduce": _best(lambda: COMM.Allreduce(small, number), 200),
        "allgather of objects": _best(lambda: COMM.allgather(None), 100),
        "unpickle": _unpickle(),
        "memory bandwidth": _bandwidth(),
    }


def _message(size: int) -> float:
    """Seconds of one way of a message of this many bytes, half of there and back."""
    buffer, last = np.zeros(size, dtype=np.uint8), COMM.size - 1

    def there_and_back() -> None:
        if COMM.rank == 0:
            COMM.Send(buffer, last)
            COMM.Recv(buffer, last)
        elif COMM.rank == last:
            COMM.Recv(buffer, 0)
            COMM.Send(buffer, 0)

    return 0.5 * _best(there_and_back, 200 if size < 100_000 else 30)


def _best(call: Callable[[], Any], repeats: int) -> float:
    """Seconds of a call on the rank that needs most, in the quickest of a few rounds."""
    rounds = []
    for _ in range(5):
        COMM.barrier()
        start = time.perf_counter()
        for _ in range(repeats):
            call()
        rounds.append((time.perf_counter() - start) / repeats)
    return COMM.allreduce(min(rounds), MPI.MAX)


def _unpickle() -> float:
    """Seconds to read the answer of one rank in an allgather of objects."""
    answers = [pickle.dumps(None)] * 20_000  # what a rank without an error answers
    start = time.perf_counter()
    for one in answers:
        pickle.loads(one)
    return (time.perf_counter() - start) / len(answers)


def _bandwidth() -> float:
    """Bytes per second of a rank when all ranks add vectors, two read and one written."""
    a, b, c = (np.ones(VECTOR) for _ in range(3))
    seconds = _best(lambda: np.add(a, b, out=c), 3)
    return 3 * a.nbytes / seconds
