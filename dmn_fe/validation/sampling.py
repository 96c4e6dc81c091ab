"""A few of many points, drawn so that sums over all of them are estimated well."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dmn_fe.errors import InputError

__all__ = ["Draw", "draw_by_shares", "estimate_sums"]

_UNIFORM = 0.2  # of the probability: points with little work may have large errors


@dataclass(frozen=True, eq=False)
class Draw:
    """Points that were drawn.

    Attributes
    ----------
    rows : array ``[m]`` of int
        The points, ascending.
    counts : array ``[m]`` of int
        How often each was drawn; more than once where it has a very large share.
    probability : array ``[m]``
        Of each in a single draw.
    complete : bool
        Whether these are all points, so that there is nothing to estimate.
    """

    rows: NDArray[np.int64]
    counts: NDArray[np.int64]
    probability: NDArray[np.float64]
    complete: bool


def draw_by_shares(
    shares: NDArray[np.float64], order: NDArray[np.float64], count: int, seed: int
) -> Draw:
    """Draw points, 80 % of the probability in proportion to shares and 20 % uniform.

    The draw is systematic (one random number, equal distances in the sum of probabilities over the
    points in order), so that points along the whole order are met.

    Parameters
    ----------
    shares : array ``[n]``
        Not negative, e.g. the work at each point.
    order : array ``[n]``
        What the points are put in order by.
    count : int
        Draws; if there are no more points than that, all of them are taken.
    seed : int

    Raises
    ------
    InputError
        If ``count`` is less than 2, with which there is no standard error.
    """
    n = len(shares)
    if count < 2:
        raise InputError(f"points = {count} must be 2 or more, for there to be a standard error.")
    if count >= n:
        return Draw(np.arange(n), np.ones(n, dtype=np.int64), np.full(n, 1.0 / n), True)
    total = shares.sum()
    probability = np.full(n, 1.0 / n)
    if total > 0.0:
        probability = (1.0 - _UNIFORM) * shares / total + _UNIFORM / n
    along = np.argsort(order, kind="stable")
    ends = np.cumsum(probability[along])
    marks = (np.arange(count) + np.random.default_rng(seed).random()) / count
    hits = along[np.minimum(np.searchsorted(ends, marks, side="right"), n - 1)]
    rows, counts = np.unique(hits, return_counts=True)
    return Draw(rows, counts, probability[rows], False)


def estimate_sums(
    draw: Draw, values: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sums over all points, from the values at those that were drawn, and their standard errors.

    The estimator of Hansen and Hurwitz (1943): the mean over the draws of value over probability.
    The standard error is that of independent draws; the systematic draw has usually less.

    Parameters
    ----------
    draw : Draw
    values : array ``[m, k]``
        At its points; not-a-number in rows that are to be left out, as if they were not drawn.

    Returns
    -------
    array ``[k]``, array ``[k]``
        Not-a-number if all rows are left out.
    """
    there = ~np.isnan(values).any(axis=1)
    counts, kept = draw.counts[there], values[there]
    drawn = int(counts.sum())
    if drawn == 0:
        return (np.full(values.shape[1], np.nan),) * 2
    single = kept / draw.probability[there, None]
    means = (counts[:, None] * single).sum(axis=0) / drawn
    if draw.complete and there.all():
        return means, np.zeros_like(means)
    if drawn == 1:
        return means, np.full_like(means, np.nan)
    squares = (counts[:, None] * (single - means) ** 2).sum(axis=0) / (drawn - 1)
    return means, np.sqrt(squares / drawn)
