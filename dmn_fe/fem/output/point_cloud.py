"""Quantities at the quadrature points over time, as points for ParaView."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from dmn_fe.fem.output.field_file import check_same_fields
from dmn_fe.fem.output.folder import make_folder
from dmn_fe.fem.output.quantities import Quantity, at_points
from dmn_fe.fem.output.state_output import StateOutput
from dmn_fe.fem.output.vtkhdf import PointSeries
from dmn_fe.fem.problem import Problem

__all__ = ["PointCloud"]


class PointCloud(StateOutput):
    """The quadrature points with their quantities, not averaged, in one VTKHDF file.

    Written are the same states as of :class:`~dmn_fe.fem.output.Fields`, and a restart continues
    the file. Points are in the order of their cells in the mesh file.

    Parameters
    ----------
    path : str or Path
        The file, e.g. ``points.vtkhdf``; its folder is made if missing.
    quantities, every, times
        As of :class:`~dmn_fe.fem.output.Fields`.

    Raises
    ------
    InputError
        For a quantity that is unknown.
    """

    def __init__(
        self,
        path: str | Path,
        quantities: Iterable[str | Quantity] = ("stress", "strain"),
        every: int = 1,
        times: Sequence[float] | None = None,
    ):
        super().__init__(quantities, every, times)
        self.path = Path(path)
        self._series: PointSeries | None = None

    def open(self, problem: Problem, kept: float | None) -> bool:
        """Start or continue the file (collective)."""
        qmap = problem.qmap
        make_folder(self.path.parent, qmap.comm)
        x, q = qmap.coordinates(), qmap.points_per_cell
        original = problem.u.function_space.mesh.topology.original_cell_index
        order = np.asarray(original, dtype=np.int64)[qmap.cells, None] * q + np.arange(q)
        x = np.pad(x, ((0, 0), (0, 3 - x.shape[1])))
        append = kept if qmap.comm.bcast(self.path.exists()) else None
        self._series = PointSeries(self.path, x, qmap.comm, append, order.reshape(-1))
        there = self._series.fields()
        check_same_fields(self.path, there, {f"PointData/{one.name}" for one in self.quantities})
        return bool(there)

    def write(self, problem: Problem) -> None:
        """Add the state of the last committed step (collective)."""
        assert self._series is not None, "begin comes first"
        self._series.write(problem.time, at_points(problem, self.quantities))
