"""Medians of a few networks, how sure they are, and whether those of others differ."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.stats import binom, combine_pvalues, kendalltau, linregress, mannwhitneyu, spearmanr

__all__ = [
    "Band",
    "band",
    "differ_on_some",
    "exceeds",
    "rank_correlation",
    "scatter_trend",
    "trend",
]

_OUTSIDE = 0.1  # probability that an interval does not hold the median
_RISK = 0.05  # of a test that tells apart what is alike


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
    failed : int
        Number of failures.
    values : tuple of float
        All values in ascending order; those that have failed are infinite.
    """

    median: float
    low: float
    high: float
    deviation: float
    failed: int
    values: tuple[float, ...]


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
        return Band(np.nan, np.nan, np.nan, np.nan, 0, ())
    # Values that may lie beyond either end.
    beyond = [k for k in range(1, n // 2 + 1) if 2.0 * binom.cdf(k - 1, n, 0.5) <= _OUTSIDE]
    low, high = (found[beyond[-1] - 1], found[-beyond[-1]]) if beyond else (np.nan, np.nan)
    deviation = float(finite.std(ddof=1)) if len(finite) > 1 else np.nan
    every = tuple(float(v) for v in found)
    return Band(float(np.median(found)), float(low), float(high), deviation, failed, every)


def rank_correlation(first: Sequence[float], second: Sequence[float]) -> float:
    """Spearman's rank correlation; not-a-number of fewer than three pairs, or of equal values."""
    if len(first) < 3 or len(set(first)) == 1 or len(set(second)) == 1:
        return float("nan")
    return float(spearmanr(first, second).statistic)


def exceeds(first: Band, second: Band, tests: int = 1) -> bool:
    """Whether networks have a larger error than others, by a rank test (Mann and Whitney).

    It takes the networks for independent, and holds for any distribution of their errors. Either
    of two may be the larger one, so each side has half of the risk; ``tests`` share it, of which
    none is to be wrong.
    """
    return _doubt(first, second) <= _RISK / 2.0 / tests


def differ_on_some(pairs: Sequence[tuple[Band, Band]]) -> bool:
    """Whether the first of two has the larger error on at least one of several RVEs: the rank
    tests of all, joined by Fisher's method (Statistical Methods for Research Workers, §21.1)."""
    return bool(combine_pvalues([_doubt(*pair) for pair in pairs]).pvalue <= _RISK / 2.0)


def _doubt(first: Band, second: Band) -> float:
    """Probability of errors that are as much larger by chance."""
    if not first.values or not second.values:
        return 1.0
    p = float(mannwhitneyu(first.values, second.values, alternative="greater").pvalue)
    return p if np.isfinite(p) else 1.0  # all are equal


def trend(sizes: Sequence[float], bands: Sequence[Band]) -> str:
    """How the error changes with a size, by a rank test (Kendall) of all networks."""
    pairs = [(size, v) for size, b in zip(sizes, bands, strict=True) for v in b.values]
    test = kendalltau(*zip(*pairs, strict=True))
    return _direction(test.statistic, test.pvalue)


def scatter_trend(bands: Sequence[Band]) -> str:
    """How the distance from the median changes along a row of sizes, of networks that have not
    failed: Levene's test with the median, as a regression over the number in the row.

    A rank test of these distances would call skewed errors different too often.
    """
    known = [[v for v in own.values if np.isfinite(v)] for own in bands]
    pairs = [(n, abs(v - np.median(values))) for n, values in enumerate(known) for v in values]
    if len({number for number, _ in pairs}) < 2:
        return "is not known"
    test = linregress(*zip(*pairs, strict=True))
    return _direction(test.slope, test.pvalue)


def _direction(slope: float, p: float) -> str:
    if not p <= _RISK:  # nor where it is not a number: all alike
        return "does not surely change"
    return "falls" if slope < 0.0 else "rises"
