"""Forces on a part, and their errors, from the stress and strain at its points."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dmn_fe.validation.motion import Motion, motion_of_steps
from dmn_fe.validation.recorded_paths import RecordedPaths
from dmn_fe.validation.sampling import Draw, estimate_sums

__all__ = ["Forces", "estimate_forces", "work_of_steps"]

_STILL = 1e-9  # of the largest motion: round-off


class Forces(NamedTuple):
    """Force of the network ``[k]``, its estimated error and the standard error of that.

    Not-a-number at the start and in steps without motion; ``motion`` says what moves.
    """

    force: NDArray[np.float64]
    error: NDArray[np.float64]
    standard_error: NDArray[np.float64]
    motion: str


def work_of_steps(
    paths: RecordedPaths, stress: NDArray[np.float64], rows: list[int] | slice = slice(None)
) -> NDArray[np.float64]:
    """Work ``σ : Δε`` ``[m, k]`` in each step, over the volume of some points.

    Parameters
    ----------
    paths : RecordedPaths
    stress : array ``[m, k, 6]``
        Of these points, Mandel.
    rows : list of int or slice
        The points.
    """
    strain, volume = paths.strain.numpy()[rows], paths.volume[rows]
    return volume[:, None] * (stress * np.diff(strain, axis=1, prepend=0.0)).sum(axis=-1)


def estimate_forces(
    folder: Path,
    paths: RecordedPaths,
    work: NDArray[np.float64],
    draw: Draw,
    work_error: NDArray[np.float64],
) -> Forces:
    """Forces on the motion of each step.

    Parameters
    ----------
    folder : Path
        Of the run, whose tables tell how far the part was moved.
    paths : RecordedPaths
    work : array ``[n, k]``
        Of the network at all points.
    draw : Draw
    work_error : array ``[m, k]``
        Network less RVE at the points of the draw.
    """
    motion = motion_of_steps(folder, paths.times)
    if motion is None:
        increments = np.diff(paths.strain.numpy(), axis=1, prepend=0.0)
        squares = (increments**2).sum(axis=-1)
        share = paths.volume / paths.volume.sum()
        motion = Motion(np.sqrt((share[:, None] * squares).sum(axis=0)), "the strain of the points")
    sizes = motion.sizes
    moves = np.where(sizes > _STILL * sizes.max(), sizes, np.nan)
    total, deviation = estimate_sums(draw, work_error)
    return Forces(work.sum(axis=0) / moves, total / moves, deviation / moves, motion.name)
