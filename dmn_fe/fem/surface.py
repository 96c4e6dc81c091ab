"""The boundary of a distributed mesh, gathered on rank 0 for a picture."""

from dataclasses import dataclass

import numpy as np
from dolfinx import fem, mesh
from numpy.typing import NDArray

from dmn_fe.fem._compat import geometry_dofmap

__all__ = ["Surface", "gather_surface"]


@dataclass(frozen=True)
class Surface:
    """Triangles of a boundary.

    Attributes
    ----------
    corners : array ``[n, 3, 3]``
        Coordinates of the corners of each triangle, undeformed.
    displacement : array ``[n, 3, 3]``
        Displacement of the corners.
    values : array ``[n]``
        Value of the cell behind each triangle.
    """

    corners: NDArray[np.float64]
    displacement: NDArray[np.float64]
    values: NDArray[np.float64]


def gather_surface(u: fem.Function, cell_values: fem.Function) -> Surface | None:
    """Boundary of a 3D mesh with a value for each triangle; ``None`` except on rank 0 (collective).

    Parameters
    ----------
    u : dolfinx.fem.Function
        Displacement; its values at the vertices are taken.
    cell_values : dolfinx.fem.Function
        Scalar DG-0 function with up-to-date ghost values.
    """
    domain = u.function_space.mesh
    domain.topology.create_connectivity(domain.topology.dim - 1, domain.topology.dim)
    facets = mesh.exterior_facet_indices(domain.topology)
    displacement = _at_vertices(u)
    local = None
    if len(facets) > 0:
        nodes, cells = _corners(domain, facets)
        # Triangle by triangle, so that nodes need no numbering across ranks.
        local = domain.geometry.x[nodes], displacement[nodes], cell_values.x.array[cells]
    parts = domain.comm.gather(local, root=0)
    if parts is None:
        return None
    parts = [part for part in parts if part is not None]
    return Surface(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))


def _corners(domain: mesh.Mesh, facets: NDArray[np.int32]) -> tuple[NDArray, NDArray]:
    """Geometry nodes ``[n, 3]`` of triangles of ``facets``, and the cell ``[n]`` behind each."""
    tdim = domain.topology.dim
    nodes = mesh.entities_to_geometry(domain, tdim - 1, facets).reshape(len(facets), -1)
    cell_of_facet = domain.topology.connectivity(tdim - 1, tdim)
    cells = np.array([cell_of_facet.links(facet)[0] for facet in facets], dtype=np.int32)
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
    at_nodes[geometry_dofmap(domain)] = linear.x.array.reshape(-1, 3)[space.dofmap.list]
    return at_nodes
