"""The mean of a displacement over a group of facets."""

import numpy as np
import ufl
from dolfinx import fem, la
from numpy.typing import NDArray

from dmn_fe.errors import InputError
from dmn_fe.fem.kinematics import Kinematics

__all__ = ["GroupMean"]


class GroupMean:
    """Mean over the area of facets, also of those inside of the part (collective).

    Parameters
    ----------
    u : dolfinx.fem.Function
        Displacement.
    facets : array of int32
        Facets of this rank, e.g. ``part.facets("clamped")``.
    kinematics : Kinematics
        Of the problem: an axisymmetric one has its area around the axis.
    name : str
        Of the group, for messages.

    Raises
    ------
    InputError
        On all ranks, if there are no facets.
    """

    def __init__(
        self, u: fem.Function, facets: NDArray[np.int32], kinematics: Kinematics, name: str
    ):
        space, domain = u.function_space, u.function_space.mesh
        sides = [(1, _one_side(u, facets))]
        ds = ufl.Measure("ds", domain=domain, subdomain_data=sides)(1)
        ones = ufl.as_vector([1.0] * domain.geometry.dim)
        work = kinematics.volume * ufl.inner(ones, ufl.TestFunction(space)) * ds
        vector = fem.assemble_vector(fem.form(work))
        vector.scatter_reverse(la.InsertMode.add)
        block = space.dofmap.index_map_bs
        self._u, self._comm = u, domain.comm
        self._weights = vector.array[: space.dofmap.index_map.size_local * block].reshape(-1, block)
        areas = self._comm.allreduce(self._weights.sum(axis=0))
        if not (areas > 0).all():
            raise InputError(f"the group {name!r} has no facets; take another, or mesh it.")
        self._weights /= areas

    def __call__(self) -> NDArray[np.float64]:
        """Mean ``[gdim]`` of the present displacement, the same on all ranks (collective)."""
        values = self._u.x.array[: self._weights.size].reshape(self._weights.shape)
        mean: NDArray[np.float64] = self._comm.allreduce((self._weights * values).sum(axis=0))
        return mean


def _one_side(u: fem.Function, facets: NDArray[np.int32]) -> NDArray[np.int32]:
    """A cell and the number of the facet in it, flattened, for each facet that this rank owns."""
    topology = u.function_space.mesh.topology
    tdim = topology.dim
    for pair in ((tdim - 1, tdim), (tdim, tdim - 1)):
        topology.create_connectivity(*pair)
    cells_of, facets_of = (
        topology.connectivity(tdim - 1, tdim),
        topology.connectivity(tdim, tdim - 1),
    )
    sides = []
    for facet in facets[facets < topology.index_map(tdim - 1).size_local]:
        cell = cells_of.links(facet)[0]
        sides += [cell, int(np.flatnonzero(facets_of.links(cell) == facet)[0])]
    return np.array(sides, dtype=np.int32)
