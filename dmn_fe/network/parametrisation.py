"""From a vector of free numbers to the geometry of a network: what IMN and DMN have in common.

A parametrisation holds the tree and the phases of its leaves. Several networks are handled
together: their parameters are the rows of one tensor ``[networks, size]``.
"""

import math
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from dmn_fe.network.network import Network
from dmn_fe.network.tree import Tree

__all__ = [
    "Geometry",
    "Parametrisation",
    "leaf_rotations",
    "rotation_from_turns",
    "to_network",
    "turns_from_rotation",
]


class Geometry(NamedTuple):
    """Geometry of K networks on one tree.

    Attributes
    ----------
    weights : Tensor ``[leaves, K]``
    normals : Tensor ``[dimension, leaves - 1, K]``
    rotation : Tensor ``[3, 3, leaves, K]`` or None
        Rotation of the material axes of the leaves.
    """

    weights: Tensor
    normals: Tensor
    rotation: Tensor | None


class Parametrisation(Protocol):
    """One way to describe a network by free numbers: IMN or DMN."""

    @property
    def kind(self) -> str:
        """``"imn"`` or ``"dmn"``."""

    @property
    def tree(self) -> Tree:
        """The tree of laminates."""

    @property
    def dimension(self) -> int:
        """2 or 3."""

    @property
    def turned_leaves(self) -> Tensor:
        """Leaves that have rotation parameters of their own, int64."""

    @property
    def size(self) -> int:
        """Length of a parameter vector; the first entries belong to the leaf weights."""

    def geometry(self, parameters: Tensor) -> Geometry:
        """Geometry of the networks with parameters ``[K, size]``; differentiable."""

    def parameters(self, network: Network) -> Tensor:
        """Parameters ``[size]`` of a network on the same tree."""


def rotation_from_turns(turns: Tensor) -> Tensor:
    """Rotations ``[3, 3, ...]`` from angles in turns ``[3 or 1, ...]``.

    Three Tait–Bryan angles ``Q = Rz(γ) Ry(β) Rx(α)``, or one about e3.
    """
    angles = 2.0 * math.pi * turns
    cosine, sine = torch.cos(angles), torch.sin(angles)
    if len(turns) == 1:
        (c,), (s,) = cosine, sine
        zero, one = torch.zeros_like(c), torch.ones_like(c)
        rows = [c, -s, zero, s, c, zero, zero, zero, one]
        return torch.stack(rows).unflatten(0, (3, 3))
    (ca, cb, cc), (sa, sb, sc) = cosine, sine
    rows = [cc * cb, cc * sb * sa - sc * ca, cc * sb * ca + sc * sa]
    rows += [sc * cb, sc * sb * sa + cc * ca, sc * sb * ca - cc * sa]
    rows += [-sb, cb * sa, cb * ca]
    return torch.stack(rows).unflatten(0, (3, 3))


def turns_from_rotation(rotation: Tensor, dimension: int) -> Tensor:
    """Angles in turns ``[3 or 1, ...]`` of rotations ``[3, 3, ...]``."""
    gamma = torch.atan2(rotation[1, 0], rotation[0, 0])
    if dimension == 2:
        return gamma[None] / (2.0 * math.pi)
    beta = torch.atan2(-rotation[2, 0], torch.hypot(rotation[0, 0], rotation[1, 0]))
    # From the second row of Rz(−γ) Q = Ry(β) Rx(α), which holds also where β is a quarter turn:
    # there only α and γ together are determined, and γ may be anything.
    second = torch.cos(gamma) * rotation[1] - torch.sin(gamma) * rotation[0]
    alpha = torch.atan2(-second[2], second[1])
    return torch.stack([alpha, beta, gamma]) / (2.0 * math.pi)


def leaf_rotations(own: Tensor, turned: Tensor, weights: Tensor) -> Tensor:
    """Rotations ``[3, 3, leaves, K]``: those of the turned leaves, the identity elsewhere."""
    identity = torch.eye(3, dtype=own.dtype, device=own.device)
    rotation = identity[:, :, None, None].repeat(1, 1, *weights.shape)
    return rotation.index_copy(2, turned.to(own.device), own)


def to_network(
    parametrisation: Parametrisation,
    parameters: Tensor,
    leaf_phase: Tensor,
    phase_names: tuple[str, ...],
) -> Network:
    """The network with parameters ``[size]``."""
    weights, normals, rotation = parametrisation.geometry(parameters[None].detach())
    in_space = torch.zeros(normals.shape[1], 3, dtype=normals.dtype)
    in_space[:, : len(normals)] = normals[:, :, 0].mT
    return Network(
        weights[:, 0],
        torch.nn.functional.normalize(in_space, dim=-1),
        leaf_phase,
        phase_names,
        parametrisation.tree.is_leaf,
        None if rotation is None else rotation[..., 0].permute(2, 0, 1).contiguous(),
        parametrisation.dimension,
        parametrisation.kind,
    )
