"""The boundary of a distributed mesh, gathered on rank 0 for a picture."""

from dataclasses import dataclass

import numpy as np
from dolfinx import fem, mesh
from numpy.typing import NDArray

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
    topology = domain.topology
    tdim = topology.dim
    topology.create_connectivity(tdim - 1, tdim)
    facets = mesh.exterior_facet_indices(topology)
    nodes = mesh.entities_to_geometry(domain, tdim - 1, facets).reshape(len(facets), -1)
    cell_of_facet = topology.connectivity(tdim - 1, tdim)
    cells = np.array([cell_of_facet.links(facet)[0] for facet in facets], dtype=np.int32)
    values = cell_values.x.array[cells]
    if nodes.shape[1] == 4:  # quadrilaterals, corners in tensor-product order
        nodes = np.concatenate([nodes[:, [0, 1, 2]], nodes[:, [1, 3, 2]]])
        values = np.concatenate([values, values])
    # Triangle by triangle, so that nodes need no numbering across ranks.
    local = domain.geometry.x[nodes], _at_vertices(u)[nodes], values
    parts = domain.comm.gather(local, root=0)
    if parts is None:
        return None
    return Surface(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))


def _at_vertices(u: fem.Function) -> NDArray[np.float64]:
    """Displacement ``[nodes, 3]`` at the nodes of a geometry of first order."""
    domain = u.function_space.mesh
    space = fem.functionspace(domain, ("Lagrange", 1, (domain.geometry.dim,)))
    linear = fem.Function(space)
    linear.interpolate(u)
    linear.x.scatter_forward()
    at_nodes = np.zeros_like(domain.geometry.x)
    # Both number the corners of a cell alike.
    at_nodes[domain.geometry.dofmap] = linear.x.array.reshape(-1, 3)[space.dofmap.list]
    return at_nodes
