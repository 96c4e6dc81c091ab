"""Which law stands at which quadrature point."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from dolfinx import fem, mesh
from mpi4py import MPI
from numpy.typing import NDArray

from dmn_fe.collective import RaiseTogether
from dmn_fe.errors import InputError
from dmn_fe.fem.balanced_law import BalancedLaw
from dmn_fe.fem.kinematics import Kinematics
from dmn_fe.fem.material_points import MaterialPoints
from dmn_fe.fem.node_law import NodeLaw
from dmn_fe.fem.points import QuadratureFields
from dmn_fe.fem.switching_law import SwitchingLaw
from dmn_fe.homogenization import RVELaw
from dmn_fe.laws import MaterialLaw, Oriented, takes_temperature

__all__ = ["laws_at_points"]


def laws_at_points(
    law: MaterialLaw | Mapping[int, MaterialLaw],
    cell_tags: mesh.MeshTags | NDArray[np.int32] | None,
    axes: NDArray[np.float64] | fem.Function | None,
    has_temperature: bool,
    kinematics: Kinematics,
    fields: QuadratureFields,
    comm: MPI.Comm,
) -> MaterialPoints:
    """Groups of points with one law each, keyed by tag (``None`` for a single law) (collective).

    Parameters are as of :class:`~dmn_fe.fem.quadrature.QuadratureMap`. Laws come as the kind of
    problem needs them, and in the material axes of their points.

    Raises
    ------
    InputError
        As told there, on every rank.
    """
    given: dict[Any, MaterialLaw] = dict(law) if isinstance(law, Mapping) else {None: law}
    laws = {key: _on_ranks(one, comm) for key, one in given.items()}
    if has_temperature and not any(takes_temperature(one) for one in laws.values()):
        raise InputError(
            "QuadratureMap: no law takes a temperature; wrap those that expand in "
            "laws.ThermalExpansion, or leave the temperature out."
        )
    n_cells, per_cell = len(fields.cells), fields.points_per_cell
    if isinstance(law, Mapping):
        tags = _tag_of_cell(cell_tags, n_cells, law, comm)
        tag_of_point = np.repeat(tags, per_cell)
        points: dict[Any, NDArray[np.int64]] = {
            tag: np.flatnonzero(tag_of_point == tag) for tag in laws
        }
    else:
        points = {None: np.arange(n_cells * per_cell)}
    if axes is not None:
        with RaiseTogether(comm):
            rotation = _rotations(axes, n_cells)
        laws = {
            key: _oriented(one, torch.from_numpy(rotation[points[key] // per_cell]))
            for key, one in laws.items()
        }
    return MaterialPoints({key: kinematics.law(one) for key, one in laws.items()}, points)


def _on_ranks(law: MaterialLaw, comm: MPI.Comm) -> MaterialLaw:
    """A law of full RVEs as one that shares them out among the ranks; others as they are."""
    if isinstance(law, RVELaw):
        return BalancedLaw(law, comm)
    return law.on(comm) if isinstance(law, SwitchingLaw) else law


def _oriented(law: MaterialLaw, rotation: torch.Tensor) -> MaterialLaw:
    if getattr(law, "is_isotropic", False):
        return law
    if isinstance(law, NodeLaw):
        return law.oriented(rotation)
    if isinstance(law, SwitchingLaw):
        raise InputError(
            "QuadratureMap: a law that switches to the RVE has no material axes; leave the axes "
            "out."
        )
    return Oriented(law, rotation)


def _tag_of_cell(
    cell_tags: mesh.MeshTags | NDArray[np.int32] | None,
    n_cells: int,
    law: Mapping[int, MaterialLaw],
    comm: MPI.Comm,
) -> NDArray[np.int32]:
    """Tag ``[n_cells]`` of each owned cell, for each of which there is a law (collective)."""
    if cell_tags is None:
        raise InputError("QuadratureMap: laws by cell tag need cell_tags; give the mesh tags.")
    if isinstance(cell_tags, np.ndarray):
        tags = cell_tags
    else:
        tags = np.full(n_cells, -1, dtype=np.int32)
        owned = cell_tags.indices < n_cells
        tags[cell_tags.indices[owned]] = cell_tags.values[owned]
    with RaiseTogether(comm):
        if tags.shape != (n_cells,):
            raise InputError(
                f"QuadratureMap: cell_tags has the shape {tags.shape}; give one for each of the "
                f"{n_cells} owned cells of this rank."
            )
    present: set[Any] = set(np.unique(tags).tolist())
    lawless = comm.allgather(present - law.keys())
    missing = sorted(set().union(*lawless))
    if missing:
        names = ", ".join("no tag" if tag == -1 else f"tag {tag}" for tag in missing)
        raise InputError(
            f"QuadratureMap: cells with {names} have no law; laws were given for the tags "
            f"{sorted(law)}."
        )
    return tags


def _rotations(axes: NDArray[np.float64] | fem.Function, n_cells: int) -> NDArray[np.float64]:
    """Rotation ``[n_cells, 3, 3]`` of each owned cell."""
    if isinstance(axes, fem.Function):
        if axes.ufl_shape != (3, 3) or axes.function_space.dofmap.dof_layout.num_dofs != 1:
            raise InputError(
                "QuadratureMap: axes must be a function of DG-0 with the shape (3, 3), "
                "fem.functionspace(mesh, ('DG', 0, (3, 3)))."
            )
        rotation = axes.x.array[: 9 * n_cells].reshape(n_cells, 3, 3)
    else:
        rotation = np.asarray(axes, dtype=np.float64)
    if rotation.shape != (n_cells, 3, 3):
        raise InputError(
            f"QuadratureMap: axes has the shape {rotation.shape}; give a rotation of 3 x 3 for "
            f"each of the {n_cells} owned cells of this rank."
        )
    product = rotation.transpose(0, 2, 1) @ rotation
    wrong = ~(np.abs(product - np.eye(3)).max((1, 2), initial=0.0) < 1e-6)
    wrong |= ~(np.linalg.det(rotation) > 0)
    if wrong.any():
        cell = int(np.flatnonzero(wrong)[0])
        raise InputError(
            f"QuadratureMap: the axes of cell {cell} of this rank are no rotation; give "
            "orthogonal unit vectors as columns, right-handed."
        )
    return rotation
