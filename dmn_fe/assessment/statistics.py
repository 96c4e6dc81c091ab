"""Medians of a few networks, with bands that say how sure they are."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.stats import binom, f, spearmanr

__all__ = ["Band", "band", "change", "rank_correlation", "scatter_change"]

_DOUBT = 0.1


class Band(NamedTuple):
    """Median of some values, and what is known of it; a failure is a value above all others.

    Attributes
    ----------
    median : float
        Infinite if half of the values or more have failed.
    low, high : float
        Ends of the confidence interval of the median; not-a-number for fewer than 5 values.
    deviation : float
        Standard deviation of the values that have not failed; not-a-number of fewer than two.
    failed, networks : int
        Number of failures, and of all values.
    """

    median: float
    low: float
    high: float
    deviation: float
    failed: int
    networks: int


def band(values: Sequence[float | None]) -> Band:
    """Band of values; None and what is not finite has failed.

    The interval is that between two order statistics, whatever the distribution: the narrowest
    that is symmetric in rank and holds the median of all networks with a probability of at least
    90 % (94 % between the least and the largest of five, 98 % between the second and the ninth of
    ten; Conover, Practical Nonparametric Statistics (1999), §3.2).
    """
    found = np.sort([v if v is not None and np.isfinite(v) else np.inf for v in values])
    finite = found[np.isfinite(found)]
    n, failed = len(found), len(found) - len(finite)
    if n == 0:
        return Band(np.nan, np.nan, np.nan, np.nan, 0, 0)
    # Values that may lie beyond either end.
    beyond = [k for k in range(1, n // 2 + 1) if 2.0 * binom.cdf(k - 1, n, 0.5) <= _DOUBT]
    low, high = (found[beyond[-1] - 1], found[-beyond[-1]]) if beyond else (np.nan, np.nan)
    deviation = float(finite.std(ddof=1)) if len(finite) > 1 else np.nan
    return Band(float(np.median(found)), float(low), float(high), deviation, failed, n)


def rank_correlation(first: Sequence[float], second: Sequence[float]) -> float:
    """Spearman's rank correlation; not-a-number of fewer than three pairs, or of equal values."""
    if len(first) < 3 or len(set(first)) == 1 or len(set(second)) == 1:
        return float("nan")
    return float(spearmanr(first, second).statistic)


def change(first: Band, last: Band) -> str:
    """How the median changes, as far as the confidence intervals tell."""
    if last.high < first.low:
        return "falls"
    return "rises" if last.low > first.high else "does not change beyond the intervals"


def scatter_change(first: Band, last: Band) -> str:
    """How the standard deviation changes, by an F-test at 90 % of those that have not failed."""
    if not (np.isfinite(first.deviation) and np.isfinite(last.deviation)):
        return "is not known"
    if _exceeds(first, last):
        return "falls"
    return "rises" if _exceeds(last, first) else "does not surely change"


def _exceeds(wide: Band, narrow: Band) -> bool:
    """Whether a variance is larger than another, by a one-sided F-test at 95 %."""
    degrees = (each.networks - each.failed - 1 for each in (wide, narrow))
    return wide.deviation > narrow.deviation * float(f.ppf(1.0 - _DOUBT / 2.0, *degrees)) ** 0.5
