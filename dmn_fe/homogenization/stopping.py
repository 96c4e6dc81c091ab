"""When conjugate gradients stop: by a bound of the energy error, an estimate, or the residual.

The energy error matters for effective moduli: theirs equals it. Iteration by iteration the
conjugate gradients tell how much the energy falls; the Gauss–Radau rule turns this into an upper
bound of what is left, given a lower bound of the preconditioned spectrum (Meurant & Tichý, Numer.
Algorithms 62 (2013) 163). With voids there is no such bound, and the sum of the latest decrements
estimates the error some iterations ago (Hestenes & Stiefel 1952; Strakoš & Tichý, ETNA 13 (2002)
56), which is larger than the present one.

Each rule is told the numbers of every iteration, ``[samples, loads]``, and answers with the
relative error it is compared with the tolerance.
"""

from typing import Protocol

import torch
from torch import Tensor

__all__ = [
    "NO_ENERGY",
    "EnergyBound",
    "EnergyEstimate",
    "ResidualReduction",
    "StoppingRule",
]

NO_ENERGY = 1e-4
# Decrements of that many iterations estimate the error: where it falls slowly, of more.
_DELAY = 8
_DELAY_OF_ITERATIONS = 1.0 / 4.0


class StoppingRule(Protocol):
    """Relative error from the coefficients of the conjugate gradients."""

    def start(self, product: Tensor) -> Tensor:
        """Error before the first iteration, from residual · preconditioned residual."""

    def after(self, step: Tensor, previous: Tensor, product: Tensor) -> Tensor:
        """Error after an iteration, from its step length and the products around it."""

    def keep(self, going: Tensor) -> None:
        """Keep only the samples where ``going`` ``[samples]`` is true."""


class EnergyBound:
    """Upper bound of (energy − least energy) / energy.

    Parameters
    ----------
    energy : Tensor ``[samples, loads]``
        Energy of the start.
    lower : Tensor ``[samples]``
        Lower bound of the preconditioned spectrum, positive.
    """

    def __init__(self, energy: Tensor, lower: Tensor):
        self._energy = energy
        self._lower = lower[:, None]
        self._radau = (1.0 / self._lower).expand_as(energy)

    def start(self, product: Tensor) -> Tensor:
        """See :class:`StoppingRule`."""
        return self._radau * product / self._energy

    def after(self, step: Tensor, previous: Tensor, product: Tensor) -> Tensor:
        """See :class:`StoppingRule`."""
        self._energy = self._energy - step * previous
        lowered = self._radau - step
        self._radau = lowered / (self._lower * lowered + product / previous)
        return self._radau * product / self._energy

    def keep(self, going: Tensor) -> None:
        """See :class:`StoppingRule`."""
        self._energy, self._lower = self._energy[going], self._lower[going]
        self._radau = self._radau[going]


class EnergyEstimate:
    """Estimate of (energy − least energy) / energy of some iterations ago.

    Parameters
    ----------
    energy : Tensor ``[samples, loads]``
        Energy of the start.
    scale : Tensor ``[samples, loads]``
        Energy of the loads themselves. Where less than ``NO_ENERGY`` of it is left, the error is
        relative to that: pieces that voids cut apart have none in the end.
    """

    def __init__(self, energy: Tensor, scale: Tensor):
        self._energy, self._scale = energy, scale
        self._decrements: list[Tensor] = []

    def start(self, product: Tensor) -> Tensor:
        """See :class:`StoppingRule`."""
        return torch.where(self._is_round_off(product), 0.0, torch.inf)

    def after(self, step: Tensor, previous: Tensor, product: Tensor) -> Tensor:
        """See :class:`StoppingRule`."""
        decrement = step * previous
        self._energy = self._energy - decrement
        self._decrements.append(decrement)
        delay = max(_DELAY, int(_DELAY_OF_ITERATIONS * len(self._decrements)))
        if len(self._decrements) < delay:
            return torch.where(self._is_round_off(product), 0.0, torch.inf)
        energy = torch.maximum(self._energy, NO_ENERGY * self._scale)
        error = torch.stack(self._decrements[-delay:]).sum(0) / energy
        return torch.where(self._is_round_off(product), 0.0, error)

    def _is_round_off(self, product: Tensor) -> Tensor:
        """Whether a few iterations have given the exact solution, as in laminates."""
        return product <= (10.0 * torch.finfo(product.dtype).eps) ** 2 * self._scale

    def keep(self, going: Tensor) -> None:
        """See :class:`StoppingRule`."""
        self._energy, self._scale = self._energy[going], self._scale[going]
        self._decrements = [decrement[going] for decrement in self._decrements]


class ResidualReduction:
    """Residual relative to the start, in the norm of the preconditioner."""

    def start(self, product: Tensor) -> Tensor:
        """See :class:`StoppingRule`."""
        self._first = product
        return torch.where(product == 0.0, 0.0, 1.0)

    def after(self, step: Tensor, previous: Tensor, product: Tensor) -> Tensor:
        """See :class:`StoppingRule`."""
        return (product / self._first).sqrt()

    def keep(self, going: Tensor) -> None:
        """See :class:`StoppingRule`."""
        self._first = self._first[going]
