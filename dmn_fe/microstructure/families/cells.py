"""Sections made of Voronoi cells: walls between grains, and grains of different phases.

Lengths are in voxels; see ``cut_fields``.
"""

import numpy as np

from dmn_fe.microstructure.families.noise import cut, log_uniform, smooth_noise

__all__ = ["cell_walls", "grains", "nearest_points", "pores_at_corners", "scattered_points"]

_WIDTHS = 4093  # of walls, told apart by the numbers of their cells


def cell_walls(rng: np.random.Generator, n: int) -> np.ndarray:
    """Phase 0 in the walls between cells; each wall has its own thickness."""
    size = log_uniform(rng, 10.0, 40.0)
    width = min(log_uniform(rng, 1.8, 6.0), 0.35 * size)
    spread, bend = rng.uniform(0.0, 0.4), rng.uniform(0.0, 0.08) * size
    points = scattered_points(rng, n, size, rng.uniform(0.0, 0.8), int(rng.integers(0, 3)))
    middle = _bent(rng, n, bend, size)
    distance, cell = nearest_points(points, middle, n, 2)
    apart = points[cell[..., 0]] - points[cell[..., 1]]
    apart -= n * np.rint(apart / n)
    # Distance from the plane in the middle between the two nearest points.
    to_wall = np.diff(distance**2)[..., 0] / (2.0 * np.linalg.norm(apart, axis=-1))
    widths = width * np.exp(spread * rng.standard_normal(_WIDTHS))
    wall = (cell.prod(-1, dtype=np.int64) + cell.sum(-1)) % _WIDTHS
    return (to_wall > 0.5 * np.maximum(widths[wall], 1.6)).astype(np.uint8)


def grains(rng: np.random.Generator, n: int) -> np.ndarray:
    """Cells of two or three phases, without order."""
    size, phases = log_uniform(rng, 6.0, 24.0), int(rng.integers(2, 4))
    share = rng.uniform(0.15, 1.0, phases)
    points = scattered_points(rng, n, size, rng.uniform(0.0, 0.8), int(rng.integers(0, 3)))
    middle = _bent(rng, n, rng.uniform(0.0, 0.12) * size, size)
    _, cell = nearest_points(points, middle, n, 1)
    return rng.choice(phases, len(points), p=share / share.sum()).astype(np.uint8)[cell[..., 0]]


def pores_at_corners(rng: np.random.Generator, n: int) -> np.ndarray:
    """Phase 0 in the corners where three cells meet."""
    size, fraction = log_uniform(rng, 12.0, 28.0), rng.uniform(0.1, 0.4)
    points = scattered_points(rng, n, size, 0.3, int(rng.integers(0, 3)))
    distance, _ = nearest_points(points, _bent(rng, n, 0.0, size), n, 3)
    return cut(distance[..., 2] - distance[..., 0], fraction)


def scattered_points(
    rng: np.random.Generator, n: int, size: float, crowding: float, rounds: int
) -> np.ndarray:
    """Points ``[count, 2]``, one for each square of an edge, more or less even.

    Parameters
    ----------
    rng : Generator
    n : int
        Voxels per edge of the periodic square.
    size : float
        Edge of the square that holds one point on average.
    crowding : float
        Standard deviation of the logarithm of the density, which varies over a few sizes.
    rounds : int
        How often each point moves to the middle of its cell.
    """
    count = max(round((n / size) ** 2), 6)
    field = smooth_noise(rng, n, min(2.0 * size, 0.2 * n))
    weight = np.exp(crowding * field).ravel()
    place = rng.choice(n * n, count, replace=False, p=weight / weight.sum())
    points = np.stack(np.divmod(place, n), axis=1) + rng.random((count, 2))
    points *= 1.0 - 1e-12  # the edge itself is no point of the tree
    probes = rng.uniform(0.0, n, (40 * count, 2))
    for _ in range(rounds):
        _, cell = nearest_points(points, probes, n, 1)
        offset = probes - points[cell[:, 0]]
        offset -= n * np.rint(offset / n)
        number = np.maximum(np.bincount(cell[:, 0], minlength=count), 1)
        moved = [np.bincount(cell[:, 0], part, count) / number for part in offset.T]
        points = (points + np.stack(moved, axis=1)) % n * (1.0 - 1e-12)
    return points


def nearest_points(
    points: np.ndarray, middle: np.ndarray, n: int, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Distances and numbers ``[…, count]`` of the nearest points of places ``[…, 2]``."""
    from scipy.spatial import cKDTree

    return cKDTree(points, boxsize=n).query(middle, k=list(range(1, count + 1)))


def _bent(rng: np.random.Generator, n: int, bend: float, size: float) -> np.ndarray:
    """Middles of the voxels ``[n, n, 2]``, moved by a smooth field so that walls are curved."""
    middle = np.indices((n, n)).transpose(1, 2, 0) + 0.5
    if bend > 0.0:
        fields = [smooth_noise(rng, n, max(0.4 * size, 3.0)) for _ in range(2)]
        middle = middle + bend * np.stack(fields, axis=-1)
    return middle % n
