"""Random periodic arrangements of spheres and of parallel fibres."""

import math
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike

from dmn_fe.errors import InputError
from dmn_fe.microstructure.arguments import (
    check_counts,
    check_fraction,
    check_gap,
    check_positive,
    check_seed,
)
from dmn_fe.microstructure.packing import pack
from dmn_fe.microstructure.periodic import signed_distances
from dmn_fe.microstructure.volume_fraction import lowest_voxels
from dmn_fe.microstructure.voxels import VoxelRVE

__all__ = ["polydisperse_spheres", "random_fibres", "random_spheres"]


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
        Volume fraction of the spheres, hit to one voxel: the ``round(f · n)`` voxels whose
        centres lie deepest inside the spheres.
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
        If the spheres do not fit with this gap (with the fraction that can be reached), or a
        number makes no sense.
    """
    _check(voxels, volume_fraction, gap, seed)
    check_counts(count=count)
    phase = _particles(np.ones(count), volume_fraction, gap, voxels, seed, "spheres")
    return VoxelRVE(phase, ("matrix", "inclusion"))


def polydisperse_spheres(
    voxels: int = 64,
    volume_fraction: float = 0.3,
    count: int = 30,
    spread: float = 0.3,
    radii: ArrayLike | None = None,
    gap: float = 2.0,
    seed: int = 0,
) -> VoxelRVE:
    """Spheres of different sizes at random in a periodic cube.

    Parameters
    ----------
    voxels, volume_fraction, gap, seed
        As for :func:`random_spheres`.
    count : int
        Number of spheres; not used with ``radii``.
    spread : float
        Standard deviation of the logarithm of the diameter. The diameters are the quantiles
        (i + ½)/count of the log-normal distribution: the same for every seed.
    radii : array ``[count]``, optional
        Radii in any unit instead of the log-normal ones; they are scaled to the volume fraction.

    Returns
    -------
    VoxelRVE
        Phases ``matrix`` (0) and ``inclusion`` (1), shape ``[voxels, voxels, voxels]``.

    Raises
    ------
    InputError
        As for :func:`random_spheres`, and if a radius is not positive.
    """
    _check(voxels, volume_fraction, gap, seed)
    sizes = _lognormal(count, spread) if radii is None else np.asarray(radii, dtype=float)
    if sizes.ndim != 1 or len(sizes) == 0:
        raise InputError(f"radii has the shape {list(sizes.shape)}: give a list of numbers")
    for i, size in enumerate(sizes):
        check_positive(**{f"radii[{i}]": float(size)})
    # The largest first: the last ones find room between the others.
    phase = _particles(np.sort(sizes)[::-1], volume_fraction, gap, voxels, seed, "spheres")
    return VoxelRVE(phase, ("matrix", "inclusion"))


def random_fibres(
    voxels: int = 64,
    volume_fraction: float = 0.5,
    count: int = 12,
    gap: float = 2.0,
    seed: int = 0,
) -> VoxelRVE:
    """Parallel circular fibres along e3 at random in a periodic square.

    Parameters and errors as for :func:`random_spheres`, with fibres in place of spheres. The RVE
    carries no orientations: an anisotropic fibre is given in the axes of the RVE, along e3.

    Returns
    -------
    VoxelRVE
        Phases ``matrix`` (0) and ``fibre`` (1), shape ``[voxels, voxels, 1]``.
    """
    _check(voxels, volume_fraction, gap, seed)
    check_counts(count=count)
    phase = _particles(np.ones(count), volume_fraction, gap, voxels, seed, "fibres")
    return VoxelRVE(phase[:, :, None], ("matrix", "fibre"))


def _check(voxels: int, volume_fraction: float, gap: float, seed: int) -> None:
    check_seed(seed)
    check_counts(voxels=voxels)
    check_fraction(volume_fraction)
    check_gap(gap, voxels)


def _lognormal(count: int, spread: float) -> np.ndarray:
    """Quantiles (i + ½)/count of the log-normal distribution with the median 1."""
    check_counts(count=count)
    if not 0.0 <= spread < 2.0:
        raise InputError(f"spread = {spread} must not be negative and be less than 2")
    scores = [NormalDist().inv_cdf((i + 0.5) / count) for i in range(count)]
    return np.exp(spread * np.array(scores))


def _particles(
    radii: np.ndarray, volume_fraction: float, gap: float, edge: int, seed: int, what: str
) -> np.ndarray:
    """Phases of discs or spheres whose radii are scaled to the volume fraction."""
    if what == "fibres":
        scaled = radii * (edge * math.sqrt(volume_fraction / (math.pi * (radii**2).sum())))
    else:
        volume = 4.0 * math.pi * (radii**3).sum()
        scaled = radii * (edge * (3.0 * volume_fraction / volume) ** (1.0 / 3.0))
    centres = pack(scaled, gap, edge, seed, what)
    reach = np.repeat(scaled[:, None], centres.shape[1], axis=1)
    distance, _ = signed_distances(
        centres, reach, edge, lambda i, offset: np.linalg.norm(offset, axis=-1) - scaled[i]
    )
    return lowest_voxels(distance, volume_fraction).astype(np.uint8)
