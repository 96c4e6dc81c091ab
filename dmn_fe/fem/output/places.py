"""Where given points lie in a distributed mesh, and the quadrature points next to them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from dolfinx import geometry
from numpy.typing import NDArray

from dmn_fe.collective import RaiseTogether
from dmn_fe.errors import InputError
from dmn_fe.fem._compat import geometry_dofmap
from dmn_fe.fem.problem import Problem

__all__ = ["Place", "find_places"]

# A point this close to a cell, relative to its size, lies in it.
_TOUCHES = 1e-7
# Distances that differ by less than this part are the same.
_SAME = 1e-9


@dataclass(frozen=True)
class Place:
    """A point on the rank that owns it.

    Attributes
    ----------
    cell : int
        Owned cell that the point lies in.
    point : int
        Quadrature point of this cell next to it, in the count of all owned points.
    """

    cell: int
    point: int


def find_places(
    problem: Problem, points: Mapping[str, NDArray[np.float64]]
) -> dict[str, Place | None]:
    """Each point by name on the one rank that owns it, None on others (collective).

    Of the quadrature points of all cells that a point touches the nearest one is taken, and of
    several that are as near the one of the first cell in the mesh file: the choice does not depend
    on the number of ranks.

    Raises
    ------
    InputError
        On all ranks, if a point lies outside of the mesh.
    """
    comm, low, high = problem.qmap.comm, *_corners(problem)
    with RaiseTogether(comm):
        touched = _touched(problem, points, _TOUCHES * float(np.max(high - low)))
    places: dict[str, Place | None] = {}
    everywhere = comm.allgather(touched)
    for name, point in points.items():
        found = [(*one, rank) for rank, ranks in enumerate(everywhere) for one in ranks[name]]
        if not found:
            raise InputError(
                f"the point {name!r} at {_words(point)} lies outside of the mesh, which spans "
                f"{_words(low[: len(point)])} to {_words(high[: len(point)])}; move it inside."
            )
        limit = (1.0 + _SAME) * min(distance for distance, *_ in found)
        _, _, number, cell, rank = min((one for one in found if one[0] <= limit), key=_order)
        own = Place(cell, cell * problem.qmap.points_per_cell + number)
        places[name] = own if rank == comm.rank else None
    return places


def _order(candidate: tuple[float, int, int, int, int]) -> tuple[int, int]:
    return candidate[1:3]


def _corners(problem: Problem) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Smallest and largest coordinates ``[3]`` of the mesh (collective)."""
    x, nowhere = problem.u.function_space.mesh.geometry.x, np.full((1, 3), np.inf)
    low = np.concatenate([x, nowhere]).min(axis=0)
    high = np.concatenate([x, -nowhere]).max(axis=0)
    both = np.array(problem.qmap.comm.allgather((low, high)))
    return both[:, 0].min(axis=0), both[:, 1].max(axis=0)


def _touched(
    problem: Problem, points: Mapping[str, NDArray[np.float64]], padding: float
) -> dict[str, list[tuple[float, int, int, int]]]:
    """The owned cells that each point touches: distance of the quadrature point next to it, number
    of the cell in the mesh file, number of this quadrature point in the cell, and the cell."""
    domain, qmap = problem.u.function_space.mesh, problem.qmap
    tdim, owned = domain.topology.dim, len(qmap.cells)
    tree = geometry.bb_tree(domain, tdim, padding=padding)
    places = qmap.coordinates().reshape(owned, qmap.points_per_cell, domain.geometry.dim)
    original = domain.topology.original_cell_index
    nodes = geometry_dofmap(domain)
    touched: dict[str, list[tuple[float, int, int, int]]] = {}
    for name, point in points.items():
        x = np.pad(point, (0, 3 - len(point)))
        cells = geometry.compute_collisions_points(tree, x).links(0)
        cells = cells[cells < owned]
        touched[name] = []
        for cell in cells.tolist():
            if not _touches(domain.geometry.x[nodes[cell]], x):
                continue
            distance = np.linalg.norm(places[cell] - point, axis=1)
            number = int(np.flatnonzero(distance <= (1.0 + _SAME) * distance.min())[0])
            touched[name].append((float(distance.min()), int(original[cell]), number, cell))
    return touched


def _touches(corners: NDArray[np.float64], point: NDArray[np.float64]) -> bool:
    """Whether a point is in the convex hull of the corners ``[m, 3]`` of a cell, or very close."""
    # In the unit of the cell: DOLFINx compares with fixed numbers.
    unit = float(np.ptp(corners, axis=0).max())
    away = geometry.compute_distance_gjk((corners - point) / unit, np.zeros((1, 3)))
    return bool(np.linalg.norm(away) <= _TOUCHES)


def _words(point: NDArray[np.float64]) -> str:
    return "(" + ", ".join(f"{x:g}" for x in point) + ")"
