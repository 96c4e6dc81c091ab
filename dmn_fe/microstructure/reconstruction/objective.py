"""What is minimised over the indicators of the phases."""

from typing import Protocol

from torch import Tensor

from dmn_fe.microstructure.reconstruction.phase_partition import mixing, outside

__all__ = ["Distance", "Objective"]

#: Of the penalties beside a loss of about 1 where nothing of the texture is there.
_OUTSIDE, MIXING = 1.0, 0.03


class Distance(Protocol):
    """Distance of the texture of images or volumes from a target."""

    def backward(self, indicator: Tensor) -> Tensor:
        """Losses ``[n]`` of ``[n, k, …]``; adds the gradient to ``indicator.grad``."""


class Objective:
    """Distance of the texture, and penalties for indicators that are none.

    Parameters
    ----------
    distance : Distance
    shape : tuple of int
        Phases and voxels ``(k, …)`` of one image or volume.
    mixing_weight : float
        Weight of :func:`mixing`. While the texture forms it is zero, since it would hold pixels
        where they are.
    """

    def __init__(self, distance: Distance, shape: tuple[int, ...], mixing_weight: float = 0.0):
        self._distance, self._shape, self._mixing_weight = distance, shape, mixing_weight

    def __call__(self, parameters: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Values ``[n]`` and gradients ``[n, P]`` at the indicators ``[n, P]``, flattened.

        The gradient has no part that would change the sum of the indicators of a voxel.
        """
        indicator = parameters.detach().unflatten(1, self._shape).clone().requires_grad_()
        value = self._distance.backward(indicator).detach()
        penalty = _OUTSIDE * outside(indicator)
        if self._mixing_weight:
            penalty = penalty + self._mixing_weight * mixing(indicator)
        penalty.sum().backward()
        assert indicator.grad is not None
        gradient = indicator.grad - indicator.grad.mean(dim=1, keepdim=True)
        return value + penalty.detach(), gradient.flatten(1)
