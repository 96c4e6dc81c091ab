"""Nodes on opposite faces of a box: which ones are images of each other."""

from typing import NamedTuple

import numpy as np
from dolfinx import fem
from mpi4py import MPI
from numpy.typing import NDArray

from dmn_fe.collective import RaiseTogether
from dmn_fe.errors import InputError
from dmn_fe.microstructure.periodic_faces import PLACE_TOLERANCE, coinciding

__all__ = ["PeriodicNodes", "periodic_nodes"]


class PeriodicNodes(NamedTuple):
    """Nodes that follow their images.

    Attributes
    ----------
    follower : array ``[n]``
        Nodes of this rank, ghosts included, on a face, an edge or a corner with a larger
        coordinate.
    leader, owner : arrays ``[n]``
        Global numbers of their images, where all of these coordinates are the smaller ones, and the
        ranks that own them.
    jump : array ``[n, d]``
        Place of the follower less that of its leader.
    corner : array
        Nodes of this rank at the corners of the box, ghosts included; those at a larger coordinate
        are followers too.
    """

    follower: NDArray[np.int64]
    leader: NDArray[np.int64]
    owner: NDArray[np.int32]
    jump: NDArray[np.float64]
    corner: NDArray[np.int64]


def periodic_nodes(
    space: fem.FunctionSpace, corner: NDArray[np.float64], size: NDArray[np.float64]
) -> PeriodicNodes:
    """Pairs of nodes of a blocked Lagrange space on a box (collective).

    Parameters
    ----------
    corner, size : arrays ``[d]``
        The corner of the box with the smallest coordinates, and the edge lengths.

    Raises
    ------
    InputError
        On all ranks, if opposite faces have not the same nodes.
    """
    comm, index_map = space.mesh.comm, space.dofmap.index_map
    tolerance = PLACE_TOLERANCE * size.max()
    n_owned = index_map.size_local
    n_local = n_owned + index_map.num_ghosts
    x = space.tabulate_dof_coordinates()[:n_local, : len(size)] - corner
    upper, lower = np.abs(x - size) <= tolerance, np.abs(x) <= tolerance
    boundary = np.flatnonzero((upper | lower).any(1))
    at_upper = upper.any(1)
    image = np.where(upper | lower, 0.0, x)
    global_node = index_map.local_to_global(np.arange(n_local, dtype=np.int32))

    # The nodes that others may follow, with their owners, known to all ranks.
    own = boundary[(boundary < n_owned) & ~at_upper[boundary]]
    gathered = comm.allgather((image[own], global_node[own]))
    leaders = np.concatenate([nodes for _, nodes in gathered])
    owner = np.repeat(np.arange(comm.size, dtype=np.int32), [len(nodes) for _, nodes in gathered])
    place = coinciding(np.concatenate([*(at for at, _ in gathered), image[boundary]]), tolerance)
    of_leaders, of_boundary = np.split(place, [len(leaders)])
    leader_at = np.full(place.max(initial=-1) + 1, -1)
    leader_at[of_leaders] = np.arange(len(leaders))

    follows = at_upper[boundary]
    follower, leader = boundary[follows], leader_at[of_boundary[follows]]
    alone = follower[(leader < 0) & (follower < n_owned)]
    # A node on a lower face without follower is told by the numbers of nodes on the faces.
    excess = (lower[:n_owned].sum(0) - upper[:n_owned].sum(0)).astype(np.int64)
    excess = comm.allreduce(excess, MPI.SUM)
    with RaiseTogether(comm):
        if len(alone) > 0 or excess.any():
            raise InputError(_not_periodic(x[alone] + corner, excess))
    jump = np.where(upper[follower], size, 0.0)
    at_corner = boundary[(image[boundary] == 0.0).all(1)]
    return PeriodicNodes(follower, leaders[leader], owner[leader], jump, at_corner)


def _not_periodic(alone: NDArray[np.float64], excess: NDArray[np.int64]) -> str:
    if len(alone) > 0:
        where = f"the node at ({', '.join(f'{x:.4g}' for x in alone[0])}) has no image on the other"
    else:
        axis = int(np.flatnonzero(excess)[0]) + 1
        where = f"the faces across x{axis} differ by {abs(int(excess[axis - 1]))} nodes"
    return (
        f"the mesh is not periodic: {where}; mesh opposite faces of the box alike, e.g. with "
        "gmsh's setPeriodic."
    )
