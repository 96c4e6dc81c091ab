"""Two controls that know little of the original: white noise, and a Gaussian random field."""

import math
from itertools import product

import numpy as np

from dmn_fe.errors import InputError
from dmn_fe.microstructure.arguments import check_counts, check_seed
from dmn_fe.microstructure.statistics import two_point_probability
from dmn_fe.microstructure.volume_fraction import exact_counts
from dmn_fe.microstructure.voxels import VoxelRVE

__all__ = ["gaussian_control", "white_noise"]


def white_noise(original: VoxelRVE, shape: tuple[int, int, int], seed: int = 0) -> VoxelRVE:
    """Voxels independent of each other, with the volume fractions of the original.

    Parameters
    ----------
    original : VoxelRVE
        Its volume fractions are hit to one voxel.
    shape : tuple of three int
        Voxels of the control, which is periodic.
    seed : int
        Seed of the noise.

    Raises
    ------
    InputError
        If the shape or the seed makes no sense, or has no voxel for a phase.
    """
    _check(shape, seed)
    counts = exact_counts(original.volume_fractions, math.prod(shape))
    phase = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(counts)), counts))
    return VoxelRVE(phase.reshape(shape), original.names)


def gaussian_control(original: VoxelRVE, shape: tuple[int, int, int], seed: int = 0) -> VoxelRVE:
    """Phases cut from Gaussian random fields with the two-point statistics of the original.

    Each phase has a periodic field. Together the fields have the autocovariances of the phases
    and their cross-covariances, at the lags of the control, counted inside the original where it
    is not periodic. White noise is filtered to them; its phases in Fourier space are random, so
    nothing else of the original is kept. The rarest phase takes its share of the voxels, those
    where its field exceeds the others' most, then the next rarest of what is left; of two phases
    this is a cut at a quantile. The cut makes correlations somewhat weaker: for equal fractions a
    correlation ρ of the fields gives 2/π asin ρ.

    Parameters
    ----------
    original : VoxelRVE
        At least half as large as the control along each axis, or one voxel deep as the control.
    shape : tuple of three int
        Voxels of the control, which is periodic.
    seed : int
        Seed of the fields.

    Raises
    ------
    InputError
        If the shape or the seed makes no sense, has no voxel for a phase, or the original is less
        than half as large.

    References
    ----------
    J. A. Quiblier, J. Colloid Interface Sci. 98 (1984) 84; here without its correction of ρ.
    """
    _check(shape, seed)
    counts = exact_counts(original.volume_fractions, math.prod(shape))
    for axis, (n, edge) in enumerate(zip(shape, original.shape, strict=True)):
        if edge < n // 2 + 1:
            raise InputError(
                f"the original has {edge} voxels along e{axis + 1}, too few for a control of {n}: "
                f"take at most {2 * edge - 1}"
            )
    fields = _fields(_spectra(original, shape), shape, seed)
    order = np.argsort(counts, kind="stable")
    phase = np.full(fields[0].size, order[-1])
    left = np.arange(phase.size)
    for at, rare in enumerate(order[:-1]):
        others = np.max([fields[other].ravel()[left] for other in order[at + 1 :]], axis=0)
        chosen = np.argsort(others - fields[rare].ravel()[left], kind="stable")[: counts[rare]]
        phase[left[chosen]] = rare
        left = np.delete(left, chosen)
    return VoxelRVE(phase.reshape(shape), original.names)


def _check(shape: tuple[int, int, int], seed: int) -> None:
    if len(shape) != 3:
        raise InputError(f"shape = {shape}: give the voxels along e1, e2, e3")
    check_counts(**{f"shape[{axis}]": n for axis, n in enumerate(shape)})
    check_seed(seed)


def _spectra(original: VoxelRVE, shape: tuple[int, int, int]) -> np.ndarray:
    """Cross-spectral matrices ``[nx, ny, nz, phases, phases]`` of the indicators of the phases."""
    places = []
    for n, edge, wraps in zip(shape, original.shape, original.periodic, strict=True):
        lag = (np.arange(n) + n // 2) % n - n // 2
        # Where the lags of the original are stored: from −(edge // 2) or from 1 − edge on.
        places.append((lag + edge // 2) % edge if wraps else lag + edge - 1)
    fractions = original.volume_fractions
    spectra = np.empty((*shape, len(fractions), len(fractions)), dtype=complex)
    for one, other in product(range(len(fractions)), repeat=2):
        found = two_point_probability(original, one, other).probability[np.ix_(*places)]
        # The field of the first phase is to be the conjugate one, hence the order.
        spectra[..., other, one] = np.fft.fftn(found - fractions[one] * fractions[other])
    return 0.5 * (spectra + spectra.conj().swapaxes(-1, -2))


def _fields(spectra: np.ndarray, shape: tuple[int, int, int], seed: int) -> list[np.ndarray]:
    """One field per phase: white noise filtered by the roots of the matrices."""
    values, vectors = np.linalg.eigh(spectra)
    # A window's covariances are not quite those of a periodic field: some values are below zero.
    roots = np.einsum("...ij,...j,...kj->...ik", vectors, values.clip(0.0) ** 0.5, vectors.conj())
    phases = spectra.shape[-1]
    white = np.random.default_rng(seed).normal(size=(*shape, phases))
    noise = np.fft.fftn(white, axes=(0, 1, 2))
    return [
        np.fft.ifftn(np.einsum("...j,...j->...", roots[..., phase, :], noise)).real
        for phase in range(phases)
    ]
