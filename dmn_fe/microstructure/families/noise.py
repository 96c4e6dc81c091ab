"""Periodic noise in the plane, and phases cut from a field."""

from collections.abc import Callable

import numpy as np

__all__ = ["cut", "filtered", "log_uniform", "noise", "smooth_noise"]


def log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    """A number from low to high; each doubling is as likely as any other."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def noise(
    rng: np.random.Generator, n: int, amplitude: Callable[[np.ndarray, np.ndarray], np.ndarray]
) -> np.ndarray:
    """Gaussian field ``[n, n]`` with the mean 0 and the standard deviation 1.

    Parameters
    ----------
    rng : Generator
    n : int
        Voxels per edge.
    amplitude : callable
        Factor of the wave numbers along both axes, in radians per voxel.
    """
    return filtered(rng.standard_normal((n, n)), amplitude)


def filtered(
    field: np.ndarray, amplitude: Callable[[np.ndarray, np.ndarray], np.ndarray]
) -> np.ndarray:
    """A field ``[n, n]`` with its amplitudes multiplied, mean 0 and standard deviation 1."""
    n = len(field)
    factor = amplitude(2.0 * np.pi * np.fft.fftfreq(n)[:, None], 2.0 * np.pi * np.fft.rfftfreq(n))
    transform = np.fft.rfft2(field) * factor
    transform[0, 0] = 0.0
    found = np.fft.irfft2(transform, s=field.shape)
    return found / found.std()


def smooth_noise(rng: np.random.Generator, n: int, length: float) -> np.ndarray:
    """Gaussian field ``[n, n]`` with the correlation ``exp(−r²/2 length²)``, length in voxels."""
    return noise(rng, n, lambda k, q: np.exp(-0.25 * (k**2 + q**2) * length**2))


def cut(field: np.ndarray, *fractions: float) -> np.ndarray:
    """Phases 0, 1, … of a field ``[n, n]`` from low to high; of all but the last, the fractions."""
    return np.digitize(field, np.quantile(field, np.cumsum(fractions))).astype(np.uint8)
