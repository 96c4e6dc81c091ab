"""One Newton step of a network at many points: a sweep up and down the tree of laminates.

Leaves with affine laws ``σ = C ε + s`` are homogenised level by level up to the root, and the
macroscopic strain is localised level by level down to the leaves. This is block elimination of the
dense Newton system for all strain jumps, and the stiffness at the root is the consistent
macroscopic tangent. Component axes come first, ``[6, node, point]``; see
:mod:`dmn_fe.network.laminate`.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from dmn_fe.network import Network
from dmn_fe.network.laminate import interface_traction, jump_strain, mix_stiffness, mix_stress
from dmn_fe.network.tree import level_slices, pair_fractions

__all__ = ["Sweep"]


@dataclass(frozen=True)
class _Level:
    """Laminates of one level: normals ``[3, node, 1]``, fraction of the first child and share of
    the laminate in the whole, both ``[node, 1]``."""

    normal: Tensor
    fraction: Tensor
    share: Tensor


class Sweep:
    """Sweeps over the tree of one network; holds the geometry only."""

    def __init__(self, network: Network):
        slices = reversed(level_slices(network.weights.shape[0]))
        fractions = pair_fractions(network.weights)
        share = network.weights / network.weights.sum()
        self.leaf_share = share[:, None]
        self.levels = []  # from the leaves up
        for nodes, fraction in zip(slices, fractions, strict=True):
            share = share[0::2] + share[1::2]
            normal = network.normals[nodes].mT[:, :, None]
            self.levels.append(_Level(normal, fraction[:, None], share[:, None]))

    def tangent(self, leaf_tangent: Tensor) -> Tensor:
        """Macroscopic tangent ``[6, 6, point]`` of leaf tangents ``[6, 6, leaf, point]``."""
        stiffness = leaf_tangent
        for level in self.levels:
            left, right = stiffness[:, :, 0::2], stiffness[:, :, 1::2]
            stiffness = mix_stiffness(left, right, level.fraction, level.normal)[0]
        return stiffness[:, :, 0]

    def localise(self, macro_strain: Tensor, leaf_tangent: Tensor, leaf_offset: Tensor) -> Tensor:
        """Leaf strains in equilibrium for affine leaves.

        Parameters
        ----------
        macro_strain : Tensor ``[6, point]``
        leaf_tangent : Tensor ``[6, 6, leaf, point]``
        leaf_offset : Tensor ``[6, leaf, point]``
            Stress ``s`` of each leaf at zero strain.

        Returns
        -------
        Tensor ``[6, leaf, point]``
        """
        stiffness, offset, localisation = leaf_tangent, leaf_offset, []
        for level in self.levels:
            left, right = stiffness[:, :, 0::2], stiffness[:, :, 1::2]
            stiffness, inverse, m, k = mix_stiffness(left, right, level.fraction, level.normal)
            left, right = offset[:, 0::2], offset[:, 1::2]
            offset, b = mix_stress(left, right, level.fraction, level.normal, inverse, m)
            localisation.append((k, b))
        strain = macro_strain[:, None]
        for level, (k, b) in zip(reversed(self.levels), reversed(localisation), strict=True):
            jump = jump_strain(level.normal, (k * strain).sum(1) + b)
            f1 = level.fraction
            pair = torch.stack([strain - (1.0 - f1) * jump, strain + f1 * jump], dim=2)
            strain = pair.flatten(1, 2)
        return strain

    def average(self, leaf_value: Tensor) -> Tensor:
        """Weighted mean over the leaves of ``[..., leaf, point]``, ``[..., point]``."""
        return (leaf_value * self.leaf_share).sum(-2)

    def residual(self, leaf_stress: Tensor) -> Tensor:
        """Relative jump of the interface tractions, the largest over the laminates, ``[point]``.

        A laminate counts by ``√(share f1 f2)``, as in the energy that the iteration lowers: one
        with a vanishing phase, or vanishing in the whole, does not. The scale is the root mean
        square of the leaf stresses. Zero stress gives zero.
        """
        stress, largest = leaf_stress, torch.zeros_like(leaf_stress[0, 0])
        for level in self.levels:
            left, right, f1 = stress[:, 0::2], stress[:, 1::2], level.fraction
            traction = interface_traction(level.normal, left - right)
            weighted = level.share * f1 * (1.0 - f1) * traction.square().sum(0)
            largest = torch.maximum(largest, weighted.amax(0))
            stress = right + f1 * (left - right)
        scale = self.average(leaf_stress.square().sum(0))
        return torch.sqrt(largest / torch.where(scale > 0, scale, 1.0))
