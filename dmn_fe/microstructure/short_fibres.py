"""Short straight fibres with a given aspect ratio and orientation tensor."""

import numpy as np
from numpy.typing import ArrayLike

from dmn_fe.errors import InputError
from dmn_fe.microstructure.arguments import check_counts, check_fraction, check_gap, check_seed
from dmn_fe.microstructure.fibre_directions import checked_orientation_tensor
from dmn_fe.microstructure.fibre_packing import pack_fibres, spherocylinder_volume
from dmn_fe.microstructure.packing import SMALLEST_RADIUS
from dmn_fe.microstructure.periodic import signed_distances
from dmn_fe.microstructure.rotations import axes_along
from dmn_fe.microstructure.volume_fraction import lowest_voxels
from dmn_fe.microstructure.voxels import VoxelRVE

__all__ = ["short_fibres"]


def short_fibres(
    voxels: int = 64,
    volume_fraction: float = 0.1,
    count: int = 20,
    aspect_ratio: float = 8.0,
    orientation_tensor: ArrayLike | None = None,
    gap: float = 2.0,
    seed: int = 0,
) -> VoxelRVE:
    """Equal straight fibres with round ends in a periodic cube.

    Parameters
    ----------
    voxels : int
        Voxels per edge.
    volume_fraction : float
        Volume fraction of the fibres, hit to one voxel.
    count : int
        Number of fibres; with the fraction and the aspect ratio it gives their size.
    aspect_ratio : float
        Length over diameter, the round ends included; at least 1 (spheres).
    orientation_tensor : array ``[3, 3]``, optional
        Mean of ``p ⊗ p`` over the directions p of the fibres: symmetric, trace 1. Each entry is
        reached within 1e-4. By default isotropic; ``diag(1, 0, 0)`` is aligned with e1.
    gap : float
        Smallest distance of two surfaces in voxels.
    seed : int
        Seed of the arrangement.

    Returns
    -------
    VoxelRVE
        Phases ``matrix`` (0) and ``fibre`` (1), shape ``[voxels, voxels, voxels]``. Orientation 0
        is the identity, that of the matrix; orientation 1 + i has the direction of fibre i as its
        first column, so that an anisotropic fibre has its axis along material axis 1.

    Raises
    ------
    InputError
        If the fibres do not fit with this gap (with the fraction that can be reached), are longer
        than the cube, cannot have the orientation tensor, or a number makes no sense.
    """
    check_seed(seed)
    check_counts(voxels=voxels, count=count)
    check_fraction(volume_fraction)
    check_gap(gap, voxels)
    if not 1.0 <= aspect_ratio < float("inf"):
        raise InputError(f"aspect_ratio = {aspect_ratio} must be at least 1")
    isotropic = np.eye(3) / 3.0
    tensor = checked_orientation_tensor(
        isotropic if orientation_tensor is None else orientation_tensor
    )
    # Volume of one fibre: 2π (a − 1/3) r³ for the aspect ratio a.
    volume = volume_fraction * voxels**3 / count
    radius = (volume / spherocylinder_volume(1.0, aspect_ratio - 1.0)) ** (1.0 / 3.0)
    half_axis = radius * (aspect_ratio - 1.0)
    _check_size(radius, aspect_ratio, gap, voxels)
    centres, directions = pack_fibres(count, radius, half_axis, tensor, gap, voxels, seed)

    def signed_distance(i: int, offset: np.ndarray) -> np.ndarray:
        along = np.clip(offset @ directions[i], -half_axis, half_axis)
        return np.linalg.norm(offset - along[..., None] * directions[i], axis=-1) - radius

    reach = half_axis * np.abs(directions) + radius
    distance, nearest = signed_distances(centres, reach, voxels, signed_distance)
    inside = lowest_voxels(distance, volume_fraction)
    return VoxelRVE(
        inside.astype(np.uint8),
        ("matrix", "fibre"),
        orientations=np.concatenate([np.eye(3)[None], axes_along(directions)]),
        orientation_index=np.where(inside, nearest + 1, 0),
    )


def _check_size(radius: float, aspect_ratio: float, gap: float, edge: int) -> None:
    if radius < SMALLEST_RADIUS:
        raise InputError(
            f"the fibres would have a radius of {radius:.2g} voxels, less than {SMALLEST_RADIUS}: "
            "use more voxels, fewer fibres or a smaller aspect_ratio"
        )
    length = 2.0 * radius * aspect_ratio
    if length + gap > edge:
        raise InputError(
            f"the fibres would be {length:.3g} voxels long, with the gap of {gap:g} more than the "
            f"edge of {edge} voxels: use more fibres, a smaller aspect_ratio or volume_fraction"
        )
