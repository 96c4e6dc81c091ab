"""Sections that are nearly right: what an encoder has to tell from real ones.

Every function takes where a phase is in a periodic section, a bool array ``[n, n]``, and gives
another one with the same number of voxels in the phase. Each shows one of the faults that
reconstructions have.
"""

from collections.abc import Callable

import numpy as np
from scipy import ndimage

from dmn_fe.microstructure.families.noise import smooth_noise

__all__ = ["CORRUPTIONS"]


def _gaussian_copy(phase: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Cut from a Gaussian field with the spectrum of the section: the same two-point function
    before the cut, no shapes."""
    amplitude = np.abs(np.fft.rfft2(phase - phase.mean()))
    noise = np.fft.rfft2(rng.standard_normal(phase.shape))
    return _highest(np.fft.irfft2(amplitude * noise / np.abs(noise), s=phase.shape), phase)


def _ragged(phase: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Voxels at the interfaces exchanged at random."""
    soft = _blurred(phase, rng.uniform(0.5, 1.0))
    return _highest(soft + rng.uniform(0.08, 0.3) * rng.standard_normal(phase.shape), phase)


def _thin_here_thick_there(phase: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Interfaces moved to and fro by a smooth field, so that thin walls break and merge."""
    soft = _blurred(phase, rng.uniform(0.4, 0.9))
    strength = rng.uniform(0.3, 0.9) * soft.std()
    return _highest(soft + strength * smooth_noise(rng, len(phase), rng.uniform(2.0, 7.0)), phase)


def _rounded(phase: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Small and thin parts gone."""
    return _highest(_blurred(phase, rng.uniform(1.2, 2.5)), phase)


def _broken(phase: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Holes at random places of the rarer phase, its voxels put on to its surface elsewhere."""
    rare = phase if phase.mean() < 0.5 else ~phase
    radius, places = rng.uniform(1.5, 4.0), np.flatnonzero(rare)
    count = max(4, int(rng.uniform(0.02, 0.2) * len(places) / (3.0 * radius**2)))
    far = np.ones(phase.size, dtype=bool)
    far[rng.choice(places, count)] = False
    # Padded with what is across the edges.
    distance = ndimage.distance_transform_edt(np.pad(far.reshape(phase.shape), 8, mode="wrap"))
    hole = distance[8:-8, 8:-8] < radius
    broken = _highest(_blurred(rare, 0.8) - 2.0 * hole, rare)
    return broken if rare is phase else ~broken


def _warped(phase: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Every place moved by a smooth field: what was straight or regular no longer is."""
    n, length = len(phase), rng.uniform(3.5, 11.0)
    move = rng.uniform(0.18, 0.42) * length
    place = np.indices((n, n)) + move * np.stack([smooth_noise(rng, n, length) for _ in range(2)])
    return _highest(_at(phase, place), phase)


def _shuffled(phase: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Square patches in random order: right inside, wrong where they meet."""
    n = len(phase)
    edge = int(rng.choice([edge for edge in (8, 16, 32) if n % edge == 0]))
    count = n // edge
    patches = phase.reshape(count, edge, count, edge).swapaxes(1, 2).reshape(-1, edge, edge)
    shuffled = patches[rng.permutation(count**2)].reshape(count, count, edge, edge)
    return shuffled.swapaxes(1, 2).reshape(n, n)


def _stretched(phase: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Too large or too small along one axis or both; a seam stays where the edges no longer fit."""
    n, factor, axis = len(phase), rng.choice([1 / 1.3, 1 / 1.18, 1.18, 1.3]), int(rng.integers(3))
    factors = np.array([factor if axis != 1 else 1.0, factor if axis != 0 else 1.0])
    return _highest(_at(phase, np.indices((n, n)) * factors[:, None, None]), phase)


#: All kinds: functions of the section and a random generator.
CORRUPTIONS: tuple[Callable[[np.ndarray, np.random.Generator], np.ndarray], ...] = (
    _gaussian_copy,
    _ragged,
    _thin_here_thick_there,
    _rounded,
    _broken,
    _warped,
    _shuffled,
    _stretched,
)


def _blurred(phase: np.ndarray, width: float) -> np.ndarray:
    return ndimage.gaussian_filter(phase.astype(np.float64), width, mode="wrap")


def _at(phase: np.ndarray, place: np.ndarray) -> np.ndarray:
    """The section at places ``[2, n, n]`` between its voxels."""
    return ndimage.map_coordinates(phase.astype(np.float64), place, order=1, mode="grid-wrap")


def _highest(field: np.ndarray, phase: np.ndarray) -> np.ndarray:
    """The voxels where a field is highest, as many as the phase has."""
    count, flat = int(phase.sum()), field.ravel()
    # Blurring leaves many equal values: by their order they would be taken from one side.
    order = np.lexsort((np.random.default_rng(0).random(flat.size), -flat))
    highest = np.zeros(flat.size, dtype=bool)
    highest[order[:count]] = True
    return highest.reshape(phase.shape)
