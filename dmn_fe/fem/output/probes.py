"""A table of displacements and stresses at points."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from mpi4py import MPI
from numpy.typing import NDArray

from dmn_fe.collective import RaiseTogether
from dmn_fe.errors import InputError
from dmn_fe.fem.output.places import Place, find_places
from dmn_fe.fem.output.tables import Table
from dmn_fe.fem.part import Part
from dmn_fe.fem.problem import Problem

__all__ = ["Probes"]

_COMPONENTS = ("11", "22", "33", "23", "13", "12")
_TO_TENSOR = np.array([1.0] * 3 + [np.sqrt(0.5)] * 3)  # from Mandel


class Probes(Table):
    """Displacement at points, and stress at the quadrature points next to them.

    Columns ``<name> u1 …`` and ``<name> S11``, ``S22``, ``S33``, ``S23``, ``S13``, ``S12``, the
    components of the stress tensor. A quadrature point is one of a cell that the point touches.

    Parameters
    ----------
    path : str or Path
        The file, e.g. ``probes.csv``.
    part : Part
    points : mapping of str to sequence of float
        Undeformed coordinates ``[gdim]`` by name. A point outside of the mesh is found out when the
        run begins.

    Raises
    ------
    InputError
        For coordinates that are not those of a point.
    """

    def __init__(self, path: str | Path, part: Part, points: Mapping[str, Sequence[float]]):
        dim = part.mesh.geometry.dim
        if not points:
            raise InputError(f"{path}: a table of probes needs the coordinates of a point.")
        self._points = {
            name: _point(name, coordinates, dim) for name, coordinates in points.items()
        }
        of_point = [f"u{i}" for i in range(1, dim + 1)] + [f"S{ij}" for ij in _COMPONENTS]
        super().__init__(path, [f"{name} {what}" for name in points for what in of_point])
        self._places: list[Place | None] = []

    def prepare(self, problem: Problem) -> None:
        """Find the points (collective).

        Raises
        ------
        InputError
            On all ranks, if one lies outside of the mesh.
        """
        self._places = list(find_places(problem, self._points).values())

    def row(self, problem: Problem) -> NDArray[np.float64]:
        """Displacements and stresses (collective)."""
        dim = problem.u.function_space.mesh.geometry.dim
        values = np.zeros((len(self._points), dim + len(_COMPONENTS)))
        with RaiseTogether(problem.qmap.comm):
            for value, x, place in zip(values, self._points.values(), self._places, strict=True):
                if place is not None:
                    value[:dim] = problem.u.eval(np.pad(x, (0, 3 - dim)), np.array([place.cell]))
                    value[dim:] = problem.qmap.committed_stress[place.point] * _TO_TENSOR
        problem.qmap.comm.Allreduce(MPI.IN_PLACE, values)
        return values.reshape(-1)


def _point(name: str, coordinates: Sequence[float], dim: int) -> NDArray[np.float64]:
    try:
        point = np.asarray(coordinates, dtype=np.float64)
    except (TypeError, ValueError):
        point = np.empty(0)
    if point.shape != (dim,) or not np.isfinite(point).all():
        raise InputError(f"the point {name!r} is {coordinates!r}; give {dim} finite coordinates.")
    return point
