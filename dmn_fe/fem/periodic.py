"""Periodic displacements on a box: which nodes are images of each other, and the constraint."""

import importlib
from typing import Any

import dolfinx
import numpy as np
from dolfinx import fem
from numpy.typing import NDArray

from dmn_fe.collective import RaiseTogether
from dmn_fe.errors import InputError
from dmn_fe.microstructure import MeshRVE

__all__ = ["check_periodic", "import_dolfinx_mpc", "periodic_constraint"]

# Nodes this close, relative to the longest edge of the box, are at one place: mesh files may hold
# as few as seven digits.
_TOLERANCE = 1e-6

# Edges between the corners of a cell, in the order of VTK.
_EDGES = {
    "triangle": [(0, 1), (1, 2), (2, 0)],
    "quad": [(0, 1), (1, 2), (2, 3), (3, 0)],
    "tetra": [(0, 1), (1, 2), (2, 0), (0, 3), (1, 3), (2, 3)],
    "hexahedron": [
        *((0, 1), (1, 2), (2, 3), (3, 0)),
        *((4, 5), (5, 6), (6, 7), (7, 4)),
        *((0, 4), (1, 5), (2, 6), (3, 7)),
    ],
}


def check_periodic(rve: MeshRVE) -> None:
    """Raise ``InputError`` unless opposite faces of the box have the same nodes and edges."""
    corner, size = np.array(rve.corner), np.array(rve.size)
    if not size.min() > 100.0 * _TOLERANCE * size.max():
        raise InputError(
            f"the box of the mesh has the edge lengths {[float(f'{x:.3g}') for x in size]}: "
            "give a box that is not flat."
        )
    ends = np.unique(
        np.sort(np.concatenate([rve.cells[:, edge] for edge in _EDGES[rve.cell_type]]), axis=1),
        axis=0,
    )
    for axis in range(len(size)):
        for what, places in (("nodes", rve.points[:, None]), ("edges", rve.points[ends])):
            faces = [
                places[(np.abs(places[:, :, axis] - x) <= _TOLERANCE * size.max()).all(1)]
                for x in (corner[axis], corner[axis] + size[axis])
            ]
            across = [
                _middle_and_slope(np.delete(face, axis, axis=2) / size.max()) for face in faces
            ]
            lower, upper = _without_partner(across[0], across[1])
            if len(lower) + len(upper) > 0:
                first = (faces[0][lower[0]] if len(lower) else faces[1][upper[0]]).mean(0)
                raise InputError(
                    f"the mesh is not periodic: {len(lower)} of {len(faces[0])} {what} on the face "
                    f"x{axis + 1} = {corner[axis]:g} and {len(upper)} of {len(faces[1])} on the "
                    f"face x{axis + 1} = {corner[axis] + size[axis]:g} have no partner on the "
                    f"other, the first at {[float(f'{x:.6g}') for x in first]}; mesh opposite "
                    "faces alike, e.g. with gmsh's setPeriodic."
                )


