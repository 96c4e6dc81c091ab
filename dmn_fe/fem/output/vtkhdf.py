"""Fields over time in VTKHDF files, which ParaView shows."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import basix
import basix.ufl
import numpy as np
from dolfinx import fem, plot
from mpi4py import MPI
from numpy.typing import ArrayLike, NDArray

from dmn_fe.fem.output._vtkhdf_geometry import grid, vertices
from dmn_fe.fem.output._vtkhdf_series import Series

__all__ = ["MeshSeries", "PointSeries"]


class MeshSeries(Series):
    """Fields over time on a mesh, at the points of the displacement: ``fields.vtkhdf``.

    The cells are VTK's Lagrange cells, which show the displacement in its full degree. The file
    does not depend on the number of ranks.

    Parameters
    ----------
    path : str or Path
        The file; replaced if it exists.
    u : dolfinx.fem.Function
        Displacement in a Lagrange space.
    append : float, optional
        Keep the steps of an existing file of this mesh up to this time, and add to them.

    Raises
    ------
    InputError
        On all ranks, if the file cannot be written, or cannot be continued.
    """

    def __init__(self, path: str | Path, u: fem.Function, append: float | None = None):
        self._domain = u.function_space.mesh
        super().__init__(path, self._domain.comm)
        self._degree = u.function_space.ufl_element().degree
        self._space = self._lagrange(())
        self._targets: dict[tuple[int, ...], tuple[fem.Function, NDArray[Any]]] = {}
        self._start(self._gather_grid(), append)

    def write(
        self, t: float, point_data: Mapping[str, fem.Function], cell_data: Mapping[str, ArrayLike]
    ) -> None:
        """Add a step (collective).

        Parameters
        ----------
        t : float
            Time, later than that of the step before.
        point_data : mapping of str to dolfinx.fem.Function
            Continuous fields by name, with up-to-date ghost values; vectors in 2D get a third
            component.
        cell_data : mapping of str to array ``[owned cells, ...]``
            Values of the owned cells by name.

        Raises
        ------
        InputError
            On all ranks, if the file cannot be written, or names or shapes are not those of the
            step before.
        """
        owned = {f"PointData/{name}": self._at_points(field) for name, field in point_data.items()}
        owned |= {f"CellData/{name}": np.asarray(values) for name, values in cell_data.items()}
        self._add(t, owned)

    def _gather_grid(self) -> dict[str, NDArray[Any]] | None:
        """Points and cells of all ranks on rank 0, where they also set the order."""
        topology, types, _ = plot.vtk_mesh(self._space)
        cells = topology.reshape(len(types), self._space.dofmap.list.shape[1] + 1)[:, 1:]
        numbers = self._space.dofmap.index_map
        self._owned = {"PointData": numbers.size_local, "CellData": len(types)}
        points = self._space.tabulate_dof_coordinates()[: numbers.size_local]
        cells = numbers.local_to_global(cells.reshape(-1)).reshape(cells.shape)
        original = self._domain.topology.original_cell_index[: len(types)]
        parts = self._comm.gather((points, cells, types, original))
        if parts is None:
            return None
        points, cells, types, original = map(np.concatenate, zip(*parts, strict=True))
        by_cell = np.argsort(original)
        cells, types = cells[by_cell], types[by_cell]
        # Points in the order in which the cells name them: it depends on the mesh alone.
        used, first, number = np.unique(cells, return_index=True, return_inverse=True)
        by_point = np.argsort(first)
        renumbered = np.argsort(by_point)[number.reshape(cells.shape)]
        self._order = {"PointData": used[by_point], "CellData": by_cell}
        return grid(points[used[by_point]], renumbered, types)

    def _at_points(self, field: fem.Function) -> NDArray[np.float64]:
        """Values ``[owned points, ...]`` of a field."""
        shape = tuple(field.ufl_shape)
        if shape not in self._targets:
            space = self._lagrange(shape)
            # Spaces of other shapes need not number their points alike.
            points = self._space.dofmap
            number = np.empty(points.index_map.size_local + points.index_map.num_ghosts, np.int32)
            number[points.list] = space.dofmap.list
            self._targets[shape] = fem.Function(space), number[: self._owned["PointData"]]
        target, owned = self._targets[shape]
        target.interpolate(field)
        values = target.x.array.reshape(-1, *shape)[owned]
        # ParaView moves points by vectors of three components only.
        return np.pad(values, ((0, 0), (0, 1))) if shape == (2,) else values

    def _lagrange(self, shape: tuple[int, ...]) -> fem.FunctionSpace:
        """Space with the points that VTK takes for granted: evenly spaced in each cell."""
        cell, even = self._domain.basix_cell(), basix.LagrangeVariant.equispaced
        element = basix.ufl.element("Lagrange", cell, self._degree, even, shape=shape)
        return fem.functionspace(self._domain, element)


class PointSeries(Series):
    """Data over time at points, such as quadrature points: ``points.vtkhdf``.

    Parameters
    ----------
    path : str or Path
        The file; replaced if it exists.
    coordinates : array ``[owned points, 3]``
        Where the points lie.
    comm : MPI.Comm
        Ranks that own the points.
    append : float, optional
        Keep the steps of an existing file of these points up to this time, and add to them.
    order : array ``[owned points]`` of int, optional
        Keys by which the points of all ranks are sorted, such as the original index of the cell;
        points of one key keep their order. By rank, if omitted.
    notes : mapping, optional
        What else the file is to tell, as JSON knows it.

    Raises
    ------
    InputError
        On all ranks, if the file cannot be written, or cannot be continued.
    """

    def __init__(
        self,
        path: str | Path,
        coordinates: ArrayLike,
        comm: MPI.Comm,
        append: float | None = None,
        order: ArrayLike | None = None,
        notes: Mapping[str, Any] | None = None,
    ):
        super().__init__(path, comm)
        points = np.asarray(coordinates, dtype=np.float64)
        keys = np.full(len(points), comm.rank) if order is None else np.asarray(order)
        self._owned = {"PointData": len(points)}
        parts, geometry = comm.gather((points, keys)), None
        if parts is not None:
            points, keys = map(np.concatenate, zip(*parts, strict=True))
            self._order = {"PointData": np.argsort(keys, kind="stable")}
            geometry = vertices(points[self._order["PointData"]])
        self._start(geometry, append, notes)

    def write(self, t: float, data: Mapping[str, ArrayLike]) -> None:
        """Add a step of arrays ``[owned points, ...]`` by name, as :meth:`MeshSeries.write`."""
        self._add(t, {f"PointData/{name}": np.asarray(values) for name, values in data.items()})
