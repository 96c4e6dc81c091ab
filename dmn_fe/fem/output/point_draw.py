"""A random draw of points that does not depend on how ranks share them."""

import numpy as np
from mpi4py import MPI
from numpy.typing import NDArray

__all__ = ["draw_points"]


def draw_points(
    keys: NDArray[np.int64], most: int | None, seed: int, comm: MPI.Comm
) -> NDArray[np.int64]:
    """Rows of the points of this rank that were drawn (collective).

    Each point draws a lot that depends on its key and the seed alone, and the smallest lots win:
    each point is as likely as the others.

    Parameters
    ----------
    keys : array ``[n]``
        A number of each point of this rank that no other point has.
    most : int or None
        Points to draw from those of all ranks; if None, or if there are no more, all of them.
    seed : int
        Other seeds draw other points.

    Returns
    -------
    array ``[kept]``
        Ascending.
    """
    if most is None or comm.allreduce(len(keys)) <= most:
        return np.arange(len(keys))
    lots = _lots(keys, seed)
    best = np.concatenate(comm.allgather(np.sort(lots)[:most]))
    last = np.sort(best)[most - 1]  # two keys never have the same lot
    return np.flatnonzero(lots <= last)


def _lots(keys: NDArray[np.int64], seed: int) -> NDArray[np.uint64]:
    """Pseudo-random 64 bits of each key, by the finaliser of SplitMix64 (Steele, Lea, Flood 2014),
    which no version of NumPy can change under a file that is to be continued."""
    step = np.uint64(0x9E3779B97F4A7C15)
    with np.errstate(over="ignore"):  # arithmetic modulo 2^64 is meant
        z = keys.astype(np.uint64) ^ _mixed(np.array([seed], dtype=np.uint64) + step)
        return _mixed(z * step + step)


def _mixed(z: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """One to one."""
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))