def _middle_and_slope(places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Middle of the ends ``[n, ends, d]``, and what tells the two diagonals of a square apart."""
    way = places[:, -1] - places[:, 0]
    return np.concatenate([places.mean(1), way[:, :1] * way[:, -1:]], axis=1)


def _without_partner(
    first: NDArray[np.float64], second: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Which points ``[n, d]`` of each set are not at exactly one place of both sets."""
    place = _places(np.concatenate([first, second]), _TOLERANCE)
    one, other = np.split(place, [len(first)])
    counts = [np.bincount(p, minlength=place.max(initial=0) + 1) for p in (one, other)]
    matched = (counts[0] == 1) & (counts[1] == 1)
    return np.flatnonzero(~matched[one]), np.flatnonzero(~matched[other])


def _places(points: NDArray[np.float64], tolerance: float) -> NDArray[np.int64]:
    """Number of the place ``[n]`` of each point ``[n, d]``: the same for points that coincide."""
    labels = np.empty(points.shape, dtype=np.int64)
    for axis in range(points.shape[1]):
        x = points[:, axis]
        order = np.argsort(x)
        labels[order, axis] = np.cumsum(np.diff(x[order], prepend=x[order][:1]) > tolerance)
    return np.unique(labels, axis=0, return_inverse=True)[1].reshape(-1)


def periodic_constraint(
    space: fem.FunctionSpace, corner: NDArray[np.float64], size: NDArray[np.float64]
) -> tuple[Any, fem.DirichletBC]:
    """Constraint to periodic functions that vanish at the corners of the box (collective).

    A node on a face, an edge or a corner with a larger coordinate follows its image where all of
    these coordinates are the smaller ones. The corners are one point, which holds the RVE.

    Parameters
    ----------
    space : dolfinx.fem.FunctionSpace
        Blocked Lagrange space on a mesh that passes :func:`check_periodic`.
    corner, size : arrays ``[d]``
        The corner of the box with the smallest coordinates, and the edge lengths.

    Returns
    -------
    dolfinx_mpc.MultiPointConstraint, dolfinx.fem.DirichletBC

    Raises
    ------
    InputError
        If dolfinx_mpc is not installed.
    """
    dolfinx_mpc = import_dolfinx_mpc()
    comm, index_map = space.mesh.comm, space.dofmap.index_map
    tolerance = _TOLERANCE * size.max()
    n_owned = index_map.size_local
    n_local = n_owned + index_map.num_ghosts
    x = space.tabulate_dof_coordinates()[:n_local, : len(size)] - corner
    upper = np.abs(x - size) <= tolerance
    boundary = np.flatnonzero((upper | (np.abs(x) <= tolerance)).any(1))
    at_upper = upper.any(1)
    image = np.where(upper | (np.abs(x) <= tolerance), 0.0, x)
    global_node = index_map.local_to_global(np.arange(n_local, dtype=np.int32))

    # The nodes that others may follow, with their owners, known to all ranks.
    own = boundary[(boundary < n_owned) & ~at_upper[boundary]]
    gathered = comm.allgather((image[own], global_node[own]))
    masters = np.concatenate([nodes for _, nodes in gathered])
    owner = np.repeat(np.arange(comm.size, dtype=np.int32), [len(nodes) for _, nodes in gathered])
    place = _places(np.concatenate([*(at for at, _ in gathered), image[boundary]]), tolerance)
    of_masters, of_boundary = np.split(place, [len(masters)])
    master_at = np.full(place.max(initial=0) + 1, -1)
    master_at[of_masters] = np.arange(len(masters))

    pinned = boundary[(image[boundary] == 0.0).all(1)]
    follows = at_upper[boundary] & ~np.isin(boundary, pinned)
    master = master_at[of_boundary[follows]]
    with RaiseTogether(comm):
        assert (master >= 0).all(), "a node on the boundary has no image"
    components = np.arange(space.dofmap.index_map_bs)
    slaves = _dofs(boundary[follows], components).astype(np.int32)
    constraint = dolfinx_mpc.MultiPointConstraint(space)
    constraint.add_constraint(
        space,
        slaves,
        _dofs(masters[master], components).astype(np.int64),
        np.ones(len(slaves)),
        np.repeat(owner[master], len(components)),
        np.arange(len(slaves) + 1, dtype=np.int32),
    )
    constraint.finalize()
    zero = np.zeros(len(components))
    return constraint, fem.dirichletbc(zero, pinned.astype(np.int32), space)


def _dofs(nodes: NDArray, components: NDArray) -> NDArray:
    return (nodes[:, None] * len(components) + components).reshape(-1)


def import_dolfinx_mpc() -> Any:
    """The module, which nothing but RVEs needs."""
    try:
        return importlib.import_module("dolfinx_mpc")
    except ImportError as error:
        raise InputError(
            "finite element RVEs need dolfinx_mpc of the release that belongs to DOLFINx "
            f"{dolfinx.__version__}; install it with `conda install -c conda-forge dolfinx_mpc`, "
            "or on Debian with `apt install python3-dolfinx-mpc`."
        ) from error
