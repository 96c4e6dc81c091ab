"""A part with its materials, supports and forces, as a problem to solve."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
from dolfinx import fem, mesh
from mpi4py import MPI
from numpy.typing import ArrayLike

from dmn_fe.errors import InputError
from dmn_fe.fem.conditions import (
    Force,
    Periodic,
    Pressure,
    Support,
    Temperature,
    check_agreement,
    displacement_field,
    external_work,
    prescribe,
)
from dmn_fe.fem.kinematics import Kind
from dmn_fe.fem.part import Part
from dmn_fe.fem.part_laws import VaryingNetwork, cell_laws
from dmn_fe.fem.problem import Problem
from dmn_fe.fem.quadrature import QuadratureMap
from dmn_fe.fem.rigid_motion import free_rigid_motions
from dmn_fe.laws import MaterialLaw
from dmn_fe.microstructure.periodic_faces import PLACE_TOLERANCE

__all__ = ["make_problem"]


def make_problem(
    part: Part,
    laws: Mapping[str, MaterialLaw | VaryingNetwork],
    supports: Sequence[Support] = (),
    forces: Sequence[Force] = (),
    *,
    amplitude: Callable[[float], float] | None = None,
    temperature: Temperature | None = None,
    kind: Kind | None = None,
    thickness: float = 1.0,
    axes: Mapping[str, ArrayLike] | None = None,
    displacement_degree: int = 2,
    quadrature_degree: int | None = None,
    newton: Literal["full", "modified"] = "full",
    petsc_options: Mapping[str, Any] | None = None,
    time: float = 0.0,
    periodic: Periodic | None = None,
) -> Problem:
    """The problem of a part in words of its mesh (collective).

    Parameters
    ----------
    part : Part
    laws : mapping of str to MaterialLaw or VaryingNetwork
        One for each group of cells of the mesh.
    supports : sequence of Support
        They hold the part, unless it is a periodic cell.
    forces : sequence of Traction, Pressure, Resultant or BodyForce
    amplitude : callable of time, optional
        Of the supports, forces and temperatures that have none of their own; t ↦ t if left out.
    temperature : Temperature, optional
        Of laws that expand.
    kind, thickness
        As of :class:`~dmn_fe.fem.quadrature.QuadratureMap`.
    axes : mapping of str to array, optional
        Material axes of groups of cells, as of :func:`~dmn_fe.fem.part_laws.cell_laws`.
    displacement_degree : int
        Of the Lagrange elements.
    quadrature_degree : int, optional
        ``degree`` of the :class:`~dmn_fe.fem.quadrature.QuadratureMap`.
    newton, petsc_options, time
        As of :class:`~dmn_fe.fem.problem.Problem`.
    periodic : Periodic, optional
        In place of supports: the mesh is a periodic cell. Of forces it takes pressures only, those
        inside holes.

    Raises
    ------
    InputError
        On every rank, if anything does not fit the mesh, a group of cells has no law, a component
        is prescribed twice, supports contradict each other where they meet, the part is not held,
        or a force acts on the outside of a periodic cell.
    """
    of_cells = cell_laws(part, laws, axes)
    _check_prescribed_once(supports)
    amplitude = amplitude or _time
    u = displacement_field(part, displacement_degree)
    warmth, loads = (None, {}) if temperature is None else temperature.field(part, amplitude)
    qmap = QuadratureMap(
        u,
        of_cells.laws,
        quadrature_degree,
        of_cells.tags,
        kind,
        thickness,
        of_cells.axes,
        warmth,
    )
    of_supports: list[list[fem.DirichletBC]] = []
    for support in supports:
        factor = support.factor(amplitude, time)
        own_bcs, own_loads = prescribe(part, u, support.group, support.values, factor)
        of_supports.append(own_bcs)
        loads = loads | own_loads
    check_agreement(u, supports, of_supports, amplitude)
    bcs = [bc for own in of_supports for bc in own]
    if periodic is not None:
        _check_periodic(part, supports, forces)
        periodic = dataclasses.replace(periodic, amplitude=periodic.amplitude or amplitude)
    elif free := free_rigid_motions(u, bcs, qmap.kinematics.kind):
        raise InputError(
            f"{part.source}: the supports leave the part free to move ({', '.join(free)}); "
            "prescribe more components."
        )
    work, of_forces = external_work(part, u, qmap.kinematics, forces, amplitude)
    return Problem(
        u,
        qmap,
        bcs,
        loads | of_forces,
        work,
        petsc_options,
        time=time,
        newton=newton,
        periodic=periodic,
    )


def _time(t: float) -> float:
    return t


def _check_periodic(part: Part, supports: Sequence[Support], forces: Sequence[Force]) -> None:
    """Raise if a periodic cell is held or loaded from outside (collective)."""
    if supports:
        raise InputError(
            f"a periodic cell takes no supports, but has one of {supports[0].group!r}; remove it."
        )
    for force in forces:
        if not isinstance(force, Pressure):
            raise InputError(
                f"a {type(force).__name__} would move a periodic cell away; prescribe its "
                "mean stress instead."
            )
        if _is_on_box(part, force.group):
            raise InputError(
                f"the pressure on {force.group!r} acts on a face of a periodic cell, which has no "
                "outside; prescribe its mean stress instead."
            )


def _is_on_box(part: Part, group: str) -> bool:
    """Whether a facet of a surface group lies on a face of the box around the part (collective)."""
    domain, facets = part.mesh, part.facets(group)
    x = domain.geometry.x
    low = np.min(domain.comm.allgather(x.min(axis=0, initial=np.inf)), axis=0)
    high = np.max(domain.comm.allgather(x.max(axis=0, initial=-np.inf)), axis=0)
    dimension = domain.topology.dim
    domain.topology.create_connectivity(dimension - 1, dimension)
    nodes = mesh.entities_to_geometry(domain, dimension - 1, facets)
    near = PLACE_TOLERANCE * (high - low).max()
    on_face = (np.abs(x - low) <= near) | (np.abs(x - high) <= near)
    on_face[:, domain.geometry.dim :] = False
    found = bool(on_face[nodes].all(axis=1).any()) if len(facets) else False
    return domain.comm.allreduce(found, MPI.LOR)


def _check_prescribed_once(supports: Sequence[Support]) -> None:
    seen = set()
    for support in supports:
        for component, value in enumerate(support.values, start=1):
            if value is None:
                continue
            if (support.group, component) in seen:
                raise InputError(
                    f"component {component} of {support.group!r} is prescribed twice; keep one."
                )
            seen.add((support.group, component))
