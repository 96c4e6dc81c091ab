"""The network of virgin phases at dt = 0: how it starts to deform."""

from dataclasses import dataclass

import torch
from torch import Tensor

from dmn_fe.evaluate.leaves import Leaves
from dmn_fe.evaluate.sweep import Sweep

__all__ = ["NO_STRESS", "VirginNetwork"]

NO_STRESS = 1e-13  # traction relative to |C||ε| that is round-off, where there are voids


@dataclass(frozen=True)
class VirginNetwork:
    """Linear response of a network before anything yields.

    Attributes
    ----------
    jumps : Tensor ``[3, laminates, 6]``
        Jumps of the laminates under each of the six unit strains.
    tangent : Tensor ``[6, 6]``
        Macroscopic stiffness.
    largest : float
        Largest entry of the stiffnesses of the leaves.
    """

    jumps: Tensor
    tangent: Tensor
    largest: float

    @classmethod
    def of(cls, leaves: Leaves, sweep: Sweep) -> "VirginNetwork":
        """From the laws of the leaves at no strain."""
        strain = torch.zeros(6, leaves.count, 1, dtype=torch.float64)
        update = leaves.integrate(strain, leaves.virgin_history(), 0.0)
        tangent = update.tangent()
        linearised = sweep.linearise(tangent.expand(-1, -1, -1, 6).contiguous())
        units = torch.eye(6, dtype=torch.float64)
        leaf_strain = linearised.localise(units, strain.expand(-1, -1, 6).contiguous())
        return cls(
            sweep.jumps(leaf_strain),
            linearised.tangent[:, :, 0].contiguous(),
            float(tangent.abs().max()),
        )
