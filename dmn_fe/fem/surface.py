"""The boundary of a distributed mesh, or a flat mesh, gathered on rank 0 for a picture."""

from dataclasses import dataclass

import numpy as np
from dolfinx import fem, mesh
from numpy.typing import NDArray

from dmn_fe.fem._compat import geometry_dofmap

__all__ = ["Surface", "gather_surface"]


@dataclass(frozen=True)
class Surface:
    """Triangles of the boundary of a mesh in space, or of a flat mesh.

    Attributes
    ----------
    corners : array ``[n, 3, 3]``
        Coordinates of the corners of each triangle, undeformed.
    displacement : array ``[n, 3, 3]``
        Displacement of the corners.
    values : array ``[n]``
        Value of the cell of each triangle.
    """

    corners: NDArray[np.float64]
    displacement: NDArray[np.float64]
    values: NDArray[np.float64]


def gather_surface(u: fem.Function, cell_values: fem.Function) -> Surface | None:
    """Triangles with a value for each; ``None`` except on rank 0 (collective).

    Parameters
    ----------
    u : dolfinx.fem.Function
        Displacement; its values at the vertices are taken.
    cell_values : dolfinx.fem.Function
        Scalar DG-0 function with up-to-date ghost values.
    """
    domain = u.function_space.mesh
    displacement = _at_vertices(u)
    if domain.topology.dim == 3:
        domain.topology.create_connectivity(2, 3)
        faces = mesh.exterior_facet_indices(domain.topology)
    else:
        faces = np.arange(domain.topology.index_map(2).size_local, dtype=np.int32)
    local = None
    if len(faces) > 0:
        nodes, cells = _corners(domain, faces)
        # Triangle by triangle, so that nodes need no numbering across ranks.
        local = domain.geometry.x[nodes], displacement[nodes], cell_values.x.array[cells]
    parts = domain.comm.gather(local, root=0)
    if parts is None:
        return None
    parts = [part for part in parts if part is not None]
    return Surface(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))


def _corners(domain: mesh.Mesh, faces: NDArray[np.int32]) -> tuple[NDArray, NDArray]:
    """Geometry nodes ``[n, 3]`` of the triangles of faces, and the cell ``[n]`` of each."""
    nodes = mesh.entities_to_geometry(domain, 2, faces).reshape(len(faces), -1)
    cells = faces
    if domain.topology.dim == 3:
        cell_of_face = domain.topology.connectivity(2, 3)
        cells = np.array([cell_of_face.links(face)[0] for face in faces], dtype=np.int32)
    if nodes.shape[1] == 4:  # quadrilaterals, corners in tensor-product order
        return np.concatenate([nodes[:, :3], nodes[:, [1, 3, 2]]]), np.concatenate([cells, cells])
    return nodes, cells


def _at_vertices(u: fem.Function) -> NDArray[np.float64]:
    """Displacement ``[nodes, 3]`` at the nodes of a geometry of first order."""
    domain = u.function_space.mesh
    space = fem.functionspace(domain, ("Lagrange", 1, (domain.geometry.dim,)))
    linear = fem.Function(space)
    linear.interpolate(u)
    linear.x.scatter_forward()
    at_nodes = np.zeros_like(domain.geometry.x)
    # Both number the corners of a cell alike.
    values = linear.x.array.reshape(-1, domain.geometry.dim)
    at_nodes[geometry_dofmap(domain), : domain.geometry.dim] = values[space.dofmap.list]
    return at_nodes
