"""Micrographs of structures whose phases are known."""

import numpy as np
from scipy.ndimage import gaussian_filter

__all__ = ["blobs", "disks", "grey_photo", "rows_of", "seen"]


def blobs(nx: int, ny: int, phases: int = 2, seed: int = 0, length: float = 4.0) -> np.ndarray:
    """Phases ``[nx, ny]`` of a periodic Gaussian field cut into equal shares."""
    field = gaussian_filter(np.random.default_rng(seed).normal(size=(nx, ny)), length, mode="wrap")
    levels = np.quantile(field, np.arange(1, phases) / phases)
    return np.searchsorted(levels, field.ravel()).reshape(nx, ny)


def disks(
    nx: int, ny: int, radius: float = 8.0, count: int = 40, seed: int = 0, phases: int = 2
) -> np.ndarray:
    """Phases ``[nx, ny]`` of disks that are cut by the edges and may lie upon each other."""
    centres = np.random.default_rng(seed).uniform((0, 0), (nx, ny), (count, 2))
    x, y = np.mgrid[:nx, :ny]
    phase = np.zeros((nx, ny), dtype=int)
    for number, (a, b) in enumerate(centres):
        phase[(x - a) ** 2 + (y - b) ** 2 <= radius**2] = 1 + number % (phases - 1)
    return phase


def grey_photo(phase: np.ndarray, blur: float = 1.0, noise: float = 6.0, seed: int = 0):
    """Grey values of phases, 70 apart, with blur and noise."""
    grey = gaussian_filter(60.0 + 70.0 * phase, blur)
    grey += noise * np.random.default_rng(seed).normal(size=phase.shape)
    return np.clip(np.rint(grey), 0, 255).astype(np.uint8)


def rows_of(pixels: np.ndarray) -> np.ndarray:
    """Pixels ``[nx, ny, …]`` as image files hold them: rows from the upper edge down."""
    return np.ascontiguousarray(np.swapaxes(pixels[:, ::-1], 0, 1))


def seen(rows: np.ndarray) -> np.ndarray:
    """The inverse of :func:`rows_of`."""
    return np.swapaxes(rows, 0, 1)[:, ::-1]
