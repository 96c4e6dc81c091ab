"""Specific surface: area of the interface of a phase per volume of the RVE."""

import math
from itertools import product
from typing import Literal

import numpy as np

from dmn_fe.errors import InputError
from dmn_fe.microstructure.statistics.indicator import indicator, pairs_at, spacing
from dmn_fe.microstructure.voxels import VoxelRVE

__all__ = ["specific_surface"]

# Area of a smooth interface over its mean number of crossings by lines of all directions
# (Cauchy–Crofton), for RVEs that vary along one, two and three axes.
_CROFTON = {0: 0.0, 1: 1.0, 2: math.pi / 2.0, 3: 2.0}


def specific_surface(
    rve: VoxelRVE, phase: int | str, method: Literal["crofton", "faces"] = "crofton"
) -> float:
    """Area of the interface between a phase and all others per volume of the RVE.

    The faces of voxels are a staircase whose area does not converge to that of a smooth
    interface, so by default the area comes from the number of interfaces that lines cross.

    Parameters
    ----------
    rve : VoxelRVE
        Where an axis has one voxel, the RVE is constant along it, so the result of a section is
        its interface length per area; of a random section of an isotropic medium in three
        dimensions, 4/π times that is the surface of the medium.
    phase : int or str
        Number or name of the phase.
    method : str
        ``"crofton"``: twice the number of crossings per length (in a section π/2 times), averaged
        over lines through neighbouring voxels in 13 (4) directions, each weighted by the solid
        angle nearest to it. Without bias for smooth interfaces of all orientations alike; off by
        −7.3 % to +2.3 % (−5.2 % to +2.6 %) for a plane one on cubic voxels. Too small where
        features are hardly thicker than a voxel: a line can cross them between two voxels.
        ``"faces"``: area of the faces of voxels. Exact where interfaces are normal to axes; 1.5
        times (4/π times) too large for interfaces of all orientations alike, at any resolution.

    Returns
    -------
    float
        Per length, in the inverse of the unit of ``rve.size``. Faces of a window that is not
        periodic are no interface, and crossings are divided by the pairs of voxels inside it.

    Raises
    ------
    InputError
        If there is no such phase or method.
    """
    inside = indicator(rve, phase)
    wide = [axis for axis in range(3) if rve.shape[axis] > 1]
    if method == "faces":
        return float(sum(_crossings(rve, inside, step) for step in np.eye(3, dtype=int)[wide]))
    if method != "crofton":
        raise InputError(f"method = {method!r} is unknown: give 'crofton' or 'faces'")
    steps = _half_of_the_neighbours(wide)
    weights = _nearest_shares(steps * spacing(rve))
    crossings = [_crossings(rve, inside, step) for step in steps]
    return float(_CROFTON[len(wide)] * (weights @ np.array(crossings)))


def _crossings(rve: VoxelRVE, inside: np.ndarray, step: np.ndarray) -> float:
    """Interfaces per length that lines through voxels ``step`` apart cross."""
    start, end = pairs_at(inside, (int(step[0]), int(step[1]), int(step[2])), rve.periodic)
    length = float(np.linalg.norm(step * spacing(rve)))
    return np.count_nonzero(start != end) / (start.size * length)


def _half_of_the_neighbours(wide: list[int]) -> np.ndarray:
    """Steps ``[m, 3]`` to the neighbours of a voxel, one of each opposite pair."""
    ranges = [(-1, 0, 1) if axis in wide else (0,) for axis in range(3)]
    # Of a step and its opposite, the larger one has a positive first component.
    return np.array([s for s in product(*ranges) if s > (0, 0, 0)], dtype=np.int64).reshape(-1, 3)


def _nearest_shares(directions: np.ndarray) -> np.ndarray:
    """Share of all directions ``[m]`` to which each line ``[m, 3]`` is the nearest one."""
    unit = directions / np.linalg.norm(directions, axis=1, keepdims=True)
    spread = np.flatnonzero(np.abs(unit).max(axis=0, initial=0.0) > 0.0)
    if len(spread) < 2:
        return np.ones(len(unit))
    if len(spread) == 2:
        angle = np.arctan2(unit[:, spread[1]], unit[:, spread[0]]) % math.pi
        order = np.argsort(angle)
        gaps = np.diff(angle[order], append=angle[order[0]] + math.pi)
        shares = np.empty(len(unit))
        shares[order] = 0.5 * (gaps + np.roll(gaps, 1)) / math.pi
        return shares
    from scipy.spatial import SphericalVoronoi

    areas = SphericalVoronoi(np.concatenate([unit, -unit])).calculate_areas()
    return areas[: len(unit)] / areas[: len(unit)].sum()
