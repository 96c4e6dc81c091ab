"""A trained material network: a binary tree of laminates over the phases."""

import hashlib
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.mandel import rotation_matrix
from dmn_fe.network.tree import Tree, tree_stiffness

__all__ = ["Network"]

_PLANE = [0, 1, 5]  # components 11, 22, 12


@dataclass(frozen=True, eq=False)
class Network:
    """Weights, normals and phases of a network.

    Nodes are numbered breadth first from the root; see :mod:`dmn_fe.network.tree`.

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
    is_leaf : bool Tensor ``[2 · leaves - 1]``, optional
        Which nodes are leaves; by default the tree is complete.
    leaf_rotation : Tensor ``[leaves, 3, 3]``, optional
        Rotation of the material axes of every leaf (columns: the axes); by default none is turned.
    dimension : int
        3, or 2 for a network of normals in the e1–e2 plane: of microstructures that do not vary
        along e3.
    kind : str
        Parametrisation it was trained with: ``"imn"`` or ``"dmn"``.
    metadata : dict
        What the exported file tells about data, training and validation (JSON types only).
    """

    weights: Tensor
    normals: Tensor
    leaf_phase: Tensor
    phase_names: tuple[str, ...]
    is_leaf: Tensor | None = None
    leaf_rotation: Tensor | None = None
    dimension: int = 3
    kind: str = "imn"
    metadata: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self):
        for name, dtype in (("weights", torch.float64), ("leaf_phase", torch.int64)):
            value = getattr(self, name)
            if value.ndim != 1 or value.dtype != dtype:
                raise InputError(
                    f"the {name} of a network must be one row of {dtype}, not of {value.dtype} in "
                    f"{value.ndim} dimensions."
                )
        for name in ("normals", "leaf_rotation"):
            value = getattr(self, name)
            if value is not None and value.dtype != torch.float64:
                raise InputError(
                    f"the {name} of a network must be torch.float64, not {value.dtype}."
                )
        leaves = self.weights.shape[0]
        if self.is_leaf is None:
            if leaves < 2 or leaves & (leaves - 1):
                raise InputError(
                    f"a complete network has 2, 4, 8, ... leaves; the weights hold {leaves}."
                )
            complete = Tree.complete(leaves.bit_length() - 1).is_leaf
            object.__setattr__(self, "is_leaf", complete)
        if self.tree.leaf_count != leaves:
            raise InputError(f"the tree has {self.tree.leaf_count} leaves, the weights {leaves}.")
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
        if self.dimension not in (2, 3):
            raise InputError(f"a network has dimension 2 or 3, not {self.dimension}.")
        if self.dimension == 2 and self.normals[:, 2].abs().max() > 1e-9:
            raise InputError("a network of dimension 2 has normals in the plane of e1 and e2.")
        if self.leaf_rotation is not None:
            _check_rotations(self.leaf_rotation, leaves)

    def fingerprint(self) -> str:
        """SHA-256 (hex) of all that decides the response."""
        parts = [self.weights, self.normals, self.leaf_phase, self.is_leaf, self.leaf_rotation]
        digest = hashlib.sha256(repr(self.phase_names).encode())
        for part in parts:
            digest.update(b"none" if part is None else part.contiguous().numpy().tobytes())
        return digest.hexdigest()

    @cached_property
    def tree(self) -> Tree:
        """The tree of laminates."""
        assert self.is_leaf is not None
        return Tree(self.is_leaf)

    @property
    def depth(self) -> int:
        """Laminate levels between the root and the deepest leaf."""
        return self.tree.depth

    @property
    def rotations(self) -> Tensor:
        """Rotation of the material axes of every leaf, ``[leaves, 3, 3]``."""
        if self.leaf_rotation is not None:
            return self.leaf_rotation
        return torch.eye(3, dtype=self.weights.dtype).expand(len(self.weights), 3, 3)

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
        """Effective stiffness ``[..., 6, 6]`` of phase stiffnesses ``[..., phases, 6, 6]``.

        Of a network of dimension 2 also in plane strain, ``[..., 3, 3]`` from
        ``[..., phases, 3, 3]`` (Mandel components 11, 22, 12).
        """
        sizes = (6,) if self.dimension == 3 else (6, 3)
        if phase_stiffness.shape[-3:] not in [(len(self.phase_names), c, c) for c in sizes]:
            raise InputError(
                f"stiffnesses of shape {tuple(phase_stiffness.shape)} do not fit a network of "
                f"dimension {self.dimension} and {len(self.phase_names)} phases."
            )
        *batch, phases, c, _ = phase_stiffness.shape
        samples = phase_stiffness.reshape(-1, phases, c, c)
        leaves = samples[:, self.leaf_phase]  # [n, leaf, c, c]
        if self.leaf_rotation is not None:
            turn = rotation_matrix(self.leaf_rotation)
            if c == 3:
                turn = turn[:, _PLANE][:, :, _PLANE]
            leaves = turn @ leaves @ turn.mT
        normals = self.normals.mT[: 2 if c == 3 else 3, :, None]
        leaf_stiffness = leaves.permute(2, 3, 1, 0)[:, :, :, None]
        effective = tree_stiffness(self.tree, leaf_stiffness, self.weights[:, None], normals)
        return effective[:, :, 0].permute(2, 0, 1).reshape(*batch, c, c)

    def with_metadata(self, **entries: Any) -> "Network":
        """The same network with further metadata entries."""
        return replace(self, metadata={**self.metadata, **entries})


def _check_rotations(rotation: Tensor, leaves: int) -> None:
    if rotation.shape != (leaves, 3, 3):
        raise InputError(
            f"{leaves} leaves need rotations of shape ({leaves}, 3, 3); got "
            f"{tuple(rotation.shape)}."
        )
    identity = torch.eye(3, dtype=rotation.dtype)
    orthogonal = (rotation @ rotation.mT - identity).abs().max() < 1e-9
    if not (orthogonal and (torch.linalg.det(rotation) > 0).all()):
        raise InputError("the rotations of a network's leaves must be proper and orthogonal.")
