"""Medians of a few networks, with bands that say how sure they are."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.stats import spearmanr

__all__ = ["Band", "band", "rank_correlation"]

_RESAMPLES = 2000


class Band(NamedTuple):
    """Median of some values, and what is known of it.

    Attributes
    ----------
    median : float
    low, high : float
        Ends of the 90 % confidence interval of the median (bootstrap).
    least, most : float
        Range of the values.
    deviation : float
        Standard deviation of the values.
    finite, failed : int
        Number of finite values, and of the others.
    """

    median: float
    low: float
    high: float
    least: float
    most: float
    deviation: float
    finite: int
    failed: int = 0


def band(values: Sequence[float | None]) -> Band:
    """Band of values; None and what is not finite is left out."""
    found = np.array([v for v in values if v is not None and np.isfinite(v)], dtype=float)
    if not len(found):
        nan = float("nan")
        return Band(nan, nan, nan, nan, nan, nan, 0, len(values))
    rng = np.random.default_rng(0)
    medians = np.median(rng.choice(found, (_RESAMPLES, len(found))), axis=1)
    low, high = np.quantile(medians, [0.05, 0.95])
    deviation = float(found.std(ddof=1)) if len(found) > 1 else 0.0
    return Band(
        float(np.median(found)),
        float(low),
        float(high),
        float(found.min()),
        float(found.max()),
        deviation,
        len(found),
        len(values) - len(found),
    )


def rank_correlation(first: Sequence[float], second: Sequence[float]) -> float:
    """Spearman's rank correlation; not-a-number of fewer than three pairs, or of equal values."""
    if len(first) < 3 or len(set(first)) == 1 or len(set(second)) == 1:
        return float("nan")
    return float(spearmanr(first, second).statistic)
