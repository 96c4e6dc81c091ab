"""The mesh of an RVE, distributed over the ranks of a communicator."""

from dataclasses import dataclass

import basix.ufl
import numpy as np
import ufl
from dolfinx import mesh
from mpi4py import MPI
from numpy.typing import NDArray

from dmn_fe.collective import RaiseTogether
from dmn_fe.errors import InputError
from dmn_fe.fem.rve.periodic import check_periodic
from dmn_fe.microstructure import MeshRVE

__all__ = ["DistributedRVE", "distribute"]

_CELLS = {
    "triangle": "triangle",
    "quad": "quadrilateral",
    "tetra": "tetrahedron",
    "hexahedron": "hexahedron",
}
# DOLFINx orders the corners of quadrilaterals and hexahedra as a grid, VTK goes around them.
_CORNERS = {"quad": [0, 1, 3, 2], "hexahedron": [0, 1, 3, 2, 4, 5, 7, 6]}


@dataclass(frozen=True)
class DistributedRVE:
    """A periodic RVE on the ranks of a communicator.

    Attributes
    ----------
    mesh : dolfinx.mesh.Mesh
        The mesh; DOLFINx orders its cells anew.
    cell_tags : dolfinx.mesh.MeshTags
        Phase of each owned cell of this rank.
    names : tuple of str
        Names of the phases.
    hash : str
        Hash of the RVE.
    corner, size : arrays ``[d]``
        The corner of the box with the smallest coordinates, and the edge lengths.
    original_cell : integer array ``[owned cells]``
        Number of each owned cell in the RVE.
    rotation : array ``[owned cells, 3, 3]`` or None
        Rotation of the material axes of each owned cell, if the RVE has orientations.
    """

    mesh: mesh.Mesh
    cell_tags: mesh.MeshTags
    names: tuple[str, ...]
    hash: str
    corner: NDArray[np.float64]
    size: NDArray[np.float64]
    original_cell: NDArray[np.int64]
    rotation: NDArray[np.float64] | None


def distribute(rve: MeshRVE | None, comm: MPI.Comm) -> DistributedRVE:
    """Distribute the cells of an RVE (collective).

    Parameters
    ----------
    rve : MeshRVE or None
        The RVE; only that of rank 0 of ``comm`` is used.
    comm : MPI.Comm
        Ranks that share the mesh.

    Raises
    ------
    InputError
        On every rank, if the RVE is no :class:`~dmn_fe.microstructure.MeshRVE` or not periodic.
    """
    data = None
    with RaiseTogether(comm):
        if comm.rank == 0:
            if not isinstance(rve, MeshRVE):
                raise InputError(
                    f"the RVE is a {type(rve).__name__}; finite elements need a MeshRVE, e.g. a "
                    "mesh file read by dmn_fe.microstructure.read_mesh."
                )
            check_periodic(rve)
            data = (
                *(rve.cell_type, rve.names, rve.hash, rve.corner, rve.size),
                *(rve.phase, rve.orientations, rve.orientation_index),
            )
    cell_type, names, rve_hash, corner, size, phase, orientations, index = comm.bcast(data)
    dimension = len(size)
    element = basix.ufl.element("Lagrange", _CELLS[cell_type], 1, shape=(dimension,))
    if comm.rank == 0 and rve is not None:
        points, cells = np.array(rve.points), np.array(rve.cells)
        if cell_type in _CORNERS:
            cells = np.ascontiguousarray(cells[:, _CORNERS[cell_type]])
    else:
        points = np.empty((0, dimension))
        cells = np.empty((0, element.basix_element.dim), dtype=np.int64)
    # By keywords: the order differs between versions.
    domain = mesh.create_mesh(comm, cells=cells, x=points, e=ufl.Mesh(element))
    owned = domain.topology.index_map(dimension).size_local
    original = np.asarray(domain.topology.original_cell_index[:owned], dtype=np.int64)
    cell_tags = mesh.meshtags(
        domain, dimension, np.arange(owned, dtype=np.int32), phase[original].astype(np.int32)
    )
    cell_tags.name = "phase"
    rotation = None if orientations is None else orientations[index[original]]
    return DistributedRVE(
        domain, cell_tags, names, rve_hash, np.array(corner), np.array(size), original, rotation
    )
