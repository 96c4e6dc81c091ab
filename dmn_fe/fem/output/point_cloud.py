"""Quantities at the quadrature points over time, as points for ParaView."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dmn_fe.errors import InputError
from dmn_fe.fem.output.field_file import check_same_fields
from dmn_fe.fem.output.folder import make_folder
from dmn_fe.fem.output.point_draw import draw_points
from dmn_fe.fem.output.quantities import Quantity, at_points
from dmn_fe.fem.output.state_output import StateOutput
from dmn_fe.fem.output.vtkhdf import PointSeries
from dmn_fe.fem.problem import Problem

__all__ = ["PointCloud"]


class PointCloud(StateOutput):
    """The quadrature points with their quantities, not averaged, in one VTKHDF file.

    Written are the same states as of :class:`~dmn_fe.fem.output.Fields`, and a restart continues
    the file. Points are in the order of their cells in the mesh file.

    :func:`dmn_fe.read_series` reads it. Its notes tell of all the points that those in the file
    stand for: ``all_points``, their number, ``all_volume``, the volume of the part at them, and the
    ``seed``. Each point in the file stands for ``all_points`` over their number.

    Parameters
    ----------
    path : str or Path
        The file, e.g. ``points.vtkhdf``; its folder is made if missing.
    quantities, every, times
        As of :class:`~dmn_fe.fem.output.Fields`.
    most : int, optional
        Where there are more points, so many of them are drawn at random, each as likely as the
        others: the same on any number of ranks. All of them if left out.
    seed : int
        Of the draw.
    cells : array of int, optional
        Cells of this rank whose points are meant, e.g. of :meth:`~dmn_fe.fem.part.Part.cells`; all
        if left out. Ghosts do not count.
    notes : mapping, optional
        More notes, as JSON knows them.

    Raises
    ------
    InputError
        For a quantity that is unknown, or ``most`` or ``seed`` that are no whole numbers.
    """

    def __init__(
        self,
        path: str | Path,
        quantities: Iterable[str | Quantity] = ("stress", "strain"),
        every: int = 1,
        times: Sequence[float] | None = None,
        *,
        most: int | None = None,
        seed: int = 0,
        cells: NDArray[np.int32] | None = None,
        notes: Mapping[str, Any] | None = None,
    ):
        super().__init__(quantities, every, times)
        self.path = Path(path)
        self._most = None if most is None else _whole("most", most, 1)
        self._seed, self._cells, self._notes = _whole("seed", seed, 0), cells, dict(notes or {})
        self._rows: NDArray[np.int64] = np.empty(0, dtype=np.int64)  # of the owned points
        self._series: PointSeries | None = None

    def open(self, problem: Problem, kept: float | None) -> bool:
        """Start or continue the file (collective)."""
        qmap = problem.qmap
        make_folder(self.path.parent, qmap.comm)
        q = qmap.points_per_cell
        original = problem.u.function_space.mesh.topology.original_cell_index
        order = np.asarray(original, dtype=np.int64)[qmap.cells, None] * q + np.arange(q)
        cells = qmap.cells if self._cells is None else self._cells
        rows = np.flatnonzero(np.repeat(np.isin(qmap.cells, cells), q))
        keys = order.reshape(-1)[rows]
        drawn = draw_points(keys, self._most, self._seed, qmap.comm)
        self._rows = rows[drawn]
        x = qmap.coordinates()[self._rows]
        x = np.pad(x, ((0, 0), (0, 3 - x.shape[1])))
        notes = self._notes | {
            "all_points": qmap.comm.allreduce(len(rows)),
            "all_volume": qmap.comm.allreduce(float(qmap.volumes()[rows].sum())),
            "seed": self._seed,
        }
        append = kept if qmap.comm.bcast(self.path.exists()) else None
        self._series = PointSeries(self.path, x, qmap.comm, append, keys[drawn], notes)
        there = self._series.fields()
        check_same_fields(self.path, there, {f"PointData/{one.name}" for one in self.quantities})
        return bool(there)

    def write(self, problem: Problem) -> None:
        """Add the state of the last committed step (collective)."""
        assert self._series is not None, "begin comes first"
        values = at_points(problem, self.quantities)
        self._series.write(problem.time, {name: all[self._rows] for name, all in values.items()})


def _whole(name: str, value: int, least: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise InputError(f"{name} = {value!r} must be a whole number from {least}.")
    return value
