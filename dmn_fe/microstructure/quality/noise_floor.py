"""The noise floor: how far apart pieces of the original itself are."""

import math
from dataclasses import dataclass
from itertools import product

from dmn_fe.microstructure.quality.judges import JUDGES, Reach
from dmn_fe.microstructure.quality.measurement import Measurement, distances, mean_of, measure
from dmn_fe.microstructure.quality.parts import Part

__all__ = ["NoiseFloor", "crop_shape", "noise_floor"]

_PLACES = 3  # of crops along each axis


@dataclass(frozen=True, eq=False)
class NoiseFloor:
    """Distances of crops of the original from the mean of the other, disjoint ones.

    Parameters
    ----------
    mean, worst : dictionaries of float
        By the name of the judge, after ``factor``.
    shape : tuple of int
        Voxels of a crop.
    factor : float
        What the distances were multiplied by because the crops are smaller than the result.
    crops : tuple of Measurement
        What was measured in all crops.
    pairs : tuple of pairs of Measurement
        The crops that were compared, each with the mean of those disjoint from it.
    """

    mean: dict[str, float]
    worst: dict[str, float]
    shape: tuple[int, ...]
    factor: float
    crops: tuple[Measurement, ...]
    pairs: tuple[tuple[Measurement, Measurement], ...]

    @property
    def pixels(self) -> str:
        """The shape in words, without the thin axis of a section."""
        return " × ".join(str(n) for n in self.shape if n > 1)


def crop_shape(original: Part, result: tuple[int, ...]) -> tuple[int, ...]:
    """Voxels of a crop: as many as a result has, but at most half the edge of the original."""
    return tuple(
        1 if edge == 1 else min(n, edge // 2)
        for n, edge in zip(result, original.phase.shape, strict=True)
    )


def noise_floor(
    original: Part, whole: Measurement, result: tuple[int, ...], reach: Reach
) -> NoiseFloor:
    """Compare each crop of the original with the mean of those that are disjoint from it.

    Crops lie at three places along each axis. To compare them with the whole would be too mild:
    each is a part of it. An original less than twice as large as the result has only smaller
    crops, which scatter more; their distances are multiplied by the ratio of the standard errors
    that are expected of means over so many voxels, √((1/n + 1/N) / (1/c + 1/(N − c))) with the
    voxels n of the result, N of the original, c of the crop. That is exact for statistics that
    are means, of pieces much larger than the grains; it is no more than a guide elsewhere.

    Parameters
    ----------
    original : Part
        The original.
    whole : Measurement
        What was measured in all of it.
    result : tuple of three int
        Voxels of a result, or of one section that tells as much as all of its sections.
    reach : Reach
        How far the judges look, at most half of a crop.
    """
    shape = crop_shape(original, result)
    places = [
        sorted({round(i * (edge - n) / (_PLACES - 1)) for i in range(_PLACES)})
        for edge, n in zip(original.phase.shape, shape, strict=True)
    ]
    corners = list(product(*places))
    phases = len(whole.percolation)
    crops = [measure(original.cut(corner, shape), phases, reach) for corner in corners]
    pairs = []
    for corner, crop in zip(corners, crops, strict=True):
        disjoint = [
            other
            for place, other in zip(corners, crops, strict=True)
            if any(abs(a - b) >= n for a, b, n in zip(corner, place, shape, strict=True))
        ]
        if disjoint:  # the crop in the middle may meet all others
            pairs.append((crop, mean_of(disjoint)))
    found = [distances(crop, others, whole) for crop, others in pairs]
    factor = _factor(math.prod(result), original.phase.size, math.prod(shape))
    values = {judge.name: [factor * one[judge.name].value for one in found] for judge in JUDGES}
    return NoiseFloor(
        {name: sum(each) / len(each) for name, each in values.items()},
        {name: max(each) for name, each in values.items()},
        shape,
        factor,
        tuple(crops),
        tuple(pairs),
    )


def _factor(result: int, original: int, crop: int) -> float:
    """Standard error of result less original over that of crop less other crops."""
    if crop >= result:
        return 1.0
    return math.sqrt((1.0 / result + 1.0 / original) / (1.0 / crop + 1.0 / (original - crop)))
