"""The curves of judges, as they are drawn: one per phase, mean of all axes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from dmn_fe.microstructure.quality.measurement import Measurement

__all__ = ["CURVES", "Curve", "curve"]


@dataclass(frozen=True)
class Curve:
    """How a judge is drawn.

    Parameters
    ----------
    judge, title, label : str
        Name of the judge, title of its diagrams, label of their lower axis.
    reduce : function
        From what the judge measures of one phase to one value per voxel of distance, from 0 on.
    """

    judge: str
    title: str
    label: str
    reduce: Callable[[np.ndarray], np.ndarray]


def _mean_of_axes(values: np.ndarray) -> np.ndarray:
    return values.mean(axis=0)


def _by_distance(values: np.ndarray) -> np.ndarray:
    """Mean over the lags of about the same length."""
    middle = np.array(values.shape) // 2
    places = np.indices(values.shape) - middle[:, None, None, None]
    shell = np.rint(np.sqrt((places**2).sum(axis=0))).astype(int).ravel()
    within = shell <= middle.max()
    count = np.bincount(shell[within])
    return np.bincount(shell[within], values.ravel()[within]) / count


CURVES = (
    Curve("lineal path", "lineal path", "length [voxels]", _mean_of_axes),
    Curve("chord length", "share of shorter chords", "length [voxels]", _mean_of_axes),
    Curve("two-point probability", "two-point probability", "lag [voxels]", _by_distance),
    Curve("two-point cluster", "two-point cluster", "lag [voxels]", _mean_of_axes),
)


def curve(kind: Curve, found: Sequence[Measurement], phase: int) -> tuple[np.ndarray, np.ndarray]:
    """Distances in voxels and values of a phase, mean of several measurements."""
    values = np.mean([kind.reduce(one.values[kind.judge][phase]) for one in found], axis=0)
    return np.arange(len(values)), values
