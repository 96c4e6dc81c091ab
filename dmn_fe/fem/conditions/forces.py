"""Forces on a part: tractions, pressures, resultants and body forces, and their work."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import ufl
from dolfinx import fem
from mpi4py import MPI

from dmn_fe.collective import RaiseTogether
from dmn_fe.errors import InputError
from dmn_fe.fem.kinematics import Kinematics
from dmn_fe.fem.part import Part

__all__ = ["BodyForce", "Force", "Pressure", "Resultant", "Traction", "external_work"]

Factor = Callable[[float], float]


@dataclass(frozen=True)
class Traction:
    """Force per area on a surface group; of dead load, in fixed directions.

    Parameters
    ----------
    group : str
        Physical group on the boundary: a surface, or a curve in two dimensions.
    traction : sequence of float
        One value for each component, multiplied by the amplitude.
    amplitude : callable of time, optional
        That of the case if left out.
    """

    group: str
    traction: Sequence[float]
    amplitude: Factor | None = None


@dataclass(frozen=True)
class Pressure:
    """Pressure on a surface group, against its outer normal; a positive one pushes.

    Parameters
    ----------
    group, amplitude
        As of :class:`Traction`.
    pressure : float
        Force per area.
    """

    group: str
    pressure: float
    amplitude: Factor | None = None


@dataclass(frozen=True)
class Resultant:
    """Total force on a surface group, spread evenly over its area.

    Parameters
    ----------
    group, amplitude
        As of :class:`Traction`.
    force : sequence of float
        One value for each component. Of an axisymmetric problem that around the whole
        circumference.
    """

    group: str
    force: Sequence[float]
    amplitude: Factor | None = None


@dataclass(frozen=True)
class BodyForce:
    """Force per volume, of the whole part or of a volume group.

    Parameters
    ----------
    force : sequence of float
        One value for each component.
    group : str, optional
        Physical volume; the whole part if left out.
    amplitude
        As of :class:`Traction`.
    """

    force: Sequence[float]
    group: str | None = None
    amplitude: Factor | None = None


Force = Traction | Pressure | Resultant | BodyForce


def external_work(
    part: Part, u: fem.Function, kinematics: Kinematics, forces: Sequence[Force], default: Factor
) -> tuple[ufl.Form | None, dict[Any, Callable[[float], Any]]]:
    """Work of forces on the test functions of a displacement (collective).

    Parameters
    ----------
    default : callable of time
        Amplitude of the forces that have none of their own.

    Returns
    -------
    form or None, dict
        For ``external_work`` and ``loads`` of a :class:`~dmn_fe.fem.problem.Problem`.

    Raises
    ------
    InputError
        On all ranks, if the mesh has no such group, a surface is not on the boundary, or the
        components are not those of the mesh.
    """
    domain, v = part.mesh, ufl.TestFunction(u.function_space)
    ds = ufl.Measure("ds", domain=domain, subdomain_data=part.facet_tags)
    dx = ufl.Measure("dx", domain=domain)
    work, loads = None, {}
    for force in forces:
        if isinstance(force, BodyForce):
            measure = dx
        else:
            _check_boundary(part, force.group)
            measure = ds(part.facet_groups[force.group])
        value = _value(force, part)
        if isinstance(force, Resultant):
            area = fem.assemble_scalar(fem.form(kinematics.volume * measure))
            value = value / domain.comm.allreduce(area)
        load = fem.Constant(domain, np.zeros_like(value))
        loads[load] = _times(value, force.amplitude or default)
        density = load
        if isinstance(force, Pressure):
            density = -load * ufl.FacetNormal(domain)
        elif isinstance(force, BodyForce) and force.group is not None:
            density = _indicator(part, force.group) * load
        term = kinematics.volume * ufl.inner(density, v) * measure
        work = term if work is None else work + term
    return work, loads


def _value(force: Force, part: Part) -> np.ndarray:
    """Number or vector of a force."""
    if isinstance(force, Pressure):
        given: Any = force.pressure
        shape: tuple[int, ...] = ()
    else:
        given = force.traction if isinstance(force, Traction) else force.force
        shape = (part.mesh.geometry.dim,)
    value = np.asarray(given, dtype=np.float64)
    if value.shape != shape or not np.isfinite(value).all():
        kind = "number" if shape == () else f"numbers, {shape[0]} components"
        where = f"of {force.group!r}" if force.group else "of the part"
        raise InputError(
            f"the {type(force).__name__.lower()} {where} is {given!r}; give finite {kind}."
        )
    return value


def _indicator(part: Part, group: str) -> fem.Function:
    """One in a volume group, zero elsewhere.

    Not a measure of the group: DOLFINx takes one set of tags for all cell integrals of a form.
    """
    inside = fem.Function(fem.functionspace(part.mesh, ("DG", 0)))
    inside.x.array[part.cells(group)] = 1.0
    return inside


def _check_boundary(part: Part, group: str) -> None:
    """Raise unless a surface group has facets, all of them on the boundary (collective)."""
    facets, domain = part.facets(group), part.mesh
    facet_dimension = domain.topology.dim - 1
    domain.topology.create_connectivity(facet_dimension, facet_dimension + 1)
    cells = domain.topology.connectivity(facet_dimension, facet_dimension + 1)
    inside = sum(len(cells.links(facet)) > 1 for facet in facets)
    with RaiseTogether(domain.comm):
        if inside:
            raise InputError(
                f"{part.source}: {inside} facets of the surface {group!r} lie inside the part; "
                "forces act on its boundary only."
            )
    if domain.comm.allreduce(len(facets), MPI.SUM) == 0:
        raise InputError(f"{part.source}: the surface {group!r} is empty; forces need an area.")


def _times(value: np.ndarray, factor: Factor) -> Callable[[float], np.ndarray]:
    return lambda t: value * factor(t)
