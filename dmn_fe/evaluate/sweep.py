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
from dmn_fe.network.tree import Level, level_fractions, pairs

__all__ = ["Linearised", "Sweep", "divide_strain"]


@dataclass(frozen=True)
class _Laminates:
    """Laminates of one level: normals ``[3, node, 1]``, fraction of the first child and share of
    the laminate in the whole, both ``[node, 1]``."""

    level: Level
    normal: Tensor
    fraction: Tensor
    share: Tensor


class Sweep:
    """Sweeps over the tree of one network; holds the geometry only.

    Parameters
    ----------
    network : Network
    symmetric : bool
        Whether all stiffnesses are.
    """

    def __init__(self, network: Network, symmetric: bool = True):
        self.symmetric = symmetric
        tree = network.tree
        leaf_share = network.weights / network.weights.sum()
        fractions = level_fractions(tree, network.weights)
        self.leaf_share = leaf_share[:, None]
        self.levels: list[_Laminates] = []  # from the leaves up
        share: Tensor | None = None
        for level, fraction in zip(reversed(tree.levels), reversed(fractions), strict=True):
            first, second = pairs(level.join(share, leaf_share, 0), 0)
            share = first + second
            normal = network.normals[level.laminates].mT[:, :, None]
            self.levels.append(_Laminates(level, normal, fraction[:, None], share[:, None]))

    def linearise(self, leaf_tangent: Tensor) -> "Linearised":
        """The network of affine leaves with tangents ``[6, 6, leaf, point]``."""
        return Linearised(self, leaf_tangent)

    def localise(self, macro_strain: Tensor, leaf_tangent: Tensor, leaf_offset: Tensor) -> Tensor:
        """Leaf strains ``[6, leaf, point]`` in equilibrium; see :meth:`Linearised.localise`."""
        return self.linearise(leaf_tangent).localise(macro_strain, leaf_offset)

    def jumps(self, leaf_strain: Tensor) -> Tensor:
        """Jump vectors ``[3, laminate, point]`` of leaf strains ``[6, leaf, point]``.

        From the difference ``E = sym(a ⊗ n)`` of the children's strains:
        ``a = 2 E n − n (n · E n)``.
        """
        mean: Tensor | None = None
        jumps = []
        for at in self.levels:
            first, second = pairs(at.level.join(mean, leaf_strain, 1), 1)
            difference = second - first
            on_normal = interface_traction(at.normal, difference)
            jumps.append(2.0 * on_normal - at.normal * (at.normal * on_normal).sum(0))
            mean = second - at.fraction * difference
        return torch.cat(jumps[::-1], 1)

    def leaf_strain(self, macro_strain: Tensor, jumps: Tensor) -> Tensor:
        """Leaf strains ``[6, leaf, point]`` of strains ``[6, point]`` and jumps
        ``[3, laminate, point]``: the inverse of :meth:`jumps`."""
        strain, leaves = macro_strain[:, None], []
        for at in reversed(self.levels):
            jump = jump_strain(at.normal, jumps[:, at.level.laminates])
            strain, own = at.level.split(divide_strain(strain, jump, at.fraction), 1)
            leaves.append(own)
        return torch.cat(leaves, 1)

    def average(self, leaf_value: Tensor) -> Tensor:
        """Weighted mean over the leaves of ``[..., leaf, point]``, ``[..., point]``."""
        return (leaf_value * self.leaf_share).sum(-2)

    def residual(self, leaf_stress: Tensor, least_scale: Tensor | float = 0.0) -> Tensor:
        """Relative jump of the interface tractions, the largest over the laminates, ``[point]``.

        A laminate counts by ``√(share f1 f2)``, as in the energy that the iteration lowers: one
        with a vanishing phase, or vanishing in the whole, does not. The scale is the root mean
        square of the leaf stresses, at least ``least_scale`` ``[point]``. Zero stress gives zero.
        """
        stress: Tensor | None = None
        largest = torch.zeros_like(leaf_stress[0, 0])
        for at in self.levels:
            first, second = pairs(at.level.join(stress, leaf_stress, 1), 1)
            f1 = at.fraction
            traction = interface_traction(at.normal, first - second)
            weighted = at.share * f1 * (1.0 - f1) * traction.square().sum(0)
            largest = torch.maximum(largest, weighted.amax(0))
            stress = second + f1 * (first - second)
        scale = self.average(leaf_stress.square().sum(0)).sqrt().clamp(min=least_scale)
        return torch.sqrt(largest) / torch.where(scale > 0, scale, 1.0)


class Linearised:
    """A network whose leaves are affine, ready for any stresses at zero strain.

    Parameters
    ----------
    sweep : Sweep
    leaf_tangent : Tensor ``[6, 6, leaf, point]``

    Attributes
    ----------
    tangent : Tensor ``[6, 6, point]``
        Macroscopic tangent.
    """

    def __init__(self, sweep: Sweep, leaf_tangent: Tensor):
        self._levels = sweep.levels
        self._mixtures = []  # of each level from the leaves up: factors of A, M and K
        stiffness: Tensor | None = None
        for at in self._levels:
            first, second = pairs(at.level.join(stiffness, leaf_tangent, 2), 2)
            stiffness, factor, m, k = mix_stiffness(
                first, second, at.fraction, at.normal, sweep.symmetric
            )
            self._mixtures.append((factor, m, k))
        assert stiffness is not None
        self.tangent = stiffness[:, :, 0]

    def localise(self, macro_strain: Tensor, leaf_offset: Tensor) -> Tensor:
        """Leaf strains ``[6, leaf, point]`` in equilibrium.

        Parameters
        ----------
        macro_strain : Tensor ``[6, point]``
        leaf_offset : Tensor ``[6, leaf, point]``
            Stress ``s`` of each leaf at zero strain.
        """
        offset: Tensor | None = None
        jumps = []
        for at, (factor, m, k) in zip(self._levels, self._mixtures, strict=True):
            first, second = pairs(at.level.join(offset, leaf_offset, 1), 1)
            offset, b = mix_stress(first, second, at.fraction, at.normal, factor, m)
            jumps.append((k, b))
        strain, leaves = macro_strain[:, None], []
        for at, (k, b) in zip(reversed(self._levels), reversed(jumps), strict=True):
            jump = jump_strain(at.normal, (k * strain).sum(1) + b)
            children = divide_strain(strain, jump, at.fraction)
            strain, own = at.level.split(children, 1)
            leaves.append(own)
        return torch.cat(leaves, 1)


def divide_strain(strain: Tensor, jump: Tensor, fraction: Tensor) -> Tensor:
    """Strains of the children ``[6, 2 · node, point]`` of laminates with strain and jump
    ``[6, node, point]``."""
    pair = torch.stack([strain - (1.0 - fraction) * jump, strain + fraction * jump], dim=2)
    return pair.flatten(1, 2)
