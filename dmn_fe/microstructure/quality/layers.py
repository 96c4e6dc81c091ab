"""The layers of originals, results and controls that a picture shows beside each other."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from dmn_fe.microstructure.voxels import VoxelRVE

if TYPE_CHECKING:
    from dmn_fe.microstructure.quality.report import QualityReport

__all__ = ["Layer", "layers"]

_MOST_RESULTS = 4
_MOST_OF_THREE_VIEWS = 2  # results, where each is seen across three axes


class Layer(NamedTuple):
    """A layer to draw.

    ``rve`` is seen across the axis ``normal``, in its middle, as far as a ``window`` of so many
    voxels to the right and up reaches.
    """

    title: str
    rve: VoxelRVE
    normal: int
    window: tuple[int, int]


def layers(report: "QualityReport") -> tuple[list[Layer], int]:
    """Layers from left to right and down, and how many stand in a row.

    Results are seen across the axis that the original is seen across; beside three originals
    across each of the axes in turn. The controls are those of the first original.
    """
    titles = ["result"] if len(report.results) == 1 else _numbered(len(report.results))
    results = list(zip(titles, report.results, strict=True))
    first = _across(report.originals[0])
    controls = [
        _layer(name, rve, first, report.results[0])
        for name, rve in report.seen[0].background.pictures.items()
    ]
    if len(report.originals) == 1:
        shown = [("original", report.originals[0]), *results[:_MOST_RESULTS]]
        beside = [_layer(title, rve, first, report.results[0]) for title, rve in shown]
        return [*beside, *controls], 2
    found = []
    for normal, original in enumerate(report.originals):
        shown = [("original", original), *results[:_MOST_OF_THREE_VIEWS]]
        found += [
            _layer(f"{title} across e{normal + 1}", rve, normal, report.results[0])
            for title, rve in shown
        ]
    return [*found, *controls], len(found) // len(report.originals)


def _numbered(count: int) -> Sequence[str]:
    return [f"result {number}" for number in range(1, count + 1)]


def _layer(title: str, rve: VoxelRVE, normal: int, result: VoxelRVE) -> Layer:
    """A layer no larger than that of a result; a section is seen across its own normal."""
    seen = _across(result, normal)
    right, up = (n for axis, n in enumerate(result.shape) if axis != seen)
    return Layer(title, rve, _across(rve, normal), (right, up))


def _across(rve: VoxelRVE, normal: int | None = None) -> int:
    """The axis that a section is normal to; of a volume the one asked for, or its shortest."""
    narrow = [axis for axis in range(3) if rve.shape[axis] == 1]
    if narrow or normal is None:
        return max(axis for axis in range(3) if rve.shape[axis] == min(rve.shape))
    return normal
