"""How far the two-point probabilities of images are from those of a target image."""

import torch
from torch import Tensor

__all__ = ["PairLoss"]

_REACH = 16  # pixels


class PairLoss:
    """Distance of the two-point probabilities of all phases at short lags from a target's.

    Parameters
    ----------
    target : Tensor ``[k, h, w]``
        Indicators of the phases; pairs are counted inside the image.
    """

    def __init__(self, target: Tensor):
        h, w = target.shape[1:]
        self._reach = min(_REACH, h // 4, w // 4)
        hits = _correlation(target[None], (2 * h, 2 * w)) * (4 * h * w)
        self._steps = torch.arange(-self._reach, self._reach + 1, device=target.device)
        steps = self._steps.abs()
        self._target = self._at_lags(hits) / ((h - steps)[:, None] * (w - steps))
        # Without order at any distance it is the square of the volume fraction.
        self._disorder = target.mean((1, 2))[:, None, None].square()

    def __call__(self, indicator: Tensor, pooled: bool = False) -> Tensor:
        """Losses ``[n]`` of periodic images ``[n, k, h, w]``, pooled ``[1]``."""
        h, w = indicator.shape[2:]
        found = self._at_lags(_correlation(indicator, (h, w)))
        if pooled:
            found = found.mean(0, keepdim=True)
        # From half an edge on, lags of a periodic image are those to the other side.
        seen = (self._steps.abs() <= h // 2)[:, None] & (self._steps.abs() <= w // 2)
        error = torch.where(seen, found - self._target, 0.0).square().sum((1, 2, 3))
        order = torch.where(seen, self._target - self._disorder, 0.0).square().sum()
        return error / order

    def _at_lags(self, correlation: Tensor) -> Tensor:
        """The values ``[n, k, 2 r + 1, 2 r + 1]`` at lags from −r to r."""
        rows, columns = (self._steps % edge for edge in correlation.shape[2:])
        return correlation[..., rows[:, None], columns]


def _correlation(indicator: Tensor, shape: tuple[int, int]) -> Tensor:
    """Periodic autocorrelation of images ``[…, h, w]`` after padding with zeros to a shape."""
    transform = torch.fft.rfft2(indicator, s=shape)
    power = transform.real.square() + transform.imag.square()
    return torch.fft.irfft2(power, s=shape) / (shape[0] * shape[1])
