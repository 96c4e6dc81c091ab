"""Two-point probability function of phases."""

from dataclasses import dataclass

import numpy as np

from dmn_fe.microstructure.statistics.indicator import check_axis, indicator, spacing
from dmn_fe.microstructure.voxels import VoxelRVE

__all__ = ["TwoPointProbability", "two_point_probability"]

Curve = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True, eq=False)
class TwoPointProbability:
    """Probability that a point lies in one phase and the point a lag further in another.

    Parameters
    ----------
    probability : array ``[lx, ly, lz]``
        One value per lag.
    steps : three integer arrays ``[lx]``, ``[ly]``, ``[lz]``
        Components of the lags in voxels, rising, zero among them. A periodic axis of n voxels has
        the n lags from ``−(n // 2)`` on, another one the ``2 n − 1`` lags from ``1 − n`` on.
    pairs : three integer arrays ``[lx]``, ``[ly]``, ``[lz]``
        Their product is the number of pairs of voxels that a probability was counted from.
    shape : tuple of three int
        Voxels of the RVE.
    spacing : tuple of three float
        Edge lengths of a voxel; ``steps`` times these are the lags as lengths.
    """

    probability: np.ndarray
    steps: tuple[np.ndarray, ...]
    pairs: tuple[np.ndarray, ...]
    shape: tuple[int, int, int]
    spacing: tuple[float, float, float]

    def along(self, axis: int) -> Curve:
        """Distances from zero on, and probabilities of the lags along one axis.

        They end at half the edge of a periodic axis and at the last voxel of another one, where
        few pairs are left.
        """
        check_axis(axis)
        count = len(self.steps[axis])
        steps = np.arange(count // 2 + 1)
        index: list = [int(np.flatnonzero(steps == 0)[0]) for steps in self.steps]
        # On a periodic axis of even length the last step, +n/2, is stored as −n/2.
        index[axis] = (index[axis] + steps) % count
        return steps * self.spacing[axis], self.probability[tuple(index)]

    def radial(self) -> Curve:
        """Distances from zero on, and probabilities averaged over the lags of about that length.

        The average is over all pairs of voxels in a shell as thick as the longest edge of a voxel;
        the distance is the mean one of these pairs. Shells end at half the shortest edge of the
        RVE; axes of one voxel do not count. The first shell is zero lag alone, so its value is
        the volume fraction.
        """
        wide = [axis for axis in range(3) if self.shape[axis] > 1]
        thickness = max((self.spacing[axis] for axis in wide), default=1.0)
        reach = min((self.shape[axis] // 2 * self.spacing[axis] for axis in wide), default=0.0)
        shells = int(reach / thickness + 1e-9) + 1
        keep = [
            np.flatnonzero(np.abs(steps) * h <= (shells + 0.5) * thickness)
            for steps, h in zip(self.steps, self.spacing, strict=True)
        ]
        squares = [(self.steps[i][keep[i]] * self.spacing[i]) ** 2 for i in range(3)]
        distance = np.sqrt(_outer(np.add, squares)).ravel()
        pairs = _outer(np.multiply, [self.pairs[i][keep[i]] for i in range(3)]).ravel()
        hits = pairs * self.probability[np.ix_(*keep)].ravel()
        shell = np.rint(distance / thickness).astype(np.int64)
        shell[(shell == 0) & (distance > 0.0)] = 1
        total, distances, hits = (
            np.bincount(shell, weights, minlength=shells)[:shells]
            for weights in (pairs, pairs * distance, hits)
        )
        return distances / total, hits / total


def two_point_probability(
    rve: VoxelRVE, phase: int | str, other: int | str | None = None
) -> TwoPointProbability:
    """Two-point probability function S2 of a phase, or cross-probability of two, for all lags.

    ``S2(r)`` is the probability that a point x lies in ``phase`` and x + r in ``other``. At zero
    it is the volume fraction φ; far away, without long-range order, φ². Pairs are counted by FFT
    and rounded to whole numbers, so no rounding error comes before the division.

    Parameters
    ----------
    rve : VoxelRVE
        Pairs wrap around its periodic axes; along the others they are counted inside the window
        only, and every lag is divided by the number of its pairs. Each axis that is not periodic
        doubles memory and time.
    phase : int or str
        Number or name of the phase at the first point.
    other : int or str, optional
        Phase at the second point; by default the same.

    Raises
    ------
    InputError
        If there is no such phase.

    References
    ----------
    S. Torquato, Random Heterogeneous Materials (2002), §2.2.
    """
    inside = indicator(rve, phase)
    # Padding by n zeros keeps the two ends of a window from meeting.
    padded = [n if wraps else 2 * n for n, wraps in zip(rve.shape, rve.periodic, strict=True)]
    first = np.fft.rfftn(inside, s=padded, axes=(0, 1, 2))
    second = first
    if other is not None:
        second = np.fft.rfftn(indicator(rve, other), s=padded, axes=(0, 1, 2))
    hits = np.rint(np.fft.irfftn(first.conj() * second, s=padded, axes=(0, 1, 2)))
    steps, pairs = [], []
    for n, wraps in zip(rve.shape, rve.periodic, strict=True):
        step = np.arange(n) - n // 2 if wraps else np.arange(1 - n, n)
        steps.append(step)
        pairs.append(np.full(n, n) if wraps else n - np.abs(step))
    hits = hits[np.ix_(*(step % n for step, n in zip(steps, padded, strict=True)))]
    return TwoPointProbability(
        hits / _outer(np.multiply, pairs), tuple(steps), tuple(pairs), rve.shape, spacing(rve)
    )


def _outer(operation: np.ufunc, factors: list[np.ndarray]) -> np.ndarray:
    """One value per lag from one value per component of the lag."""
    x, y, z = (np.asarray(factor, dtype=np.float64) for factor in factors)
    return operation(operation(x[:, None, None], y[:, None]), z)
