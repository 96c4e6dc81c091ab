"""Random periodic arrangements of equal spheres and of parallel fibres.

Centres are placed one after the other (random sequential addition) while there is room; the
remaining ones start at random and all are then pushed apart until no two are closer than the
gap allows. All distances are periodic, so the faces of the RVE are not special.
"""

import math

import numpy as np

from dmn_fe.errors import InputError
from dmn_fe.microstructure.voxels import VoxelRVE

__all__ = ["random_fibres", "random_spheres"]

_ATTEMPTS_PER_PARTICLE = 200
_RELAXATION_STEPS = 20_000
_SMALLEST_RADIUS = 1.5  # voxels; a smaller particle is not recognisable as round


def random_spheres(
    voxels: int = 32,
    volume_fraction: float = 0.3,
    count: int = 12,
    gap: float = 2.0,
    seed: int = 0,
) -> VoxelRVE:
    """Equal spheres at random in a periodic cube.

    Parameters
    ----------
    voxels : int
        Voxels per edge.
    volume_fraction : float
        Volume fraction of the spheres before they are cut into voxels; the fraction in voxels
        differs a little and is ``rve.volume_fractions[1]``.
    count : int
        Number of spheres; with the volume fraction it gives their radius.
    gap : float
        Smallest distance of two surfaces in voxels. Below two voxels the response depends
        strongly on the grid.
    seed : int
        Seed of the arrangement.

    Returns
    -------
    VoxelRVE
        Phases ``matrix`` (0) and ``inclusion`` (1), shape ``[voxels, voxels, voxels]``.

    Raises
    ------
    InputError
        If the spheres do not fit with this gap, or a number makes no sense.
    """
    _check(voxels, volume_fraction, count, gap, seed)
    radius = voxels * (3.0 * volume_fraction / (4.0 * math.pi * count)) ** (1.0 / 3.0)
    centres = _place(3, count, radius, gap, voxels, seed, "spheres")
    return VoxelRVE(_voxelize(centres, radius, voxels), ("matrix", "inclusion"))


def random_fibres(
    voxels: int = 64,
    volume_fraction: float = 0.5,
    count: int = 12,
    gap: float = 2.0,
    seed: int = 0,
) -> VoxelRVE:
    """Parallel circular fibres along e3 at random in a periodic square.

    Parameters and errors as for :func:`random_spheres`, with fibres in place of spheres.

    Returns
    -------
    VoxelRVE
        Phases ``matrix`` (0) and ``fibre`` (1), shape ``[voxels, voxels, 1]``.
    """
    _check(voxels, volume_fraction, count, gap, seed)
    radius = voxels * math.sqrt(volume_fraction / (math.pi * count))
    centres = _place(2, count, radius, gap, voxels, seed, "fibres")
    return VoxelRVE(_voxelize(centres, radius, voxels)[:, :, None], ("matrix", "fibre"))


def _check(voxels: int, volume_fraction: float, count: int, gap: float, seed: int) -> None:
    if not (isinstance(seed, int) and seed >= 0):
        raise InputError(f"seed = {seed} must be a whole number, zero or above")
    if not (isinstance(voxels, int) and voxels >= 1 and isinstance(count, int) and count >= 1):
        raise InputError(f"voxels = {voxels} and count = {count} must be positive whole numbers")
    if not 0.0 < volume_fraction < 1.0:
        raise InputError(f"volume_fraction = {volume_fraction} must lie between 0 and 1")
    if not 0.0 <= gap < voxels:
        raise InputError(f"gap = {gap} voxels must not be negative and be less than the edge")


def _place(
    dimension: int, count: int, radius: float, gap: float, edge: int, seed: int, what: str
) -> np.ndarray:
    """Centres ``[count, dimension]`` in voxels, pairwise at least ``2 radius + gap`` apart."""
    if radius < _SMALLEST_RADIUS:
        raise InputError(
            f"the {what} would have a radius of {radius:.2g} voxels, less than "
            f"{_SMALLEST_RADIUS}: use more voxels or fewer {what}"
        )
    rng = np.random.default_rng(seed)
    distance = 2.0 * radius + gap
    centres = _add_sequentially(rng, dimension, count, distance, edge)
    for _ in range(_RELAXATION_STEPS):
        offsets, distances = _neighbours(centres, edge)
        overlap = np.clip(1.001 * distance - distances, 0.0, None)
        if distances.min() >= distance:
            return centres
        # Every overlapping pair moves apart along its line, each particle by half the overlap.
        push = 0.5 * overlap / np.maximum(distances, 1e-9 * edge)
        centres = (centres + (push[..., None] * offsets).sum(axis=1)) % edge
    ball = {2: math.pi, 3: 4.0 * math.pi / 3.0}[dimension]
    reached = max(0.5 * (_neighbours(centres, edge)[1].min() - gap), 0.0)
    fraction = count * ball * (reached / edge) ** dimension
    raise InputError(
        f"{count} {what} with a gap of {gap:g} voxels reached a volume fraction of {fraction:.3f}, "
        f"not {count * ball * (radius / edge) ** dimension:.3f}: "
        "lower volume_fraction, gap or count, use more voxels, or try another seed"
    )


def _add_sequentially(
    rng: np.random.Generator, dimension: int, count: int, distance: float, edge: int
) -> np.ndarray:
    """Centres without overlap as long as free places are found by chance, then at random."""
    centres = rng.uniform(0.0, edge, (1, dimension))
    while len(centres) < count:
        for _ in range(_ATTEMPTS_PER_PARTICLE):
            candidate = rng.uniform(0.0, edge, dimension)
            if np.linalg.norm(_nearest(candidate - centres, edge), axis=-1).min() >= distance:
                break
        centres = np.vstack([centres, candidate])
    return centres


def _nearest(offset: np.ndarray, edge: float) -> np.ndarray:
    """Shortest periodic image of vectors."""
    return offset - edge * np.round(offset / edge)


def _neighbours(centres: np.ndarray, edge: float) -> tuple[np.ndarray, np.ndarray]:
    """Periodic offsets ``[i, j] = x_i − x_j`` and distances; a particle meets its own image."""
    offsets = _nearest(centres[:, None] - centres[None, :], edge)
    distances = np.linalg.norm(offsets, axis=-1)
    np.fill_diagonal(distances, edge)
    return offsets, distances


def _voxelize(centres: np.ndarray, radius: float, edge: int) -> np.ndarray:
    """Phase 1 where the centre of a voxel lies inside a particle."""
    middle = np.arange(edge) + 0.5
    grid = np.stack(np.meshgrid(*[middle] * centres.shape[1], indexing="ij"), axis=-1)
    phase = np.zeros(grid.shape[:-1], dtype=np.uint8)
    for centre in centres:
        phase[(_nearest(grid - centre, edge) ** 2).sum(axis=-1) <= radius**2] = 1
    return phase
