"""Plain weave: two families of yarns that pass over and under each other.

Spacing s, warp along e1, weft along e2. The axis of a warp yarn at y = (i + ½) s runs at the height
±A sin(π x/s), the weft yarns against it, so that warp is above weft at every second crossing. The
section has the width w and is lenticular, bounded by ±½ t cos(π u/w) at the distance u from the
axis; two yarns on cosine paths of the same amplitude then never cut each other.
"""

import numpy as np

from dmn_fe.errors import InputError
from dmn_fe.microstructure.arguments import (
    check_counts,
    check_fraction,
    check_gap,
    check_positive,
)
from dmn_fe.microstructure.rotations import axes_along
from dmn_fe.microstructure.volume_fraction import lowest_voxels
from dmn_fe.microstructure.voxels import VoxelRVE

__all__ = ["plain_weave"]

_THINNEST = 3.0  # voxels; the section of a thinner yarn is not recognisable as lenticular


def plain_weave(
    voxels: int = 64,
    volume_fraction: float = 0.35,
    height: int | None = None,
    yarn_width: float = 0.8,
    gap: float = 2.0,
) -> VoxelRVE:
    """Unit cell of a plain weave: two warp and two weft yarns in a matrix.

    Parameters
    ----------
    voxels : int
        Voxels per edge in the plane of the fabric: two spacings of yarns.
    volume_fraction : float
        Volume fraction of all yarns, hit to one voxel. With the width and the height it gives the
        thickness of the yarns.
    height : int, optional
        Voxels through the thickness; by default a quarter of the edge, rounded up.
    yarn_width : float
        Width of a yarn over the spacing of yarns, less than 1.
    gap : float
        Smallest distance, in voxels and along e3, of warp and weft and of the fabric and its
        periodic image; and smallest distance of parallel yarns.

    Returns
    -------
    VoxelRVE
        Phases ``matrix`` (0), ``warp`` (1) and ``weft`` (2), shape ``[voxels, voxels, height]``;
        give warp and weft the same material where they are alike. The first material axis is the
        tangent of the yarn's axis, the second lies in the plane of the fabric; orientation 0 is
        the identity, that of the matrix.

    Raises
    ------
    InputError
        If the yarns do not fit (with the fraction that can be reached), or a number makes no
        sense.
    """
    check_counts(voxels=voxels)
    height = -(-voxels // 4) if height is None else height
    check_counts(height=height)
    check_fraction(volume_fraction)
    check_gap(gap, height)
    check_positive(yarn_width=yarn_width)
    spacing = 0.5 * voxels
    if yarn_width >= 1.0 or (1.0 - yarn_width) * spacing < gap:
        raise InputError(
            f"yarn_width = {yarn_width} leaves {(1.0 - yarn_width) * spacing:.3g} voxels between "
            f"parallel yarns, less than the gap of {gap:g}: lower it, or use more voxels"
        )
    width = yarn_width * spacing
    amplitude = _amplitude(volume_fraction, height, spacing, width, gap)
    along = np.arange(voxels) + 0.5
    level = np.arange(height) + 0.5 - 0.5 * height
    path = amplitude * np.sin(np.pi * along / spacing)
    slope = amplitude * np.pi / spacing * np.cos(np.pi * along / spacing)
    # Yarn 0 lies in the first half of the edge, yarn 1 in the second, with the opposite path.
    side = np.where(along < spacing, 1.0, -1.0)
    profile = _profile((along % spacing) - 0.5 * spacing, width)
    # Half the thickness at which a yarn would just reach a voxel, [along, across, height].
    warp, weft = (
        np.where(
            profile[:, None] > 0.0,
            np.abs(level - sign * path[:, None, None] * side[:, None])
            / np.where(profile > 0.0, profile, 1.0)[:, None],
            np.inf,
        )
        for sign in (1.0, -1.0)
    )
    weft = weft.transpose(1, 0, 2)
    inside = lowest_voxels(np.minimum(warp, weft), volume_fraction)
    phase = np.where(inside, np.where(warp < weft, 1, 2), 0).astype(np.uint8)
    table, index = _orientations(phase, slope, side)
    return VoxelRVE(phase, ("matrix", "warp", "weft"), orientations=table, orientation_index=index)


def _profile(distance: np.ndarray, width: float) -> np.ndarray:
    """Thickness of the lenticular section over its largest, 0 beside the yarn."""
    within = np.abs(distance) < 0.5 * width
    return np.where(within, np.cos(np.pi * distance / width), 0.0)


def _amplitude(
    volume_fraction: float, height: float, spacing: float, width: float, gap: float
) -> float:
    """Height of the paths at which warp and weft are the gap apart everywhere.

    Both are cosines of the distance from the crossing, A cos(π u/s), and the sum of two yarns'
    conditions holds if one yarn's does: 2 A cos(π u/s) ≥ t cos(π u/w) + gap for |u| ≤ w/2.
    """
    # Four yarns of the length 2 s and the section 2/π w t fill the fraction of 4 s² h.
    unit = 4.0 * width / (np.pi * spacing * height)  # fraction per thickness
    across = np.linspace(0.0, 0.5 * width, 201)
    path = np.cos(np.pi * across / spacing)

    def amplitude(thickness: float) -> float:
        return 0.5 * float(((thickness * _profile(across, width) + gap) / path).max())

    def total(thickness: float) -> float:
        return 2.0 * amplitude(thickness) + thickness + gap

    thickness = volume_fraction / unit
    if thickness < _THINNEST:
        raise InputError(
            f"the yarns would be {thickness:.2g} voxels thick, less than {_THINNEST:g}: "
            "use more voxels, a higher volume_fraction or a smaller yarn_width"
        )
    if total(thickness) > height + 1e-9:
        low, high = 0.0, thickness
        for _ in range(60):
            middle = 0.5 * (low + high)
            low, high = (middle, high) if total(middle) <= height else (low, middle)
        reached = np.floor(1e3 * low * unit) / 1e3
        raise InputError(
            f"yarns with a volume fraction of {volume_fraction} do not fit into the height of "
            f"{height:g} voxels with a gap of {gap:g}; they reach {reached:.3f}: "
            "lower volume_fraction or gap, or use more voxels"
        )
    return amplitude(thickness)


def _orientations(
    phase: np.ndarray, slope: np.ndarray, side: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Material axes along the yarns: a table, and the index ``[nx, ny, nz]`` into it.

    The table has the identity, then for both signs of the path the tangents at each voxel along a
    warp yarn, then those along a weft yarn.
    """
    n = len(slope)
    zero, one = np.zeros(2 * n), np.ones(2 * n)
    rise = np.concatenate([slope, -slope])
    warp = np.stack([one, zero, rise], axis=1)
    weft = np.stack([zero, one, -rise], axis=1)
    tangents = np.concatenate([warp, weft])
    tangents /= np.linalg.norm(tangents, axis=1, keepdims=True)
    table = np.concatenate([np.eye(3)[None], axes_along(tangents)])
    second = np.where(side > 0.0, 0, n)  # where the table of the opposite path starts
    of_warp = 1 + np.arange(n)[:, None] + second[None, :]
    of_weft = 1 + 2 * n + np.arange(n)[None, :] + second[:, None]
    index = np.where(phase == 1, of_warp[..., None], np.where(phase == 2, of_weft[..., None], 0))
    return table, index
