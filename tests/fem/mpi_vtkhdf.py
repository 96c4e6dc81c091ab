"""Files from several ranks, for ``test_vtkhdf.py``: ``mpirun -n N python mpi_vtkhdf.py FOLDER``.

What each rank was told about wrong input goes to ``FOLDER/RANK.json``.
"""

# isort: off
from dmn_fe.fem.output.vtkhdf import MeshSeries, PointSeries  # before torch

# isort: on
import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from dolfinx import fem, mesh
from mpi4py import MPI

from dmn_fe import InputError

COMM = MPI.COMM_WORLD


def write_mesh(path: Path, domain: mesh.Mesh, degree: int) -> None:
    """Two steps, of which the second is dropped, and a third."""
    u = fem.Function(fem.functionspace(domain, ("Lagrange", degree, (domain.geometry.dim,))))
    u.interpolate(lambda x: x[: domain.geometry.dim] ** degree)
    owned = domain.topology.index_map(domain.topology.dim).size_local
    index = domain.topology.original_cell_index[:owned]
    series = MeshSeries(path, u)
    for t in (0.0, 1.0):
        series.write(t, {"displacement": u}, {"index": index, "pair": np.c_[index, index + t]})
    series = MeshSeries(path, u, append=0.5)
    series.write(2.0, {"displacement": u}, {"index": -index, "pair": np.c_[index, index]})


def write_points(path: Path, domain: mesh.Mesh) -> None:
    """The centre and another point of each cell."""
    owned = domain.topology.index_map(domain.topology.dim).size_local
    cells = np.arange(owned, dtype=np.int32)
    centres = mesh.compute_midpoints(domain, domain.topology.dim, cells)
    index = np.repeat(domain.topology.original_cell_index[:owned], 2)
    points = (centres[:, None] + [[0.0, 0.0, 0.0], [0.01, 0.0, 0.0]]).reshape(-1, 3)
    series = PointSeries(path, points, COMM, order=index)
    series.write(0.0, {"index": index})
    series = PointSeries(path, points, COMM, append=0.0, order=index)
    series.write(1.0, {"index": index})


def told(action: Callable[[], object]) -> str:
    try:
        action()
    except InputError as error:
        return str(error)
    return "nothing"


def wrong_input(folder: Path, domain: mesh.Mesh) -> list[str]:
    """A folder that is missing, a missing field, and a missing row on the last rank."""
    points = np.full((COMM.rank, 3), float(COMM.rank))
    series = PointSeries(folder / "wrong.vtkhdf", points, COMM)
    series.write(0.0, {"a": points, "b": points})
    short = points[1:] if COMM.rank == COMM.size - 1 else points
    u = fem.Function(fem.functionspace(domain, ("Lagrange", 1)))
    return [
        told(lambda: PointSeries(folder / "missing" / "x.vtkhdf", points, COMM)),
        told(lambda: MeshSeries(folder / "missing" / "x.vtkhdf", u)),
        told(lambda: MeshSeries(folder / "wrong.vtkhdf", u, append=0.0)),
        told(lambda: series.write(1.0, {"a": points})),
        told(lambda: series.write(1.0, {"a": short, "b": short})),
    ]


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    cube = mesh.create_unit_cube(COMM, 3, 2, 2)
    bricks = mesh.create_unit_cube(COMM, 2, 2, 2, mesh.CellType.hexahedron)
    one = mesh.create_unit_square(
        COMM, 1, 1, mesh.CellType.quadrilateral, ghost_mode=mesh.GhostMode.none
    )
    write_mesh(folder / "tetrahedra.vtkhdf", cube, 2)
    write_mesh(folder / "hexahedra.vtkhdf", bricks, 3)
    write_mesh(folder / "one.vtkhdf", one, 2)  # other ranks own no cell
    write_points(folder / "points.vtkhdf", cube)
    (folder / f"{COMM.rank}.json").write_text(json.dumps(wrong_input(folder, cube)))
