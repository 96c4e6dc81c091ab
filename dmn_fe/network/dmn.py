"""DMN: the original, rotation-based parametrisation of a material network.

Weight of a leaf: ``w = max(z, 0)``. Every laminate has the normal e3 (in the plane e2) in axes of
its own: its result is turned by a rotation before it enters the laminate above, with three
Tait–Bryan angles (in the plane one). Leaves of anisotropic phases are turned likewise.
(Liu, Wu & Koishi, CMAME 345 (2019) 1138; Liu & Wu, JMPS 127 (2019) 20.)

A rotation acts on all that lies below it. Instead of turning a stiffness at every laminate, the
rotations are multiplied from the root down: the products turn the normals of the laminates and the
material axes of the leaves, and the stiffness is that of an IMN. The tests compare this with the
recursion that turns stiffnesses.
"""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from dmn_fe.network.network import Network
from dmn_fe.network.parametrisation import (
    Geometry,
    leaf_rotations,
    rotation_from_turns,
    turns_from_rotation,
)
from dmn_fe.network.tree import Tree

__all__ = ["DMN"]


@dataclass(frozen=True, eq=False)
class DMN:
    """Parameters: z of the leaves, angles of the laminates, angles of the turned leaves; see
    :class:`~dmn_fe.network.parametrisation.Parametrisation`."""

    tree: Tree
    dimension: int = 3
    turned_leaves: Tensor = field(default_factory=lambda: torch.zeros(0, dtype=torch.int64))
    kind = "dmn"

    @property
    def size(self) -> int:
        """One number a leaf, 3 (or 1) a laminate and a turned leaf."""
        return sum(self._sizes)

    @property
    def _angles(self) -> int:
        return 3 if self.dimension == 3 else 1

    @property
    def _sizes(self) -> list[int]:
        leaves = self.tree.leaf_count
        return [leaves, self._angles * (leaves - 1), self._angles * len(self.turned_leaves)]

    def geometry(self, parameters: Tensor) -> Geometry:
        """Geometry of the networks with parameters ``[K, size]``; differentiable."""
        z, laminates, leaves = parameters.mT.split(self._sizes)
        weights = torch.relu(z)
        own = rotation_from_turns(laminates.unflatten(0, (self._angles, -1)))
        own_leaves = None
        if len(self.turned_leaves):
            turned = rotation_from_turns(leaves.unflatten(0, (self._angles, -1)))
            own_leaves = leaf_rotations(turned, self.turned_leaves, weights)
        axes, leaf_axes = _accumulated(self.tree, own, own_leaves)
        normals = axes[:, 2] if self.dimension == 3 else axes[:2, 1]
        return Geometry(weights, normals, leaf_axes if len(self.turned_leaves) else None)

    def parameters(self, network: Network) -> Tensor:
        """Parameters ``[size]`` of a network on the same tree."""
        axes = _axes_with_normal(network.normals, self.dimension)[..., None]
        leaf_axes = network.rotations.permute(1, 2, 0)[..., None]
        own, own_leaves = _relative(self.tree, axes, leaf_axes)
        turned = own_leaves[..., self.turned_leaves, 0]
        angles = [turns_from_rotation(r, self.dimension) for r in (own[..., 0], turned)]
        return torch.cat([network.weights, *(angle.flatten() for angle in angles)])


def _accumulated(tree: Tree, own: Tensor, own_leaves: Tensor | None) -> tuple[Tensor, Tensor]:
    """Products of the rotations from the root down, ``[3, 3, laminates, K]`` and
    ``[3, 3, leaves, K]``; leaves without rotations of their own take that of their laminate."""
    axes = own[:, :, :1]
    laminates, leaves = [axes], []
    for level in tree.levels:
        below, of_leaves = level.split(axes.repeat_interleave(2, dim=2), axis=2)
        if own_leaves is not None:
            of_leaves = _product(of_leaves, own_leaves[:, :, level.leaves])
        start = level.laminates.stop
        axes = _product(below, own[:, :, start : start + below.shape[2]])
        laminates.append(axes)
        leaves.append(of_leaves)
    return torch.cat(laminates, dim=2), torch.cat(leaves, dim=2)


def _relative(tree: Tree, axes: Tensor, leaf_axes: Tensor) -> tuple[Tensor, Tensor]:
    """The inverse of :func:`_accumulated`: each rotation relative to that of its laminate."""
    laminates, leaves = [axes[:, :, :1]], []
    for level in tree.levels:
        inverse = axes[:, :, level.laminates].transpose(0, 1).repeat_interleave(2, dim=2)
        above, above_leaves = level.split(inverse, axis=2)
        start = level.laminates.stop
        laminates.append(_product(above, axes[:, :, start : start + above.shape[2]]))
        leaves.append(_product(above_leaves, leaf_axes[:, :, level.leaves]))
    return torch.cat(laminates, dim=2), torch.cat(leaves, dim=2)


def _product(left: Tensor, right: Tensor) -> Tensor:
    return torch.einsum("ijnk,jlnk->ilnk", left, right)


def _axes_with_normal(normals: Tensor, dimension: int) -> Tensor:
    """Rotations ``[3, 3, laminates]`` that turn e3 (in the plane e2) to the normals ``[., 3]``."""
    if dimension == 2:
        n1, n2, _ = normals.mT
        zero, one = torch.zeros_like(n1), torch.ones_like(n1)
        rows = [n2, n1, zero, -n1, n2, zero, zero, zero, one]
        return torch.stack(rows).unflatten(0, (3, 3))
    # A unit vector that is not parallel to the normal: the axis of its smallest component.
    other = torch.eye(3, dtype=normals.dtype)[normals.abs().argmin(-1)]
    first = torch.nn.functional.normalize(torch.linalg.cross(other, normals), dim=-1)
    second = torch.linalg.cross(normals, first)
    return torch.stack([first, second, normals], dim=-1).permute(1, 2, 0)
