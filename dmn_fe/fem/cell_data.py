"""Fields given by cells of a mesh file, mapped to the cells of a part.

The file may hold the part's own mesh or another one, such as that of a mould-filling simulation:
each cell of the part takes the value of the cell whose centre lies nearest to its own.
"""

from pathlib import Path

import meshio
import numpy as np
from dolfinx import fem, mesh
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from dmn_fe.collective import RaiseTogether
from dmn_fe.errors import InputError
from dmn_fe.fem.part import Part

__all__ = ["cell_field", "map_cell_data"]


def map_cell_data(part: Part, path: str | Path, name: str) -> NDArray[np.float64]:
    """Values of a cell field of a file at the owned cells of a part (collective).

    Parameters
    ----------
    part : Part
    path : str or Path
        Any file that meshio reads and that has cell data: ``.vtu``, ``.vtk``, ``.xdmf``, ``.msh``.
    name : str
        Of the field.

    Returns
    -------
    array ``[owned cells]``, or ``[owned cells, …]`` with the components of a value

    Raises
    ------
    InputError
        On all ranks, if the file cannot be read, has no such field, or one that is not finite; or
        if its cells lie elsewhere than the part.
    """
    comm = part.mesh.comm
    found = None
    with RaiseTogether(comm):
        if comm.rank == 0:
            found = _read(Path(path), name)
    centres, values = comm.bcast(found, root=0)
    dimension = part.mesh.topology.dim
    cells = np.arange(part.mesh.topology.index_map(dimension).size_local, dtype=np.int32)
    places = mesh.compute_midpoints(part.mesh, dimension, cells)
    distance, nearest = cKDTree(centres).query(places)
    farthest = comm.allreduce(float(distance.max(initial=0.0)), max)
    size = float(np.linalg.norm(np.ptp(centres, axis=0)))
    if farthest > 0.1 * size:
        raise InputError(
            f"{path}: a cell of {part.source} is {farthest:.3g} away from the nearest one there, "
            "more than a tenth of the mesh; give both in the same place and unit of length."
        )
    return values[nearest]


def cell_field(part: Part, values: NDArray[np.float64], name: str = "field") -> fem.Function:
    """A scalar DG-0 function of values ``[owned cells]`` (collective)."""
    field = fem.Function(fem.functionspace(part.mesh, ("DG", 0)), name=name)
    field.x.array[: len(values)] = values.reshape(-1)
    field.x.scatter_forward()
    return field


def _read(path: Path, name: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Centres ``[n, 3]`` and values ``[n, …]`` of the cells that have the field."""
    if not path.is_file():
        raise InputError(f"{path}: there is no such file of cell data.")
    try:
        read = meshio.read(path)
    except (meshio.ReadError, SystemExit, ValueError, KeyError) as error:
        raise InputError(f"{path}: meshio cannot read this file ({error}).") from error
    if name not in read.cell_data:
        known = ", ".join(repr(one) for one in read.cell_data) or "none"
        raise InputError(f"{path}: there is no cell field {name!r}; the file has: {known}.")
    blocks = zip(read.cells, read.cell_data[name], strict=True)
    top = max(block.dim for block in read.cells)
    centres, values = [], []
    for block, own in blocks:
        if block.dim == top:
            centres.append(read.points[block.data].mean(axis=1))
            values.append(np.asarray(own, dtype=np.float64))
    all_values = np.concatenate(values)
    if not np.isfinite(all_values).all():
        cell = int(np.flatnonzero(~np.isfinite(all_values.reshape(len(all_values), -1)).all(1))[0])
        raise InputError(f"{path}: the field {name!r} is not finite in cell {cell}; mend it.")
    points = np.concatenate(centres)
    flat = np.zeros((len(points), 3))
    flat[:, : points.shape[1]] = points
    return flat, all_values
