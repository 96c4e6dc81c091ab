"""From grey values to phases: by value, by given thresholds, or by thresholds from clusters."""

import logging

import numpy as np

from dmn_fe.errors import InputError

__all__ = ["MAX_GREY_VALUES", "cluster_thresholds", "phases_by_threshold", "phases_by_value"]

#: An image with more different values is a photo, and not one of labels.
MAX_GREY_VALUES = 16
_BINS = 1024


def phases_by_value(grey: np.ndarray, what: str) -> np.ndarray:
    """Phases in rising order of at most 16 grey values.

    Parameters
    ----------
    grey : array
        Integers, or floating point numbers, of any shape.
    what : str
        The file, for messages.

    Raises
    ------
    InputError
        If there are more values: an image is segmented only when that is asked for.
    """
    _check_complete(grey, what)
    values, phase = np.unique(grey, return_inverse=True)
    if len(values) > MAX_GREY_VALUES:
        middle = f"{(values[0] + values[-1].astype(float)) / 2:.4g}"
        raise InputError(
            f"{what} has {len(values)} grey values, more than {MAX_GREY_VALUES}: segment it "
            f"with thresholds (thresholds=({middle},), 'dmn-fe rve import --threshold {middle}') "
            "or clusters of grey values (clusters=2, --clusters 2)"
        )
    return phase.reshape(grey.shape)


def phases_by_threshold(grey: np.ndarray, thresholds: tuple[float, ...], what: str) -> np.ndarray:
    """The phase of a voxel is the number of thresholds below its grey value.

    Raises
    ------
    InputError
        If the thresholds do not rise, or leave a phase without voxels.
    """
    edges = np.asarray(thresholds, dtype=np.float64)
    if edges.ndim != 1 or not np.isfinite(edges).all() or (np.diff(edges) <= 0).any():
        raise InputError(f"thresholds = {thresholds}: give rising grey values, such as (80, 120)")
    _check_complete(grey, what)
    phase = np.searchsorted(edges, grey, side="left")
    counts = np.bincount(phase.ravel(), minlength=len(edges) + 1)
    if (counts == 0).any():
        raise InputError(
            f"the thresholds {tuple(thresholds)} give phase {int(np.argmin(counts))} of {what} "
            f"no voxel: choose thresholds between its grey values {grey.min()} and {grey.max()}"
        )
    return phase


def cluster_thresholds(grey: np.ndarray, clusters: int, what: str = "the image") -> tuple:
    """Thresholds between clusters of grey values that have the least variance inside.

    The exact k-means clusters in one dimension, which are those of Otsu's method, found by
    dynamic programming over the histogram. More than 1024 different values are put into 1024
    equal bins.

    Parameters
    ----------
    grey : array
        Grey values of any shape.
    clusters : int
        Number of phases, at least 2.

    Returns
    -------
    tuple of float
        The ``clusters - 1`` thresholds, each half-way between two clusters.

    References
    ----------
    Otsu, IEEE Transactions on Systems, Man, and Cybernetics 9 (1979) 62-66.
    Fisher, Journal of the American Statistical Association 53 (1958) 789-798.
    """
    _check_complete(grey, what)
    values, counts = np.unique(grey, return_counts=True)
    if len(values) > _BINS:
        counts, edges = np.histogram(grey, _BINS)
        occupied = counts > 0
        values, counts = ((edges[1:] + edges[:-1]) / 2)[occupied], counts[occupied]
    if not 2 <= clusters <= len(values):
        raise InputError(
            f"clusters = {clusters}: give a number from 2 to {len(values)}, the number of "
            f"grey values of {what}"
        )
    values = values.astype(np.float64)
    spread = _spread(values - values.mean(), counts / counts.sum())
    # cost[j]: least sum over clusters of the values before j; start: where the last one begins.
    cost, starts = spread[0], []
    for _ in range(clusters - 1):
        total = cost[:, None] + spread
        starts.append(total.argmin(axis=0))
        cost = total.min(axis=0)
    thresholds, end = [], len(values)
    for start in reversed(starts):
        end = start[end]
        thresholds.append((values[end - 1] + values[end]) / 2)
    found = tuple(float(t) for t in reversed(thresholds))
    shown = ", ".join(f"{t:g}" for t in found)
    logging.getLogger(__name__).info("%s: %d clusters, thresholds %s", what, clusters, shown)
    return found


def _spread(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weighted squared deviations from the mean of the values i, …, j - 1, as ``[i, j]``.

    Infinite unless i < j: a cluster has a value.
    """
    moments = weights[:, None] * values[:, None] ** np.arange(3)
    sums = np.concatenate([np.zeros((1, 3)), np.cumsum(moments, axis=0)])
    weight, first, second = (sums[None, :, k] - sums[:, None, k] for k in range(3))
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = second - first**2 / weight
    return np.where(np.triu(np.ones(spread.shape, dtype=bool), 1), spread, np.inf)


def _check_complete(grey: np.ndarray, what: str) -> None:
    if grey.dtype.kind not in "iubf":
        raise InputError(f"{what} holds values of type {grey.dtype}: give real numbers")
    missing = int(np.sum(~np.isfinite(grey)))
    if missing:
        raise InputError(f"{what} has {missing} voxels without a value: fill them")
