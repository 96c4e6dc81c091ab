"""IMN: the interaction-based, rotation-free parametrisation of a material network.

Weight of a leaf: softplus ``w = ln(1 + exp(s z)) / s`` with s = 10. Normal of a laminate:
``n = [cos 2πφ sin πθ, sin 2πφ sin πθ, cos πθ]``, in the plane ``[cos 2πφ, sin 2πφ]``.
(Nguyen & Noels, EJMSolA 91 (2022) 104384.) Leaves may have material axes of their own, given by
Tait–Bryan angles.
"""

import math
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.nn.functional import softplus

from dmn_fe.network.network import Network
from dmn_fe.network.parametrisation import (
    Geometry,
    leaf_rotations,
    rotation_from_turns,
    turns_from_rotation,
)
from dmn_fe.network.tree import Tree

__all__ = ["IMN"]

_SHARPNESS = 10.0
_SMALLEST_WEIGHT = 1e-12


@dataclass(frozen=True, eq=False)
class IMN:
    """Parameters: z of the leaves, φ of the laminates, θ of the laminates (in space), angles of
    the turned leaves; see :class:`~dmn_fe.network.parametrisation.Parametrisation`."""

    tree: Tree
    dimension: int = 3
    turned_leaves: Tensor = field(default_factory=lambda: torch.zeros(0, dtype=torch.int64))
    kind = "imn"

    @property
    def size(self) -> int:
        """One number a leaf, ``dimension − 1`` a laminate, 3 (or 1) a turned leaf."""
        return sum(self._sizes)

    @property
    def _sizes(self) -> list[int]:
        leaves = self.tree.leaf_count
        angles = 3 if self.dimension == 3 else 1
        return [leaves, (self.dimension - 1) * (leaves - 1), angles * len(self.turned_leaves)]

    def geometry(self, parameters: Tensor) -> Geometry:
        """Geometry of the networks with parameters ``[K, size]``; differentiable."""
        z, angles, turns = parameters.mT.split(self._sizes)
        weights = softplus(z, beta=_SHARPNESS)
        if self.dimension == 2:
            azimuth = 2.0 * math.pi * angles
            normals = torch.stack([torch.cos(azimuth), torch.sin(azimuth)])
        else:
            phi, theta = angles.unflatten(0, (2, -1))
            azimuth, polar = 2.0 * math.pi * phi, math.pi * theta
            sine = torch.sin(polar)
            rows = [torch.cos(azimuth) * sine, torch.sin(azimuth) * sine, torch.cos(polar)]
            normals = torch.stack(rows)
        if not len(self.turned_leaves):
            return Geometry(weights, normals, None)
        own = rotation_from_turns(turns.unflatten(0, (-1, len(self.turned_leaves))))
        return Geometry(weights, normals, leaf_rotations(own, self.turned_leaves, weights))

    def parameters(self, network: Network) -> Tensor:
        """Parameters ``[size]`` of a network on the same tree."""
        scaled = _SHARPNESS * network.weights.clamp(min=_SMALLEST_WEIGHT)
        z = (scaled + torch.log(-torch.expm1(-scaled))) / _SHARPNESS
        n1, n2, n3 = network.normals.mT
        blocks = [z, torch.atan2(n2, n1) / (2.0 * math.pi)]
        if self.dimension == 3:
            blocks.append(torch.atan2(torch.hypot(n1, n2), n3) / math.pi)
        if len(self.turned_leaves):
            rotation = network.rotations[self.turned_leaves].permute(1, 2, 0)
            blocks.append(turns_from_rotation(rotation, self.dimension).flatten())
        return torch.cat(blocks)
