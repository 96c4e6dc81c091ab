"""A trained material network: a complete binary tree of laminates over the phases."""

from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.network.laminate import mix_stiffness

__all__ = ["Network", "level_slices", "pair_fractions"]


@dataclass(frozen=True)
class Network:
    """Weights, normals and phases of a network with ``2**depth`` leaves.

    Nodes are numbered breadth first from the root; the children of the i-th node of a level are
    the nodes 2i and 2i + 1 of the next, and the last level's children are the leaves.

    Parameters
    ----------
    weights : Tensor ``[leaves]``
        Leaf weights ≥ 0; only their ratios matter.
    normals : Tensor ``[leaves - 1, 3]``
        Unit interface normal of every laminate.
    leaf_phase : Tensor ``[leaves]`` of int64
        Index into ``phase_names``.
    phase_names : tuple of str
        Names of the phases, in the order of the stiffness data.
    kind : str
        Parametrisation it was trained with, ``"imn"``.
    metadata : dict
        What the exported file tells about data, training and validation (JSON types only).
    """

    weights: Tensor
    normals: Tensor
    leaf_phase: Tensor
    phase_names: tuple[str, ...]
    kind: str = "imn"
    metadata: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self):
        leaves = self.weights.shape[0]
        if leaves < 2 or leaves & (leaves - 1):
            raise InputError(f"a network needs 2, 4, 8, ... leaves; the weights hold {leaves}.")
        if self.normals.shape != (leaves - 1, 3) or self.leaf_phase.shape != (leaves,):
            raise InputError(
                f"{leaves} leaves need normals of shape ({leaves - 1}, 3) and leaf phases of shape "
                f"({leaves},); got {tuple(self.normals.shape)} and {tuple(self.leaf_phase.shape)}."
            )
        if not (torch.isfinite(self.weights).all() and (self.weights >= 0).all()):
            raise InputError("the weights of a network must be finite and not negative.")
        if not self.weights.sum() > 0:
            raise InputError("the weights of a network are all zero; at least one must be above.")
        lengths = torch.linalg.vector_norm(self.normals, dim=-1)
        if not ((lengths - 1.0).abs() < 1e-9).all():
            raise InputError("the normals of a network must be finite unit vectors.")
        if not ((self.leaf_phase >= 0) & (self.leaf_phase < len(self.phase_names))).all():
            raise InputError(
                f"the leaf phases of a network must lie in 0 ... {len(self.phase_names) - 1}."
            )

    @property
    def depth(self) -> int:
        """Number of laminate levels N; there are ``2**N`` leaves."""
        return self.weights.shape[0].bit_length() - 1

    @property
    def volume_fractions(self) -> Tensor:
        """Share of every phase in the weights, ``[phases]``."""
        sums = torch.zeros(len(self.phase_names), dtype=self.weights.dtype)
        return sums.index_add(0, self.leaf_phase, self.weights) / self.weights.sum()

    @property
    def active_leaves(self) -> int:
        """Leaves whose weight is above a thousandth of the mean weight."""
        return int((self.weights > 1e-3 * self.weights.mean()).sum())

    def stiffness(self, phase_stiffness: Tensor) -> Tensor:
        """Effective stiffness ``[..., 6, 6]`` of phase stiffnesses ``[..., phases, 6, 6]``."""
        batch = phase_stiffness.shape[:-3]
        samples = phase_stiffness.reshape(-1, *phase_stiffness.shape[-3:])
        effective = tree_stiffness(samples, self.weights, self.normals, self.leaf_phase)
        return effective.reshape(*batch, 6, 6)

    def with_metadata(self, **entries: Any) -> "Network":
        """The same network with further metadata entries."""
        return replace(self, metadata={**self.metadata, **entries})


def tree_stiffness(samples: Tensor, weights: Tensor, normals: Tensor, leaf_phase: Tensor) -> Tensor:
    """Effective stiffness ``[n, 6, 6]`` of samples ``[n, phases, 6, 6]``; differentiable."""
    stiffness = samples.permute(2, 3, 1, 0)[:, :, leaf_phase]
    levels = level_slices(weights.shape[0])
    for nodes, fraction in zip(reversed(levels), pair_fractions(weights), strict=True):
        normal = normals[nodes].mT[:, :, None]
        left, right = stiffness[:, :, 0::2], stiffness[:, :, 1::2]
        stiffness = mix_stiffness(left, right, fraction[:, None], normal)[0]
    return stiffness[:, :, 0].permute(2, 0, 1)


def level_slices(leaves: int) -> list[slice]:
    """Node numbers of each level, from the root to the laminates just above the leaves."""
    return [slice(2**k - 1, 2 ** (k + 1) - 1) for k in range(leaves.bit_length() - 1)]


def pair_fractions(weights: Tensor) -> list[Tensor]:
    """Fraction of the first child of every node, one tensor a level, from the leaves up.

    Two children without weight share equally: the value is then of no consequence.
    """
    fractions = []
    while weights.shape[0] > 1:
        left, total = weights[0::2], weights[0::2] + weights[1::2]
        empty = total <= 0
        fractions.append(torch.where(empty, 0.5, left / torch.where(empty, 1.0, total)))
        weights = total
    return fractions
