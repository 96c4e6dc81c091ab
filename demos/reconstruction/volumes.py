"""A hidden volume and what was made of three of its sections."""

import time
from itertools import product

import numpy as np

from dmn_fe import homogenization, microstructure
from dmn_fe.mandel import isotropic_stiffness
from dmn_fe.microstructure import Encoder, VoxelRVE, two_point_probability

__all__ = ["compare_volume"]

_CONTRASTS = (10.0, 100.0)
_REACH = 16  # voxels
#: Axes, diagonals of faces and of the cube.
_DIRECTIONS = [d for d in product((-1, 0, 1), repeat=3) if d > (0, 0, 0)]


def compare_volume(
    hidden: VoxelRVE, encoder: Encoder, seeds: int, size: int, knows_fractions: bool = False
) -> dict:
    """Seconds, distances of S2 in thirteen directions, and errors of the stiffness.

    Parameters
    ----------
    hidden : VoxelRVE
        A cube; its three sections through the middle are given to the reconstruction.
    encoder : Encoder
    seeds : int
        Number of results.
    size : int
        Voxels along an edge of a result.
    knows_fractions : bool
        Whether the reconstruction is told those of the volume, or takes those of the sections.
    """
    middle = hidden.shape[0] // 2
    sections = [_section(hidden, normal, middle) for normal in range(3)]
    started = time.perf_counter()
    fractions = hidden.volume_fractions if knows_fractions else None
    made = microstructure.reconstruct(
        sections, size, 3, seeds=range(seeds), fractions=fractions, encoder=encoder
    )
    seconds = (time.perf_counter() - started) / seeds
    report = microstructure.judge_quality(sections, made.rves)
    truth, fraction = _pairs(hidden), hidden.volume_fractions[1]
    slices = [_section(hidden, n, at) for n in range(3) for at in range(0, hidden.shape[0], 8)]
    scatter = [_distance(_pairs(one), truth, fraction) for one in slices]
    stiffness = [_stiffnesses(hidden)] + [_stiffnesses(rve) for rve in made.rves]
    return {
        "seconds": round(seconds, 1),
        "verdict": report.verdict,
        "sentence": report.sentence,
        "fraction": round(fraction, 4),
        "fraction of results": round(made.rve.volume_fractions[1], 4),
        "S2": [_distance(_pairs(rve), truth, fraction) for rve in made.rves],
        "S2 of slices": {
            kind: {
                "mean": round(float(np.mean([one[kind] for one in scatter if kind in one])), 4),
                "largest": max(one[kind] for one in scatter if kind in one),
            }
            for kind in ("axes", "face diagonals")
        },
        "stiffness error": {
            f"{contrast:g}": [_relative(one[i], stiffness[0][i]) for one in stiffness[1:]]
            for i, contrast in enumerate(_CONTRASTS)
        },
    }


def _relative(one: np.ndarray, truth: np.ndarray) -> float:
    """Relative error in the Frobenius norm."""
    return round(float(np.linalg.norm(one - truth) / np.linalg.norm(truth)), 5)


def _section(rve: VoxelRVE, normal: int, at: int) -> VoxelRVE:
    """A section normal to an axis, as a cut-out."""
    periodic = [False] * 3
    periodic[normal] = True
    size = [1.0 if axis != normal else 1.0 / n for axis, n in enumerate(rve.shape)]
    x, y, z = periodic
    return VoxelRVE(rve.phase.take([at], normal), rve.names, tuple(size), periodic=(x, y, z))


def _pairs(rve: VoxelRVE) -> dict[tuple[int, ...], np.ndarray]:
    """Two-point probabilities of phase 1 at 0 … 16 steps in all directions in the RVE."""
    found = two_point_probability(rve, 1)
    zero = [int(np.flatnonzero(steps == 0)[0]) for steps in found.steps]
    curves = {}
    for direction in _DIRECTIONS:
        if all(d == 0 or n > 1 for d, n in zip(direction, rve.shape, strict=True)):
            places = tuple(
                (zero[axis] + direction[axis] * np.arange(_REACH + 1)) % len(found.steps[axis])
                for axis in range(3)
            )
            curves[direction] = found.probability[places]
    return curves


def _distance(one: dict, truth: dict, fraction: float) -> dict[str, float]:
    """Largest mean difference over f (1 − f), of directions along axes and diagonals."""
    kinds: dict[str, list[float]] = {}
    for direction, curve in one.items():
        kind = ("axes", "face diagonals", "space diagonals")[np.abs(direction).sum() - 1]
        difference = np.abs(curve - truth[direction]).mean() / (fraction * (1.0 - fraction))
        kinds.setdefault(kind, []).append(float(difference))
    return {kind: round(max(values), 4) for kind, values in kinds.items()}


def _stiffnesses(rve: VoxelRVE) -> np.ndarray:
    """Effective stiffness ``[contrasts, 6, 6]`` with a stiffer phase 1, ν = 0.3."""
    found = []
    for contrast in _CONTRASTS:
        pair = (isotropic_stiffness(1.0, 0.3), isotropic_stiffness(contrast, 0.3))
        phases = dict(zip(rve.names, pair, strict=True))
        found.append(homogenization.effective_stiffness(rve, phases, tolerance=1e-4).numpy())
    return np.stack(found)
