"""The judges: what of a phase is measured, and how far two measurements are apart, in voxels.

A judge is evidence as far as a reconstruction did not look at it: volume fractions are imposed by
each, and the two-point probability may be in its loss.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from dmn_fe.errors import InputError
from dmn_fe.microstructure.quality.isotropy import anisotropy
from dmn_fe.microstructure.quality.short_lags import short_lags
from dmn_fe.microstructure.statistics import (
    chord_lengths,
    euler_number,
    find_clusters,
    lineal_path,
    specific_surface,
    two_point_cluster,
)
from dmn_fe.microstructure.voxels import VoxelRVE

__all__ = ["JUDGES", "Judge", "Reach", "check_judges", "reach_of"]

_LONGEST = 48
_SHORT = 16


@dataclass(frozen=True)
class Reach:
    """How far the judges look.

    Parameters
    ----------
    length : int
        Number of lengths of lineal paths, chords and clusters, in voxels.
    lag : int
        Largest component of the short lags, in voxels.
    """

    length: int
    lag: int


@dataclass(frozen=True)
class Judge:
    """One statistic and its distance.

    Parameters
    ----------
    name : str
        For tables and sentences.
    measure : function of (RVE, reach)
        The statistic of phase 0, an array whose shape depends on the reach and the number of
        axes alone.
    distance : function of (difference, original)
        One number from the difference of two measurements, relative to that of the original.
    """

    name: str
    measure: Callable[[VoxelRVE, Reach], np.ndarray]
    distance: Callable[[np.ndarray, np.ndarray], float]


def reach_of(edges: list[int]) -> Reach:
    """How far to look where these are the edges, in voxels, of all that is compared."""
    return Reach(max(1, min(_LONGEST, min(edges) // 2)), max(1, min(_SHORT, min(edges) // 4)))


def _wide(rve: VoxelRVE) -> list[int]:
    return [axis for axis in range(3) if rve.shape[axis] > 1]


def _fraction(rve: VoxelRVE, reach: Reach) -> np.ndarray:
    return np.array(rve.volume_fractions[0])


def _lineal_path(rve: VoxelRVE, reach: Reach) -> np.ndarray:
    return np.stack([lineal_path(rve, 0, axis)[1][: reach.length] for axis in _wide(rve)])


def _shorter_chords(rve: VoxelRVE, reach: Reach) -> np.ndarray:
    """Share of the chords of less than 1, 2, … voxels; zero where no chord is seen."""
    shares = [chord_lengths(rve, 0, axis).probability.cumsum() for axis in _wide(rve)]
    return np.stack([np.concatenate([[0.0], share[: reach.length - 1]]) for share in shares])


def _cluster(rve: VoxelRVE, reach: Reach) -> np.ndarray:
    found = find_clusters(rve, 0)
    curves = [two_point_cluster(rve, 0, axis, found)[1] for axis in _wide(rve)]
    return np.stack([curve[: reach.length] for curve in curves])


def _surface(rve: VoxelRVE, reach: Reach) -> np.ndarray:
    return np.array(specific_surface(rve, 0))


def _euler(rve: VoxelRVE, reach: Reach) -> np.ndarray:
    """Euler number, and the number of equal disks or spheres of as much surface, per voxel.

    The Euler number of a labyrinth is nearly zero, so it has no scale of its own.
    """
    fraction, surface = rve.volume_fractions[0], specific_surface(rve, 0)
    fraction = min(fraction, 1.0 - fraction)
    number = 0.0
    if fraction > 0.0 and len(_wide(rve)) == 3:
        number = surface**3 / (36.0 * math.pi * fraction**2)
    elif fraction > 0.0:
        number = surface**2 / (4.0 * math.pi * fraction)
    return np.array([euler_number(rve, 0), number])


def _of_sum(difference: np.ndarray, original: np.ndarray) -> float:
    return float(np.abs(difference).sum() / original.sum())


def _of_mean_chord(difference: np.ndarray, original: np.ndarray) -> float:
    """Area between the distributions over the mean chord, both up to the reach."""
    return float(np.abs(difference).sum() / (1.0 - original).sum())


def _of_variance(difference: np.ndarray, original: np.ndarray) -> float:
    fraction = original.max()  # its zero lag
    return float(np.abs(difference).mean() / (fraction * (1.0 - fraction)))


def _of_number(difference: np.ndarray, original: np.ndarray) -> float:
    return float(np.abs(difference[0]) / original[1])


def _largest(difference: np.ndarray, original: np.ndarray) -> float:
    return float(np.abs(difference).max())


JUDGES = (
    Judge("volume fraction", _fraction, _largest),
    Judge("lineal path", _lineal_path, _of_sum),
    Judge("chord length", _shorter_chords, _of_mean_chord),
    Judge("two-point probability", lambda rve, reach: short_lags(rve, reach.lag), _of_variance),
    Judge("two-point cluster", _cluster, _of_sum),
    Judge("specific surface", _surface, _of_sum),
    Judge("Euler number", _euler, _of_number),
    Judge("isotropy", lambda rve, reach: anisotropy(rve, reach.lag), _largest),
)


def check_judges(in_loss: Sequence[str]) -> None:
    """Raise ``InputError`` unless all of these are names of judges."""
    known = [judge.name for judge in JUDGES]
    if not set(in_loss) <= set(known):
        raise InputError(f"in_loss = {list(in_loss)}: give some of the judges {', '.join(known)}")
