"""Random periodic packing of straight fibres with round ends (spherocylinders).

All fibres start at random places; overlapping pairs are then moved and turned apart at the points
where their axes are nearest, and after each step the directions get their orientation tensor
back (in the spirit of sequential addition and migration, Schneider, Comput. Mech. 59 (2017) 247).
"""

import math

import numpy as np

from dmn_fe.errors import InputError
from dmn_fe.microstructure.fibre_directions import (
    TOLERANCE,
    orientation_tensor,
    restore_tensor,
    sample_directions,
)
from dmn_fe.microstructure.periodic import nearest_image

__all__ = ["nearest_points", "pack_fibres", "spherocylinder_volume"]

_STEPS = 1000
_DENSEST = math.pi / math.sqrt(12.0)  # parallel cylinders; no arrangement of fibres is denser


def spherocylinder_volume(radius: float, half_axis: float) -> float:
    """Volume of the points within a radius of a straight axis of length ``2 half_axis``."""
    return math.pi * radius**2 * (2.0 * half_axis + 4.0 / 3.0 * radius)


def pack_fibres(
    count: int,
    radius: float,
    half_axis: float,
    tensor: np.ndarray,
    gap: float,
    edge: int,
    seed: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Centres and directions of fibres whose surfaces are at least a gap apart.

    Parameters
    ----------
    count : int
        Number of fibres.
    radius, half_axis : float
        Radius, and half the length of the axis between the centres of the round ends, in voxels.
    tensor : array ``[3, 3]``
        Orientation tensor, see :func:`sample_directions`.
    gap : float
        Smallest distance of two surfaces, in voxels.
    edge : int
        Voxels per edge of the periodic cube, at least the length of a fibre and the gap.
    seed : int
        Seed of the arrangement.

    Returns
    -------
    centres, directions : array ``[count, 3]``
        Centres in voxels and unit vectors.

    Raises
    ------
    InputError
        If the fibres do not fit; the sentence tells the fraction that was reached.
    """
    fraction = count * spherocylinder_volume(radius, half_axis) / edge**3
    distance = 2.0 * radius + gap
    filled = count * spherocylinder_volume(0.5 * distance, half_axis) / edge**3
    if filled > _DENSEST:
        raise InputError(
            f"{count} fibres of {2 * radius:.3g} voxels in diameter with a gap of {gap:g} voxels "
            f"cannot have a volume fraction of {fraction:.3f}, not even if they are parallel "
            f"(they reach less than {fraction * _DENSEST / filled:.3f}): lower volume_fraction or "
            "gap, or use more voxels"
        )
    rng = np.random.default_rng(seed)
    directions = sample_directions(tensor, count, rng)
    centres = rng.uniform(0.0, edge, (count, 3))
    reached = 0.0
    for _ in range(_STEPS):
        first, second, apart, levers = _contacts(centres, directions, half_axis, distance, edge)
        nearest = np.linalg.norm(apart, axis=1)
        if len(first) == 0 or nearest.min() >= distance:
            return centres, directions
        reached = max(reached, 0.5 * (nearest.min() - gap))
        moves, turns = _pushes(nearest, apart, levers, half_axis, distance)
        step, turn = np.zeros_like(centres), np.zeros_like(directions)
        for fibre, sign, side in ((first, 1.0, 0), (second, -1.0, 1)):
            np.add.at(step, fibre, sign * moves[side])
            np.add.at(turn, fibre, sign * turns[side])
        centres = (centres + step) % edge
        turned = directions + turn
        turned /= np.linalg.norm(turned, axis=1, keepdims=True)
        turned = restore_tensor(turned, tensor, 0.1 * TOLERANCE)
        if np.abs(orientation_tensor(turned) - tensor).max() < TOLERANCE:
            directions = turned
    fits = count * spherocylinder_volume(reached, half_axis) / edge**3
    raise InputError(
        f"{count} fibres with a gap of {gap:g} voxels reached a volume fraction of {fits:.3f} at "
        f"this length and orientation, not {fraction:.3f}: lower volume_fraction, gap or "
        "aspect_ratio, use more voxels, or try another seed"
    )


def nearest_points(
    offset: np.ndarray, first: np.ndarray, second: np.ndarray, half_axis: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where two straight axes of equal length are nearest.

    Parameters
    ----------
    offset : array ``[n, 3]``
        Centre of the first axis seen from that of the second.
    first, second : array ``[n, 3]``
        Unit vectors along the axes.
    half_axis : float
        Half the length of each axis.

    Returns
    -------
    apart : array ``[n, 3]``
        Vector from the nearest point of the second axis to that of the first.
    on_first, on_second : array ``[n]``
        Where these points are, from −half_axis to half_axis.
    """
    cosine = (first * second).sum(axis=1)
    along_first = (first * offset).sum(axis=1)
    along_second = (second * offset).sum(axis=1)
    # Of the two infinite lines; parallel lines may take any point. Then within the ends.
    square = np.maximum(1.0 - cosine**2, 1e-12)
    s = np.clip((cosine * along_second - along_first) / square, -half_axis, half_axis)
    t = np.clip(cosine * s + along_second, -half_axis, half_axis)
    s = np.clip(cosine * t - along_first, -half_axis, half_axis)
    return offset + s[:, None] * first - t[:, None] * second, s, t


def _contacts(
    centres: np.ndarray, directions: np.ndarray, half_axis: float, distance: float, edge: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, tuple[np.ndarray, np.ndarray]]:
    """Pairs of fibres nearer than ``distance``, with the vectors and levers of nearest points."""
    first, second = np.triu_indices(len(centres), 1)
    nearest = nearest_image(centres[first] - centres[second], edge)
    # Beyond the nearest image only those one edge back along some axes can be near enough,
    # since a fibre and its gap are not longer than the edge. A fibre never meets its own images.
    back = -edge * np.where(nearest >= 0.0, 1.0, -1.0)
    found = []
    for shift in np.ndindex(2, 2, 2):
        offset = nearest + back * np.array(shift)
        near = (offset**2).sum(axis=1) < (2.0 * half_axis + distance) ** 2
        i, j, offset = first[near], second[near], offset[near]
        apart, s, t = nearest_points(offset, directions[i], directions[j], half_axis)
        close = (apart**2).sum(axis=1) < (1.001 * distance) ** 2
        found.append([part[close] for part in (i, j, apart, s, t)])
    i, j, apart, s, t = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return i, j, apart, (s, t)


def _pushes(
    nearest: np.ndarray,
    apart: np.ndarray,
    levers: tuple[np.ndarray, np.ndarray],
    half_axis: float,
    distance: float,
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Moves and turns of the first and second fibre that take half the overlap each.

    A force at the lever s moves a rod by F/m and turns its direction by F s/I, I = m h²/3.
    """
    overlap = np.clip(1.001 * distance - nearest, 0.0, None)
    normal = apart / np.maximum(nearest, 1e-9 * distance)[:, None]
    inertia = max(half_axis, 0.5 * distance) ** 2 / 3.0
    moves, turns = [], []
    for lever in levers:
        force = 0.5 * overlap / (1.0 + lever**2 / inertia)
        moves.append(force[:, None] * normal)
        turns.append((force * lever / inertia)[:, None] * normal)
    return moves, turns
