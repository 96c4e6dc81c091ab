"""Two phases cut from a periodic Gaussian random field at one level.

The field is white noise filtered in Fourier space: periodic, and with the same statistics
everywhere (Cahn, J. Chem. Phys. 42 (1965) 93, for the narrow band of wave numbers).
"""

from collections.abc import Callable

import numpy as np

from dmn_fe.errors import InputError
from dmn_fe.microstructure.arguments import check_counts, check_fraction, check_seed
from dmn_fe.microstructure.statistics.clusters import find_clusters
from dmn_fe.microstructure.volume_fraction import lowest_voxels
from dmn_fe.microstructure.voxels import VoxelRVE

__all__ = ["bicontinuous", "gaussian_field"]

_LONGEST = 0.25  # of the edge: correlation length and wavelength, so that an RVE holds several
_CONTINUOUS = 0.15  # with less, the rarer phase of a band-limited field falls apart


def gaussian_field(
    voxels: int = 64,
    volume_fraction: float = 0.5,
    correlation_length: float = 5.0,
    seed: int = 0,
) -> VoxelRVE:
    """Phase 1 where a Gaussian random field is low.

    Parameters
    ----------
    voxels : int
        Voxels per edge of the periodic cube.
    volume_fraction : float
        Volume fraction of phase 1, hit to one voxel.
    correlation_length : float
        Length l in voxels of the field's correlation ``exp(−r²/2l²)``, from 1 to a quarter of the
        edge. At the fraction ½ two points at the distance r lie in the same phase with the
        probability ``½ + asin(exp(−r²/2l²))/π``.
    seed : int
        Seed of the field.

    Returns
    -------
    VoxelRVE
        Phases ``matrix`` (0) and ``inclusion`` (1), shape ``[voxels, voxels, voxels]``.

    Raises
    ------
    InputError
        If the correlation length is not resolved or too long, or a number makes no sense.
    """
    _check(voxels, volume_fraction, seed)
    _check_length("correlation_length", correlation_length, 1.0, voxels)
    # The amplitude is the root of the power spectrum, itself a Gaussian.
    field = _filtered_noise(voxels, seed, lambda k: np.exp(-0.25 * (k * correlation_length) ** 2))
    phase = lowest_voxels(field, volume_fraction).astype(np.uint8)
    return VoxelRVE(phase, ("matrix", "inclusion"))


def bicontinuous(
    voxels: int = 64,
    volume_fraction: float = 0.5,
    wavelength: float = 16.0,
    bandwidth: float = 0.1,
    seed: int = 0,
) -> VoxelRVE:
    """Two phases that both percolate, like those of a spinodal decomposition.

    Parameters
    ----------
    voxels : int
        Voxels per edge of the periodic cube.
    volume_fraction : float
        Volume fraction of phase 1, hit to one voxel. From 0.25 to 0.75 both phases percolated
        with every seed tried, from 0.2 to 0.8 with most.
    wavelength : float
        Mean distance of neighbouring struts in voxels, from 6 to a quarter of the edge.
    bandwidth : float
        Relative width (standard deviation) of the band of wave numbers, above 0 up to 0.5.
    seed : int
        Seed of the field.

    Returns
    -------
    VoxelRVE
        Phases ``matrix`` (0) and ``reinforcement`` (1), shape ``[voxels, voxels, voxels]``. Each
        has a connected cluster that goes on without end along all three axes; this is checked.

    Raises
    ------
    InputError
        If a phase falls apart at this fraction, the wavelength is not resolved or too long, or a
        number makes no sense.
    """
    _check(voxels, volume_fraction, seed)
    if not _CONTINUOUS <= volume_fraction <= 1.0 - _CONTINUOUS:
        raise InputError(
            f"volume_fraction = {volume_fraction}: below {_CONTINUOUS} and above "
            f"{1.0 - _CONTINUOUS} one phase of a random field falls apart; lie between, best from "
            "0.25 to 0.75, or use gaussian_field"
        )
    _check_length("wavelength", wavelength, 6.0, voxels)
    if not 0.0 < bandwidth <= 0.5:
        raise InputError(f"bandwidth = {bandwidth} must be above 0 and at most 0.5")
    middle = 2.0 * np.pi / wavelength
    # Narrower than the distance of two wave numbers of the cube, the band could hold none.
    width = max(bandwidth * middle, 0.5 * 2.0 * np.pi / voxels)
    field = _filtered_noise(voxels, seed, lambda k: np.exp(-(((k - middle) / (2.0 * width)) ** 2)))
    phase = lowest_voxels(field, volume_fraction).astype(np.uint8)
    rve = VoxelRVE(phase, ("matrix", "reinforcement"))
    for name in rve.names:
        if not all(find_clusters(rve, name).percolation):
            raise InputError(
                f"the {name} does not percolate along all axes at volume_fraction = "
                f"{volume_fraction} with this seed: take a fraction from 0.25 to 0.75, where both "
                "did with every seed tried, more voxels per wavelength and edge, or another seed"
            )
    return rve


def _check(voxels: int, volume_fraction: float, seed: int) -> None:
    check_seed(seed)
    check_counts(voxels=voxels)
    check_fraction(volume_fraction)


def _check_length(name: str, length: float, shortest: float, voxels: int) -> None:
    if not shortest <= length <= _LONGEST * voxels:
        raise InputError(
            f"{name} = {length} voxels must lie between {shortest:g} and a quarter of the edge, "
            f"{_LONGEST * voxels:g}: change it or use more voxels"
        )


def _filtered_noise(
    voxels: int, seed: int, amplitude: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    """White noise with its amplitudes multiplied by a function of the wave number (1/voxel)."""
    noise = np.random.default_rng(seed).normal(size=(voxels,) * 3)
    full = 2.0 * np.pi * np.fft.fftfreq(voxels)
    half = 2.0 * np.pi * np.fft.rfftfreq(voxels)
    k = np.sqrt(full[:, None, None] ** 2 + full[None, :, None] ** 2 + half**2)
    return np.fft.irfftn(np.fft.rfftn(noise) * amplitude(k), noise.shape, axes=(0, 1, 2))
