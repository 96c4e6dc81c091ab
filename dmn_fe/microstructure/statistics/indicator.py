"""What every statistic starts from: where a phase is, and how far voxels are apart."""

import numpy as np

from dmn_fe.errors import InputError
from dmn_fe.microstructure.voxels import VoxelRVE

__all__ = ["check_axis", "indicator", "pairs_at", "spacing"]


def indicator(rve: VoxelRVE, phase: int | str) -> np.ndarray:
    """Where the phase is, ``[nx, ny, nz]``.

    Raises
    ------
    InputError
        If the RVE is not made of voxels, or has no phase of this number or name.
    """
    if not isinstance(rve, VoxelRVE):
        raise InputError(
            f"statistics are counted in voxels but the RVE is a {type(rve).__name__}: "
            "turn it into voxels with microstructure.voxelize"
        )
    if phase in rve.names:
        return rve.phase == rve.names.index(phase)
    if isinstance(phase, int | np.integer) and 0 <= phase < len(rve.names):
        return rve.phase == phase
    raise InputError(
        f"the RVE has no phase {phase!r}: give one of {list(rve.names)} or a number from 0 "
        f"to {len(rve.names) - 1}"
    )


def spacing(rve: VoxelRVE) -> tuple[float, float, float]:
    """Edge lengths of a voxel, in the unit of ``rve.size``."""
    (a, b, c), (nx, ny, nz) = rve.size, rve.shape
    return a / nx, b / ny, c / nz


def check_axis(axis: int) -> None:
    """Raise ``InputError`` unless the axis is 0, 1 or 2."""
    if axis not in (0, 1, 2):
        raise InputError(f"axis = {axis!r} is no axis of an RVE: give 0, 1 or 2 for e1, e2 or e3")


def pairs_at(
    inside: np.ndarray, lag: tuple[int, int, int], periodic: tuple[bool, bool, bool]
) -> tuple[np.ndarray, np.ndarray]:
    """Values at both ends of all pairs of voxels with this lag; periodic axes wrap around."""
    start, end = inside, inside
    for axis, (step, wraps) in enumerate(zip(lag, periodic, strict=True)):
        if wraps:
            end = np.roll(end, -step, axis)
            continue
        n = inside.shape[axis]
        before = [slice(None)] * 3
        after = [slice(None)] * 3
        before[axis] = slice(max(0, -step), n - max(0, step))
        after[axis] = slice(max(0, step), n - max(0, -step))
        start, end = start[tuple(before)], end[tuple(after)]
    return start, end
