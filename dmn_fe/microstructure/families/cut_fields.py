"""Sections cut from random fields: Gaussian ones, labyrinths and layers.

Every function draws the parameters of one material from a generator, and a section of it with
n × n voxels. Lengths are in voxels: more voxels show more of a material of the same kind.
"""

from collections.abc import Callable

import numpy as np

from dmn_fe.microstructure.families.noise import cut, filtered, log_uniform, noise, smooth_noise

__all__ = [
    "anisotropic_field",
    "bicontinuous_field",
    "field_walls",
    "gaussian_three_phases",
    "gaussian_two_phases",
    "labyrinth",
    "wavy_layers",
]


def gaussian_two_phases(rng: np.random.Generator, n: int) -> np.ndarray:
    """A Gaussian field, smooth or rough, cut at one level."""
    return cut(_gaussian(rng, n), rng.uniform(0.1, 0.9))


def gaussian_three_phases(rng: np.random.Generator, n: int) -> np.ndarray:
    """One Gaussian field cut at two levels, or two fields, one phase over the other."""
    first, second = rng.uniform(0.15, 0.45, 2)
    field = _gaussian(rng, n)
    if rng.random() < 0.5:
        return cut(field, first, second)
    over = cut(_gaussian(rng, n), 1.0 - first)
    return np.where(over, 2, cut(field, 1.0 - second)).astype(np.uint8)


def anisotropic_field(rng: np.random.Generator, n: int) -> np.ndarray:
    """A Gaussian field stretched along one direction, cut at one level."""
    angle, length = rng.uniform(0.0, np.pi), log_uniform(rng, 1.5, 5.0)
    stretch, fraction = log_uniform(rng, 2.0, 5.0), rng.uniform(0.1, 0.9)

    def amplitude(k: np.ndarray, q: np.ndarray) -> np.ndarray:
        along = stretch * (k * np.cos(angle) + q * np.sin(angle))
        across = q * np.cos(angle) - k * np.sin(angle)
        return np.exp(-0.25 * length**2 * (along**2 + across**2))

    return cut(noise(rng, n, amplitude), fraction)


def bicontinuous_field(rng: np.random.Generator, n: int) -> np.ndarray:
    """A field of one wavelength, cut at one level, as after a spinodal decomposition."""
    band = _band(log_uniform(rng, 7.0, 22.0), rng.uniform(0.08, 0.3))
    fraction = rng.uniform(0.25, 0.75)
    return cut(noise(rng, n, band), fraction)


def field_walls(rng: np.random.Generator, n: int) -> np.ndarray:
    """Phase 0 where a smooth Gaussian field is nearly zero: closed winding walls."""
    fraction, length = rng.uniform(0.12, 0.5), log_uniform(rng, 4.0, 9.0)
    return cut(np.abs(smooth_noise(rng, n, length)), fraction)


def labyrinth(rng: np.random.Generator, n: int) -> np.ndarray:
    """Stripes that turn and branch like those of a block copolymer, near one half of each phase."""
    band = _band(log_uniform(rng, 4.5, 14.0), 0.12)
    fraction, rounds = rng.uniform(0.38, 0.62), int(rng.integers(3, 25))
    field = noise(rng, n, band)
    for _ in range(rounds):  # the more, the longer and the more regular the stripes are
        field = filtered(np.tanh(2.0 * field), band)
    return cut(field + 0.15 * rng.uniform() * smooth_noise(rng, n, 1.0), fraction)


def wavy_layers(rng: np.random.Generator, n: int) -> np.ndarray:
    """Layers of one direction and wavelength, more or less wavy and of varying thickness."""
    angle, wavelength = rng.uniform(0.0, np.pi), log_uniform(rng, 6.0, 24.0)
    length, waviness = log_uniform(rng, 8.0, 24.0), rng.uniform(0.3, 1.6)
    fraction, roughness = rng.uniform(0.15, 0.85), rng.uniform(0.0, 0.4)
    # Whole numbers of waves along both axes, so that the layers go on across the edges.
    waves = np.rint(n / wavelength * np.array([np.cos(angle), np.sin(angle)]))
    rows, columns = np.indices((n, n)) * (2.0 * np.pi / n)
    phase = waves[0] * rows + waves[1] * columns + waviness * smooth_noise(rng, n, length)
    return cut(np.cos(phase) + roughness * smooth_noise(rng, n, 0.3 * wavelength), fraction)


def _gaussian(rng: np.random.Generator, n: int) -> np.ndarray:
    """A field with a smooth or a rough spectrum."""
    if rng.random() < 0.5:
        return smooth_noise(rng, n, log_uniform(rng, 1.5, 7.0))
    length, power = log_uniform(rng, 3.0, 8.0), rng.uniform(1.0, 2.5)

    def amplitude(k: np.ndarray, q: np.ndarray) -> np.ndarray:
        square = k**2 + q**2
        # The first factor takes the wave numbers away that the voxels do not resolve.
        return np.exp(-0.5 * square) * (1.0 + square * length**2) ** -power

    return noise(rng, n, amplitude)


def _band(
    wavelength: float, relative_width: float
) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """Amplitudes of wave numbers near that of a wavelength."""
    middle = 2.0 * np.pi / wavelength
    return lambda k, q: np.exp(
        -(((np.hypot(k, q) - middle) / (2.0 * relative_width * middle)) ** 2)
    )
