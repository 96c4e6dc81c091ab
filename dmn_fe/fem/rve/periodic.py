"""Periodic displacements on a box: which nodes are images of each other, and the constraint."""

import importlib
from typing import Any

import dolfinx
import numpy as np
from dolfinx import fem
from numpy.typing import NDArray

from dmn_fe.errors import InputError
from dmn_fe.fem.periodic.nodes import periodic_nodes
from dmn_fe.microstructure import MeshRVE
from dmn_fe.microstructure.periodic_faces import PLACE_TOLERANCE, face_differences

__all__ = ["check_periodic", "import_dolfinx_mpc", "periodic_constraint"]


def check_periodic(rve: MeshRVE) -> None:
    """Raise ``InputError`` unless opposite faces of the box have the same nodes and edges."""
    size = np.array(rve.size)
    if not size.min() > 100.0 * PLACE_TOLERANCE * size.max():
        raise InputError(
            f"the box of the mesh has the edge lengths {[float(f'{x:.3g}') for x in size]}: "
            "give a box that is not flat."
        )
    for sentence in face_differences(rve):
        raise InputError(f"{sentence}.")


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
    pairs = periodic_nodes(space, corner, size)
    follows = ~np.isin(pairs.follower, pairs.corner)
    leader, owner = pairs.leader[follows], pairs.owner[follows]
    components = np.arange(space.dofmap.index_map_bs)
    slaves = _dofs(pairs.follower[follows], components).astype(np.int32)
    constraint = dolfinx_mpc.MultiPointConstraint(space)
    constraint.add_constraint(
        space,
        slaves,
        _dofs(leader, components).astype(np.int64),
        np.ones(len(slaves)),
        np.repeat(owner, len(components)),
        np.arange(len(slaves) + 1, dtype=np.int32),
    )
    constraint.finalize()
    zero = np.zeros(len(components))
    return constraint, fem.dirichletbc(zero, pairs.corner.astype(np.int32), space)


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
