"""What all judges measure in a part, means of it, and distances."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dmn_fe.microstructure.quality.judges import JUDGES, Reach
from dmn_fe.microstructure.quality.parts import Part
from dmn_fe.microstructure.statistics import find_clusters

__all__ = ["Distance", "Measurement", "distances", "mean_of", "measure"]


@dataclass(frozen=True, eq=False)
class Measurement:
    """What all judges measure.

    Parameters
    ----------
    values : dictionary of arrays ``[phases, …]``
        By name of the judge.
    percolation : array ``[phases, axes]``
        1 where a phase percolates along an axis, 0 where not; in a mean the share of the parts.
    """

    values: dict[str, np.ndarray]
    percolation: np.ndarray


@dataclass(frozen=True)
class Distance:
    """How far a measurement is from another one: the phase that is farthest.

    Parameters
    ----------
    value : float
        Relative; see the judge.
    phase : int
        Number of that phase.
    """

    value: float
    phase: int


def measure(part: Part, phases: int, reach: Reach) -> Measurement:
    """Ask all judges about each phase of a part; a phase that is missing measures zero."""
    values: dict[str, list[np.ndarray]] = {judge.name: [] for judge in JUDGES}
    percolation = []
    full = Part(np.zeros_like(part.phase), part.periodic).only(0)
    for phase in range(phases):
        rve = part.only(phase)
        for judge in JUDGES:
            found = judge.measure(rve or full, reach)  # type: ignore[arg-type]
            values[judge.name].append(found if rve else np.zeros_like(found))
        through = find_clusters(rve, 0).percolation if rve else (False,) * 3
        percolation.append([float(through[axis]) for axis in part.wide])
    return Measurement(
        {name: np.stack(found) for name, found in values.items()}, np.array(percolation)
    )


def mean_of(found: Sequence[Measurement]) -> Measurement:
    """Mean of what was measured in several parts."""
    return Measurement(
        {
            judge.name: np.mean([one.values[judge.name] for one in found], axis=0)
            for judge in JUDGES
        },
        np.mean([one.percolation for one in found], axis=0),
    )


def distances(one: Measurement, other: Measurement, original: Measurement) -> dict[str, Distance]:
    """Distance of two measurements by the name of the judge, each that of its farthest phase.

    ``original`` gives the scale: the measurement of the whole original, which has every phase.
    """
    found = {}
    for judge in JUDGES:
        difference = one.values[judge.name] - other.values[judge.name]
        scale = original.values[judge.name]
        each = [judge.distance(difference[i], scale[i]) for i in range(len(scale))]
        found[judge.name] = Distance(max(each), int(np.argmax(each)))
    return found
