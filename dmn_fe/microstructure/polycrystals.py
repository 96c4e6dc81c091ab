"""Voronoi polycrystals: grains of one phase with their own orientations."""

import numpy as np

from dmn_fe.errors import InputError
from dmn_fe.microstructure.arguments import check_counts, check_seed
from dmn_fe.microstructure.periodic import nearest_image
from dmn_fe.microstructure.rotations import random_rotations
from dmn_fe.microstructure.voxels import VoxelRVE

__all__ = ["voronoi_polycrystal"]


def voronoi_polycrystal(
    voxels: int = 64, count: int = 50, lloyd_steps: int = 0, seed: int = 0
) -> VoxelRVE:
    """Periodic Voronoi cells of random points, each with a random orientation.

    Parameters
    ----------
    voxels : int
        Voxels per edge of the periodic cube.
    count : int
        Number of grains.
    lloyd_steps : int
        How often the points move to the centroids of their cells (Lloyd's algorithm): grains
        become rounder and of more equal size.
    seed : int
        Seed of points and orientations.

    Returns
    -------
    VoxelRVE
        One phase, ``grain``, shape ``[voxels, voxels, voxels]``; ``orientation_index`` is the
        number of the grain, ``orientations[i]`` its crystal axes, uniform over all orientations.

    Raises
    ------
    InputError
        If a grain has no voxel, or a number makes no sense.
    """
    check_seed(seed)
    check_counts(voxels=voxels, count=count)
    if not isinstance(lloyd_steps, int) or lloyd_steps < 0:
        raise InputError(f"lloyd_steps = {lloyd_steps} must be a whole number, zero or above")
    rng = np.random.default_rng(seed)
    points = rng.uniform(0.0, voxels, (count, 3))
    middle = np.indices((voxels,) * 3).reshape(3, -1).T + 0.5
    grain = _nearest(points, middle, voxels)
    for _ in range(lloyd_steps):
        points = _centroids(points, middle, grain, voxels)
        grain = _nearest(points, middle, voxels)
    _check_grains(grain, count)
    return VoxelRVE(
        np.zeros((voxels,) * 3, dtype=np.uint8),
        ("grain",),
        orientations=random_rotations(count, rng),
        orientation_index=grain.reshape((voxels,) * 3),
    )


def _nearest(points: np.ndarray, middle: np.ndarray, edge: int) -> np.ndarray:
    """Which of the points is nearest to each voxel's centre, ``[n]``, in the periodic cube."""
    from scipy.spatial import cKDTree

    return cKDTree(points, boxsize=edge).query(middle)[1]


def _centroids(points: np.ndarray, middle: np.ndarray, grain: np.ndarray, edge: int) -> np.ndarray:
    _check_grains(grain, len(points))
    offset = nearest_image(middle - points[grain], edge)
    sums = [np.bincount(grain, offset[:, axis], len(points)) for axis in range(3)]
    moved = points + np.stack(sums, axis=1) / np.bincount(grain, minlength=len(points))[:, None]
    # Rounding may leave the edge itself, which the tree does not take.
    moved %= edge
    return np.where(moved < edge, moved, 0.0)


def _check_grains(grain: np.ndarray, count: int) -> None:
    empty = np.flatnonzero(np.bincount(grain, minlength=count) == 0)
    if len(empty):
        raise InputError(
            f"{len(empty)} of {count} grains have no voxel: use more voxels or fewer grains"
        )
