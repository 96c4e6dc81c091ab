"""Lineal path function and chord lengths: runs of voxels of one phase along an axis."""

from dataclasses import dataclass

import numpy as np

from dmn_fe.microstructure.statistics.indicator import check_axis, indicator, spacing
from dmn_fe.microstructure.voxels import VoxelRVE

__all__ = ["ChordLengths", "chord_lengths", "lineal_path"]


@dataclass(frozen=True, eq=False)
class ChordLengths:
    """Distribution of the lengths of the chords that lines along an axis cut out of a phase.

    Parameters
    ----------
    length : array ``[n − 1]``
        Lengths of 1, 2, … voxels in the unit of ``rve.size``.
    probability : array ``[n − 1]``
        Fraction of the chords that have each length; all zero if there is no chord.
    count : int
        Number of chords that were seen whole.
    """

    length: np.ndarray
    probability: np.ndarray
    count: int

    @property
    def mean(self) -> float:
        """Mean chord length; not a number if no chord was seen whole."""
        return float(self.length @ self.probability) if self.count else float("nan")


def lineal_path(rve: VoxelRVE, phase: int | str, axis: int) -> tuple[np.ndarray, np.ndarray]:
    """Lineal path function L(r): probability that a whole segment along an axis is in the phase.

    On voxels the count of segments of k + 1 voxel centres and the measure of the positions of a
    continuous segment of length r = k h agree: a run of m voxels holds ``(m − k) h`` of them.

    Parameters
    ----------
    rve : VoxelRVE
        Segments wrap around a periodic axis and stay inside the window otherwise.
    phase : int or str
        Number or name of the phase.
    axis : int
        0, 1 or 2 for e1, e2, e3.

    Returns
    -------
    distance, probability : arrays ``[n]``
        r = 0, h, …, (n − 1) h in the unit of ``rve.size``, and L(r); L(0) is the volume fraction.

    Raises
    ------
    InputError
        If there is no such phase or axis.

    References
    ----------
    B. Lu, S. Torquato, Phys. Rev. A 45 (1992) 922; S. Torquato, Random Heterogeneous Materials
    (2002), §2.4.
    """
    whole, cut, endless = _runs(rve, phase, axis)
    n = rve.shape[axis]
    lines = rve.phase.size // n
    longer = (whole + cut)[:0:-1].cumsum()[::-1]  # runs of at least 1, 2, … n voxels
    held = longer[::-1].cumsum()[::-1]  # positions of 1, 2, … n voxels in a row
    steps = np.arange(n)
    positions = n if rve.periodic[axis] else n - steps
    return steps * spacing(rve)[axis], (held + endless * n) / (lines * positions)


def chord_lengths(rve: VoxelRVE, phase: int | str, axis: int) -> ChordLengths:
    """Lengths of the chords of a phase along an axis; every chord counts the same.

    A chord runs from one interface to the next. In a window that is not periodic, chords cut by
    its faces are left out, and because long ones are cut more often, a chord of m voxels that is
    seen whole counts for ``1 / (n − m − 1)``, the inverse of the number of places where a window
    of n voxels shows it whole (the edge correction of Miles and Lantuéjoul). Chords too long for
    the window cannot be seen. Lines that stay in the phase all around a periodic axis have none,
    and a chord longer than half that edge may end at the image of the particle it began at.

    Parameters
    ----------
    rve, phase, axis
        As for :func:`lineal_path`.

    Raises
    ------
    InputError
        If there is no such phase or axis.
    """
    whole, _, _ = _runs(rve, phase, axis)
    n = rve.shape[axis]
    voxels = np.arange(1, n)
    count = whole[1:n]
    places = n if rve.periodic[axis] else np.maximum(n - voxels - 1, 1)
    weight = count / places
    return ChordLengths(
        voxels * spacing(rve)[axis], weight / max(weight.sum(), 1e-300), int(count.sum())
    )


def _runs(rve: VoxelRVE, phase: int | str, axis: int) -> tuple[np.ndarray, np.ndarray, int]:
    """Number of runs of 0, 1, … n voxels, and of lines without end.

    Returns
    -------
    whole, cut : integer arrays ``[n + 1]``
        Runs between two interfaces, and runs that reach a face that is not periodic.
    endless : int
        Lines that stay in the phase all around a periodic axis; they are not among the runs.
    """
    check_axis(axis)
    n = rve.shape[axis]
    lines: np.ndarray = np.moveaxis(indicator(rve, phase), axis, -1).reshape(-1, n)
    endless = 0
    if rve.periodic[axis]:
        full = lines.all(axis=1)
        endless = int(full.sum())
        lines = lines[~full]
        # Every line is read from a voxel outside the phase on, so no run is torn in two.
        first = lines.argmin(axis=1)[:, None]
        lines = np.take_along_axis(lines, (first + np.arange(n)) % n, axis=1)
    bordered = np.zeros((len(lines), n + 2), dtype=np.int8)
    bordered[:, 1:-1] = lines
    change = np.diff(bordered.ravel())
    start, end = np.flatnonzero(change == 1), np.flatnonzero(change == -1)
    length = end - start
    if rve.periodic[axis]:
        at_face = np.zeros(len(length), dtype=bool)
    else:
        at_face = (start % (n + 2) == 0) | (end % (n + 2) == n)
    whole = np.bincount(length[~at_face], minlength=n + 1)
    cut = np.bincount(length[at_face], minlength=n + 1)
    return whole, cut, endless
