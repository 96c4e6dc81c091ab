"""Where the optimisation starts: noise that knows how far the phases of the image reach."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

__all__ = ["gaussian_start"]

_AMPLITUDE = 0.3  # standard deviation, where the values of an indicator are 0 and 1


def gaussian_start(images: Sequence[Tensor], shape: tuple[int, ...], seed: int) -> Tensor:
    """Periodic Gaussian fields ``[k, …]`` about the volume fractions of images ``[k, h, w]``.

    In the plane they have the two-point correlation of the one image, which fades out towards half
    its edges; in space, along each direction, the mean of that of all images and directions. White
    noise instead makes the optimisation of large features end sooner in a poor minimum.
    """
    rng = np.random.default_rng(seed)
    indicators: list[np.ndarray] = [image.cpu().numpy().astype(np.float64) for image in images]
    fields = []
    for phases in zip(*indicators, strict=True):
        covariances = [_covariance(phase) for phase in phases]
        lags = covariances[0] if len(shape) == 2 else _mean([_radial(one) for one in covariances])
        spectrum = np.maximum(np.fft.fftn(_wrapped(lags, shape)).real, 0.0)
        noise = np.fft.fftn(rng.standard_normal(shape))
        fields.append(np.fft.ifftn(np.sqrt(spectrum) * noise).real)
    field = np.stack(fields)
    field = np.stack([field[1], -field[1]]) if len(field) == 2 else field - field.mean(0)
    field *= _AMPLITUDE / field.std()
    fractions = np.mean([indicator.mean((1, 2)) for indicator in indicators], axis=0)
    fractions = fractions.reshape(-1, *(1,) * len(shape))
    return torch.from_numpy((field + fractions).astype(np.float32)).to(images[0].device)


def _mean(curves: list[np.ndarray]) -> np.ndarray:
    """Mean of curves as far as the shortest goes."""
    shortest = min(map(len, curves))
    return np.mean([curve[:shortest] for curve in curves], axis=0)


def _covariance(phase: np.ndarray) -> np.ndarray:
    """Covariance of an image ``[h, w]`` at the lags (−h … h − 1, −w … w − 1), zero lag first."""
    # A window that fades out keeps opposite edges from being taken as neighbours.
    window = np.outer(*(np.hanning(edge + 2)[1:-1] for edge in phase.shape))
    shape = tuple(2 * edge for edge in phase.shape)
    transform = np.fft.fft2((phase - phase.mean()) * window, s=shape)
    return np.fft.ifft2(np.abs(transform) ** 2).real / np.square(window).sum()


def _radial(covariance: np.ndarray) -> np.ndarray:
    """Mean covariance ``[r]`` at the distances 0, 1, … up to half the image."""
    rows, columns = (np.minimum(np.arange(n), n - np.arange(n)) for n in covariance.shape)
    distance = np.rint(np.hypot(rows[:, None], columns)).astype(np.int64).ravel()
    total = np.bincount(distance, covariance.ravel()) / np.bincount(distance)
    return total[: min(covariance.shape) // 4 + 1]


def _wrapped(lags: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """The covariance at the lags of a periodic grid; zero where it is not known."""
    steps = [np.minimum(np.arange(n), n - np.arange(n)) for n in shape]
    if lags.ndim == 1:
        squares = np.meshgrid(*(step**2 for step in steps), indexing="ij")
        distance = np.sqrt(np.sum(squares, axis=0, dtype=np.float64))
        return np.interp(distance, np.arange(len(lags)), lags, right=0.0)
    signed = [np.where(np.arange(n) <= n // 2, np.arange(n), np.arange(n) - n) for n in shape]
    known = [np.abs(step) <= edge // 4 for step, edge in zip(signed, lags.shape, strict=True)]
    found = lags[np.ix_(*(step % edge for step, edge in zip(signed, lags.shape, strict=True)))]
    return np.where(known[0][:, None] & known[1], found, 0.0)
