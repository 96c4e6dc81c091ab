"""Products of local moduli with voxel fields."""

from copy import copy

import torch
from torch import Tensor

from dmn_fe.mandel import rotation_matrix
from dmn_fe.microstructure import VoxelRVE

__all__ = ["FieldModuli", "GroupModuli", "local_moduli", "material_groups", "rotated_moduli"]

# A product with one matrix for each group of voxels gathers and scatters; with many groups one
# matrix for each voxel is quicker and still fits.
_MAX_GROUPS = 12


def material_groups(rve: VoxelRVE) -> tuple[Tensor, Tensor, Tensor | None]:
    """Groups of voxels with one phase and one orientation.

    Returns
    -------
    Tensor ``[nx, ny, nz]`` of int64
        Group of each voxel.
    Tensor ``[groups]`` of int64
        Phase of each group; group 0 is the largest.
    Tensor ``[groups, 3, 3]`` or None
        Orientation of each group; None where the RVE has none.
    """
    phase = torch.from_numpy(rve.phase.astype("int64"))
    if rve.orientations is None or rve.orientation_index is None:
        key = phase
    else:
        key = phase * len(rve.orientations) + torch.from_numpy(
            rve.orientation_index.astype("int64")
        )
    keys, group, counts = torch.unique(key, return_inverse=True, return_counts=True)
    order = torch.argsort(counts, descending=True, stable=True)
    rank = torch.empty_like(order)
    rank[order] = torch.arange(len(order))
    keys, group = keys[order], rank[group]
    if rve.orientations is None:
        return group, keys, None
    orientations = torch.tensor(rve.orientations)
    return group, keys // len(orientations), orientations[keys % len(orientations)]


def rotated_moduli(moduli: Tensor, orientations: Tensor | None) -> Tensor:
    """``Q M Qᵀ`` of moduli ``[..., groups, n, n]`` in material axes; ``n`` 6 (Mandel) or 3."""
    if orientations is None:
        return moduli
    turn = orientations.to(moduli)
    if moduli.shape[-1] == 6:
        turn = rotation_matrix(turn)
    return turn @ moduli @ turn.mT


class GroupModuli:
    """One matrix for each group of voxels and each sample.

    Parameters
    ----------
    group : int64 Tensor ``[nx, ny, nz]``
    moduli : Tensor ``[samples, groups, n, n]``
    """

    def __init__(self, group: Tensor, moduli: Tensor):
        group = group.to(moduli.device).flatten()
        self._first = moduli[:, 0, None]
        self._voxels = [torch.nonzero(group == g)[:, 0] for g in range(1, moduli.shape[1])]
        self._differences = moduli[:, 1:, None] - moduli[:, :1, None]

    def multiply(self, field: Tensor) -> Tensor:
        """Product ``[samples, loads, n, nx, ny, nz]`` with a field of the same shape."""
        flat = field.flatten(-3)
        product = self._first @ flat
        for g, voxels in enumerate(self._voxels):
            product.index_add_(-1, voxels, self._differences[:, g] @ flat[..., voxels])
        return product.view_as(field)

    def to(self, dtype: torch.dtype) -> "GroupModuli":
        """The same for fields of another precision."""
        part = copy(self)
        part._first, part._differences = self._first.to(dtype), self._differences.to(dtype)
        return part

    def subset(self, going: Tensor) -> "GroupModuli":
        """The same for the samples where ``going`` ``[samples]`` is true."""
        part = copy(self)
        part._first, part._differences = self._first[going], self._differences[going]
        return part


class FieldModuli:
    """One matrix for each voxel and each sample.

    Parameters
    ----------
    moduli : Tensor ``[samples, n, n, nx, ny, nz]``
    """

    def __init__(self, moduli: Tensor):
        self._moduli = moduli

    def multiply(self, field: Tensor) -> Tensor:
        """Product ``[samples, loads, n, nx, ny, nz]`` with a field of the same shape."""
        product = torch.empty_like(field)
        for i in range(field.shape[2]):
            torch.mul(self._moduli[:, None, i, 0], field[:, :, 0], out=product[:, :, i])
            for j in range(1, field.shape[2]):
                product[:, :, i].addcmul_(self._moduli[:, None, i, j], field[:, :, j])
        return product

    def to(self, dtype: torch.dtype) -> "FieldModuli":
        """The same for fields of another precision."""
        return FieldModuli(self._moduli.to(dtype))

    def subset(self, going: Tensor) -> "FieldModuli":
        """The same for the samples where ``going`` ``[samples]`` is true."""
        return FieldModuli(self._moduli[going])


def local_moduli(group: Tensor, moduli: Tensor) -> GroupModuli | FieldModuli:
    """The quicker of the two for moduli ``[samples, groups, n, n]``."""
    if moduli.shape[1] <= _MAX_GROUPS:
        return GroupModuli(group, moduli)
    field = moduli[:, group.to(moduli.device)]  # [samples, nx, ny, nz, n, n]
    return FieldModuli(field.movedim((-2, -1), (1, 2)).contiguous())
