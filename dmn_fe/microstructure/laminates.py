"""Layers along one axis: the microstructure whose effective stiffness has a closed form."""

import numpy as np

from dmn_fe.errors import InputError
from dmn_fe.microstructure.arguments import check_counts, check_fraction
from dmn_fe.microstructure.voxels import VoxelRVE

__all__ = ["laminate"]


def laminate(
    voxels: int = 32, volume_fraction: float = 0.5, axis: int = 0, periods: int = 1
) -> VoxelRVE:
    """Layers of two phases, one after the other along an axis.

    Parameters
    ----------
    voxels : int
        Voxels along the axis of the layers' normal; there is one voxel along the other axes.
    volume_fraction : float
        Volume fraction of phase 1, hit to one voxel over all layers.
    axis : int
        Normal of the layers: 0 is e1, 1 is e2, 2 is e3.
    periods : int
        Pairs of layers. Where the voxels do not divide evenly, layers differ by one voxel.

    Returns
    -------
    VoxelRVE
        Phases ``matrix`` (0) and ``inclusion`` (1), shape ``[voxels, 1, 1]`` for the axis 0.

    Raises
    ------
    InputError
        If a layer has no voxel, or a number makes no sense.
    """
    check_counts(voxels=voxels, periods=periods)
    check_fraction(volume_fraction)
    if axis not in (0, 1, 2):
        raise InputError(f"axis = {axis} must be 0, 1 or 2 (normal along e1, e2 or e3)")
    ends = np.arange(periods + 1)
    starts = ends * voxels // periods
    thicknesses = np.diff(ends * round(volume_fraction * voxels) // periods)
    if thicknesses.min() < 1 or (np.diff(starts) - thicknesses).min() < 1:
        raise InputError(
            f"{periods} periods of layers with volume_fraction = {volume_fraction} leave a layer "
            f"without a voxel of {voxels}: use more voxels or fewer periods"
        )
    phase = np.zeros(voxels, dtype=np.uint8)
    for start, thickness in zip(starts, thicknesses, strict=False):
        phase[start : start + thickness] = 1
    shape = [1, 1, 1]
    shape[axis] = voxels
    return VoxelRVE(phase.reshape(shape), ("matrix", "inclusion"))
