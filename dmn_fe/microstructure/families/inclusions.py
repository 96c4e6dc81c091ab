"""Sections with particles and fibres in a matrix.

Lengths are in voxels; see ``cut_fields``.
"""

from collections.abc import Callable, Sequence

import numpy as np

from dmn_fe.microstructure.families.cells import nearest_points, scattered_points
from dmn_fe.microstructure.families.noise import log_uniform, smooth_noise

__all__ = [
    "angular_particles",
    "clustered_particles",
    "ellipses",
    "fibres",
    "overlapping_disks",
    "packed_disks",
    "rings",
]

_SHAPES = 12  # sizes and angles of particles in one section

Shape = Callable[[np.ndarray, np.ndarray], np.ndarray]  # inside, of coordinates about the centre


def overlapping_disks(rng: np.random.Generator, n: int) -> np.ndarray:
    """Disks at independent places, or the rest when they are taken away."""
    radius, spread = log_uniform(rng, 2.5, 9.0), rng.uniform(0.0, 0.4)
    radii = radius * np.exp(spread * rng.standard_normal(_SHAPES))
    disks: list[Shape] = [lambda u, v, r=r: np.hypot(u, v) < r for r in radii]  # type: ignore[misc]
    return _either(rng, _union(rng, n, disks, rng.uniform(0.1, 0.9)))


def ellipses(rng: np.random.Generator, n: int) -> np.ndarray:
    """Ellipses of one proportion at independent places, aligned or in all directions."""
    width, aspect = log_uniform(rng, 2.0, 5.0), rng.uniform(1.6, 4.0)
    ellipse: Shape = lambda u, v: np.hypot(u / (aspect * width), v / width) < 1.0  # noqa: E731
    return _either(rng, _union(rng, n, _turned(rng, ellipse), rng.uniform(0.1, 0.85)))


def fibres(rng: np.random.Generator, n: int) -> np.ndarray:
    """Straight fibres in the plane, aligned or in all directions."""
    radius, half = log_uniform(rng, 1.1, 2.5), log_uniform(rng, 8.0, 28.0)
    fibre: Shape = lambda u, v: np.hypot(np.maximum(np.abs(u) - half, 0.0), v) < radius  # noqa: E731
    return _either(rng, _union(rng, n, _turned(rng, fibre), rng.uniform(0.08, 0.7)))


def angular_particles(rng: np.random.Generator, n: int) -> np.ndarray:
    """Regular triangles, squares, … hexagons at independent places."""
    radius, corners = log_uniform(rng, 3.0, 8.0), int(rng.integers(3, 7))
    angles = 2.0 * np.pi / corners * np.arange(corners)

    def polygon(u: np.ndarray, v: np.ndarray) -> np.ndarray:
        return np.max([u * np.cos(a) + v * np.sin(a) for a in angles], axis=0) < radius

    return _either(rng, _union(rng, n, _turned(rng, polygon), rng.uniform(0.1, 0.8)))


def packed_disks(rng: np.random.Generator, n: int) -> np.ndarray:
    """Disks that do not overlap; crowded ones are smaller."""
    distance, radius = _packed(rng, n)
    return _either(rng, distance < rng.uniform(0.6, 1.0) * radius)


def rings(rng: np.random.Generator, n: int) -> np.ndarray:
    """Disks that do not overlap (phase 1) with a core (phase 2)."""
    distance, radius = _packed(rng, n)
    outer, core = rng.uniform(0.75, 1.0), rng.uniform(0.4, 0.8)
    shell = distance < outer * radius
    return shell.astype(np.uint8) + (distance < core * outer * radius)


def clustered_particles(rng: np.random.Generator, n: int) -> np.ndarray:
    """Small disks in clusters; of every other section there is a binder about them (phase 2)."""
    size, radius = log_uniform(rng, 14.0, 36.0), log_uniform(rng, 1.8, 4.0)
    number, reach = rng.uniform(3.0, 10.0), rng.uniform(0.15, 0.35) * size
    parents = scattered_points(rng, n, size, 0.0, 0)
    points = np.repeat(parents, rng.poisson(number, len(parents)) + 1, axis=0)
    points = (points + reach * rng.standard_normal(points.shape)) % n * (1.0 - 1e-12)
    radii = radius * rng.uniform(0.7, 1.3, len(points))
    middle = np.indices((n, n)).transpose(1, 2, 0) + 0.5
    distance, nearest = nearest_points(points, middle, n, 3)
    gap = np.min(distance - radii[nearest], axis=-1)
    phase = (gap < 0.0).astype(np.uint8)
    if rng.random() < 0.5:
        near = gap + radius * smooth_noise(rng, n, log_uniform(rng, 2.0, 6.0))
        phase[(near < rng.uniform(0.5, 2.5) * radius) & (phase == 0)] = 2
    return phase


def _packed(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Distance of each voxel from the nearest point, and half that point's distance from others."""
    size, crowding = log_uniform(rng, 8.0, 24.0), rng.uniform(0.0, 0.5)
    points = scattered_points(rng, n, size, crowding, int(rng.integers(1, 4)))
    half = 0.5 * nearest_points(points, points, n, 2)[0][:, 1]
    middle = np.indices((n, n)).transpose(1, 2, 0) + 0.5
    distance, nearest = nearest_points(points, middle, n, 1)
    return distance[..., 0], half[nearest[..., 0]]


def _turned(rng: np.random.Generator, shape: Shape) -> list[Shape]:
    """A shape at angles that are all equal, or spread about one direction, or arbitrary."""
    spread = rng.choice([0.0, 0.3, np.pi])
    angles = rng.uniform(0.0, np.pi) + spread * rng.uniform(-1.0, 1.0, _SHAPES)

    def turned(angle: float) -> Shape:
        c, s = np.cos(angle), np.sin(angle)
        return lambda u, v: shape(c * u + s * v, c * v - s * u)

    return [turned(angle) for angle in angles]


def _union(
    rng: np.random.Generator, n: int, shapes: Sequence[Shape], fraction: float
) -> np.ndarray:
    """Where any of many particles lies that are at independent places (a Boolean model).

    As many particles as fill about the volume fraction, as often of one shape as of another.
    """
    steps = np.fft.fftfreq(n, 1.0 / n)
    stamps = [shape(steps[:, None], steps) for shape in shapes]
    area = sum(int(stamp.sum()) for stamp in stamps)
    mean = -np.log(1.0 - fraction) * n**2 / area
    covered = np.zeros((n, n // 2 + 1), dtype=complex)
    for stamp in stamps:
        places = rng.integers(0, n * n, rng.poisson(mean))
        centres = np.bincount(places, minlength=n * n).reshape(n, n).astype(float)
        covered += np.fft.rfft2(centres) * np.fft.rfft2(stamp.astype(float))
    return np.fft.irfft2(covered, s=(n, n)) > 0.5


def _either(rng: np.random.Generator, inside: np.ndarray) -> np.ndarray:
    """Particles as phase 1, or in every third section as phase 0."""
    return (inside if rng.random() < 2.0 / 3.0 else ~inside).astype(np.uint8)
