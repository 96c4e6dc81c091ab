"""Random periodic packing of discs and spheres.

Centres are placed one after the other (random sequential addition) while there is room; the
remaining ones start at random and all are then pushed apart until no two are closer than the
gap allows. All distances are periodic, so the faces of the RVE are not special.
"""

import math

import numpy as np

from dmn_fe.errors import InputError
from dmn_fe.microstructure.periodic import nearest_image

__all__ = ["SMALLEST_RADIUS", "pack"]

#: Voxels; a smaller particle is not recognisable as round.
SMALLEST_RADIUS = 1.5

_ATTEMPTS_PER_PARTICLE = 200
_RELAXATION_STEPS = 20_000  # fewer for more than 32 particles, whose steps take longer
_BALL = {2: math.pi, 3: 4.0 * math.pi / 3.0}  # volume for the radius 1
_DENSEST = {2: math.pi / math.sqrt(12.0), 3: math.pi / math.sqrt(18.0)}  # packing of equal ones
# What 12 and more particles without a gap reached with every seed tried. Some smaller numbers do
# not fit a square or cube well and reach less (three discs 0.63, five spheres 0.46).
_RANDOM = {2: 0.78, 3: 0.56}


def pack(radii: np.ndarray, gap: float, edge: int, seed: int, what: str) -> np.ndarray:
    """Centres of discs or spheres whose surfaces are at least a gap apart.

    Parameters
    ----------
    radii : array ``[count]``
        In voxels; the largest first, so that large ones find their place.
    gap : float
        Smallest distance of two surfaces, in voxels.
    edge : int
        Voxels per edge of the square (``what = "fibres"``) or cube (``what = "spheres"``).
    seed : int
        Seed of the arrangement.
    what : str
        ``"fibres"`` or ``"spheres"``.

    Returns
    -------
    array ``[count, dimension]``
        Centres in voxels.

    Raises
    ------
    InputError
        If a radius is too small to be seen, or the particles do not fit; the sentence tells the
        fraction that can be reached.
    """
    dimension = {"fibres": 2, "spheres": 3}[what]
    if radii.min() < SMALLEST_RADIUS:
        raise InputError(
            f"the {what} would have a radius of {radii.min():.2g} voxels, less than "
            f"{SMALLEST_RADIUS}: use more voxels or fewer {what}"
        )
    _refuse_beyond_densest(radii, gap, edge, dimension, what)
    rng = np.random.default_rng(seed)
    distance = radii[:, None] + radii[None, :] + gap
    centres = _add_sequentially(rng, dimension, distance, edge)
    for _ in range(min(_RELAXATION_STEPS, max(2000, 32 * _RELAXATION_STEPS // len(radii)))):
        offsets, distances = _neighbours(centres, edge)
        if (distances >= distance).all():
            return centres
        # Every overlapping pair moves apart along its line, each particle by half the overlap.
        overlap = np.clip(1.001 * distance - distances, 0.0, None)
        push = 0.5 * overlap / np.maximum(distances, 1e-9 * edge)
        centres = (centres + (push[..., None] * offsets).sum(axis=1)) % edge
    # All radii times this factor would just fit where the particles are now.
    factor = ((_neighbours(centres, edge)[1] - gap) / (distance - gap)).min()
    raise InputError(
        f"{len(radii)} {what} with a gap of {gap:g} voxels reached a volume fraction of "
        f"{_fraction(max(factor, 0.0) * radii, edge, dimension):.3f}, "
        f"not {_fraction(radii, edge, dimension):.3f}: "
        "lower volume_fraction, gap or count, use more voxels, or try another seed"
    )


def _fraction(radii: np.ndarray, edge: int, dimension: int) -> float:
    return _BALL[dimension] * float(((radii / edge) ** dimension).sum())


def _refuse_beyond_densest(
    radii: np.ndarray, gap: float, edge: int, dimension: int, what: str
) -> None:
    """Raise ``InputError`` if the particles with half the gap around them fill more than can be."""
    half = 0.5 * gap
    # A single particle meets its own images: a simple cubic or square lattice.
    alone = len(radii) == 1
    densest = _BALL[dimension] / 2**dimension if alone else _DENSEST[dimension]
    if _fraction(radii + half, edge, dimension) <= densest * (1.0 + 1e-12):
        return

    def reachable(packing: float) -> float:
        # Equal particles of the same number, with half the gap around each.
        radius = edge * (packing / (_BALL[dimension] * len(radii))) ** (1.0 / dimension) - half
        return _fraction(np.full(len(radii), max(radius, 0.0)), edge, dimension)

    random = "" if alone else f", and random ones about {reachable(_RANDOM[dimension]):.3f}"
    raise InputError(
        f"{len(radii)} {what} with a gap of {gap:g} voxels cannot have a volume fraction of "
        f"{_fraction(radii, edge, dimension):.3f}: in the densest packing they reach "
        f"{reachable(densest):.3f}{random}; lower volume_fraction, gap or count, or use more voxels"
    )


def _add_sequentially(
    rng: np.random.Generator, dimension: int, distance: np.ndarray, edge: int
) -> np.ndarray:
    """Centres without overlap as long as free places are found by chance, then at random."""
    centres = rng.uniform(0.0, edge, (1, dimension))
    for i in range(1, len(distance)):
        for _ in range(_ATTEMPTS_PER_PARTICLE):
            candidate = rng.uniform(0.0, edge, dimension)
            apart = np.linalg.norm(nearest_image(candidate - centres, edge), axis=-1)
            if (apart >= distance[i, :i]).all():
                break
        centres = np.vstack([centres, candidate])
    return centres


def _neighbours(centres: np.ndarray, edge: float) -> tuple[np.ndarray, np.ndarray]:
    """Periodic offsets ``[i, j] = x_i − x_j`` and distances; a particle meets its own image."""
    offsets = nearest_image(centres[:, None] - centres[None, :], edge)
    distances = np.linalg.norm(offsets, axis=-1)
    np.fill_diagonal(distances, edge)
    return offsets, distances
