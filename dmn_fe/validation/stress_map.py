"""Where in a part the stress of networks differs from that of full FE²."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.collections import PolyCollection
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from mpl_toolkits.mplot3d.art3d import Poly3DCollection
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from dmn_fe.validation.record import RunRecord
from dmn_fe.validation.subject import NetworkResult, Subject

__all__ = ["cell_means", "draw_stress_map"]

_COLOURS = "cividis"
# Corners of a cell by their number, and the sides of a solid, in VTK's order.
_CORNERS = {3: 3, 6: 3, 4: 4, 10: 4, 8: 4, 9: 4}
_SIDES = ((0, 1, 2), (0, 1, 3), (1, 2, 3), (0, 2, 3))


def draw_stress_map(figure: Figure, subject: Subject, results: Sequence[NetworkResult]) -> None:
    """One map for each network, with one colour bar; cells have the mean of their points."""
    reference = subject.reference
    flat = np.ptp(reference.nodes[:, 2]) == 0.0
    values = [_of_cells(reference, one) for one in results]
    norm = Normalize(0.0, max(float(one.max()) for one in values))
    figure.set_size_inches(1.2 + 4.6 * len(results), 4.0)
    axes = []
    for number, (one, own) in enumerate(zip(results, values, strict=True), start=1):
        place = (1, len(results), number)
        axis = figure.add_subplot(*place) if flat else figure.add_subplot(*place, projection="3d")
        assert one.comparison is not None
        axis.set_title(f"{one.name}, time {one.comparison.times[-1]:g}")
        (_draw_plane if flat else _draw_solid)(axis, reference, own, norm, subject.units[0])
        axes.append(axis)
    bar = figure.colorbar(axes[0].collections[0], ax=axes, shrink=0.8)
    bar.set_label("stress error / % of the largest stress")


def cell_means(record: RunRecord, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean ``[c]`` over the points of each cell of ``values`` ``[n]``."""
    centres = record.nodes[_corners(record)].mean(axis=1)
    each = len(record.points) // len(record.cells)
    if each * len(record.cells) != len(record.points):
        raise ValueError(f"{len(record.points)} points in {len(record.cells)} cells")
    # The points lie cell by cell, but the cells may have another order.
    blocks = record.points.reshape(len(record.cells), each, 3).mean(axis=1)
    rows = cKDTree(blocks).query(centres)[1]
    return values.reshape(len(record.cells), each).mean(axis=1)[rows]


def _of_cells(reference: RunRecord, one: NetworkResult) -> NDArray[np.float64]:
    assert one.comparison is not None
    return 100.0 * cell_means(reference, one.comparison.stress_points[-1])


def _corners(record: RunRecord) -> NDArray[np.int64]:
    flat = np.ptp(record.nodes[:, 2]) == 0.0
    count = record.cells.shape[1]
    corners = _CORNERS.get(count, 8) if flat or count in (4, 10) else 8
    return record.cells[:, :corners]


def _draw_plane(axis, record: RunRecord, values, norm: Normalize, unit: str) -> None:
    polygons: Any = record.nodes[_corners(record)][..., :2]
    cells = PolyCollection(polygons, cmap=_COLOURS, norm=norm)
    cells.set(array=values, edgecolor="white", linewidth=0.5)
    axis.add_collection(cells)
    axis.autoscale_view()
    axis.set_aspect("equal")
    axis.set(xlabel=f"x / {unit}" if unit else "x", ylabel=f"y / {unit}" if unit else "y")


def _draw_solid(axis, record: RunRecord, values, norm: Normalize, _: str) -> None:
    """The sides of tetrahedra that lie on the surface; of other cells their middle."""
    corners, x = _corners(record), record.nodes
    if corners.shape[1] == 4:
        sides = np.concatenate([corners[:, list(side)] for side in _SIDES])
        _, first, count = np.unique(
            np.sort(sides, axis=1), axis=0, return_index=True, return_counts=True
        )
        outer = first[count == 1]
        faces = Poly3DCollection(x[sides[outer]], cmap=_COLOURS, norm=norm)
        faces.set(array=np.tile(values, len(_SIDES))[outer], edgecolor="white", linewidth=0.3)
        axis.add_collection3d(faces)
    else:
        axis.scatter(*x[corners].mean(axis=1).T, c=values, cmap=_COLOURS, norm=norm)
    low, high = x.min(axis=0), x.max(axis=0)
    axis.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), zlim=(low[2], high[2]))
    axis.set_box_aspect(np.maximum(high - low, 0.2 * (high - low).max()), zoom=0.85)
    axis.set_axis_off()
    axis.view_init(elev=28.0, azim=-125.0)
