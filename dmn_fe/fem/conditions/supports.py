"""Displacements of a part that are prescribed on named surfaces."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from dolfinx import default_scalar_type, fem

from dmn_fe.collective import RaiseTogether
from dmn_fe.errors import InputError
from dmn_fe.fem.part import Part

__all__ = ["Support", "check_agreement", "displacement_field", "prescribe"]


def displacement_field(part: Part, degree: int = 2) -> fem.Function:
    """A displacement of zero, of Lagrange elements of the given degree.

    Linear tetrahedra lock in plasticity: take degree 2.
    """
    shape = (part.mesh.geometry.dim,)
    return fem.Function(
        fem.functionspace(part.mesh, ("Lagrange", degree, shape)), name="displacement"
    )


@dataclass(frozen=True)
class Support:
    """Prescribed displacement of a surface group.

    Parameters
    ----------
    group : str
        Physical group of the mesh: a surface, or a curve in two dimensions.
    displacement : sequence of float or None, optional
        One value for each component, multiplied by the amplitude; ``None`` leaves the component
        free.
    rate : sequence of float or None, optional
        Instead: a constant velocity of each component.
    amplitude : callable of time, optional
        Of ``displacement``; that of the case if left out.
    """

    group: str
    displacement: Sequence[float | None] | None = None
    rate: Sequence[float | None] | None = None
    amplitude: Callable[[float], float] | None = None

    def __post_init__(self):
        if (self.displacement is None) == (self.rate is None):
            raise InputError(
                f"the support of {self.group!r}: give either a displacement or a rate."
            )
        if self.rate is not None and self.amplitude is not None:
            raise InputError(
                f"the support of {self.group!r}: a rate has no amplitude; give a displacement."
            )
        for value in self.values:
            if value is not None and not math.isfinite(value):
                raise InputError(
                    f"the support of {self.group!r}: {value} must be a finite number, or None for "
                    "a free component."
                )

    @property
    def values(self) -> Sequence[float | None]:
        """Displacement or rate of each component."""
        given = self.displacement if self.displacement is not None else self.rate
        assert given is not None
        return given

    @property
    def moves(self) -> bool:
        """Whether a component is prescribed and not zero."""
        return any(value not in (0.0, None) for value in self.values)

    def factor(self, default: Callable[[float], float], start: float) -> Callable[[float], float]:
        """What the values are multiplied by over time."""
        if self.rate is not None:
            return lambda t: t - start
        return self.amplitude or default

    def agrees(self, other: "Support", component: int, default: Callable[[float], float]) -> bool:
        """Whether both prescribe the same of a component at all times."""
        value, another = self.values[component], other.values[component]
        if value != another or value == 0.0:
            return value == another
        same_kind = (self.rate is None) == (other.rate is None)
        return same_kind and (self.amplitude or default) is (other.amplitude or default)


def check_agreement(
    u: fem.Function,
    supports: Sequence[Support],
    bcs: Sequence[Sequence[fem.DirichletBC]],
    default: Callable[[float], float],
) -> None:
    """Raise unless supports that share nodes agree there (collective).

    Parameters
    ----------
    bcs : sequence of sequence of DirichletBC
        Of each support those of :func:`prescribe`.
    default : callable of time
        Amplitude of the supports that have none of their own.

    Raises
    ------
    InputError
        On all ranks, with the groups and the component.
    """
    prescribed_by = np.full(len(u.x.array), -1)
    with RaiseTogether(u.function_space.mesh.comm):
        for number, (support, own) in enumerate(zip(supports, bcs, strict=True)):
            components = [c for c, value in enumerate(support.values) if value is not None]
            for component, bc in zip(components, own, strict=True):
                dofs = bc.dof_indices()[0]
                for earlier in np.unique(prescribed_by[dofs]):
                    other = supports[earlier]
                    if earlier >= 0 and not support.agrees(other, component, default):
                        raise InputError(
                            f"the supports of {other.group!r} and {support.group!r} prescribe "
                            f"different displacements of component {component + 1} where they "
                            "meet; free it in one of them, or make them agree."
                        )
                prescribed_by[dofs] = number


def prescribe(
    part: Part,
    u: fem.Function,
    surface: str,
    displacement: Sequence[float | None],
    factor: Callable[[float], float],
) -> tuple[list[fem.DirichletBC], dict[Any, Callable[[float], Any]]]:
    """Dirichlet conditions ``u = factor(t) · displacement`` on a surface group (collective).

    Parameters
    ----------
    displacement : sequence of float or None
        One value for each component; ``None`` leaves the component free.
    factor : callable
        Load factor at a time.

    Returns
    -------
    list of DirichletBC, dict
        For ``bcs`` and ``loads`` of a :class:`~dmn_fe.fem.problem.Problem`.

    Raises
    ------
    InputError
        If the mesh has no such group, or the displacement not its dimensions.
    """
    dimension = part.mesh.geometry.dim
    if len(displacement) != dimension:
        raise InputError(
            f"the support of {surface!r} has {len(displacement)} components; {part.source} is in "
            f"{dimension} dimensions, give {dimension}."
        )
    facets = part.facets(surface)
    facet_dimension = part.mesh.topology.dim - 1
    part.mesh.topology.create_connectivity(facet_dimension, facet_dimension + 1)
    bcs: list[fem.DirichletBC] = []
    loads: dict[Any, Callable[[float], Any]] = {}
    for component, value in enumerate(displacement):
        if value is None:
            continue
        space = u.function_space.sub(component)
        constant = fem.Constant(part.mesh, default_scalar_type(0.0))
        dofs = fem.locate_dofs_topological(space, facet_dimension, facets)
        bcs.append(fem.dirichletbc(constant, dofs, space))
        loads[constant] = _times(value, factor)
    return bcs, loads


def _times(value: float, factor: Callable[[float], float]) -> Callable[[float], float]:
    return lambda t: value * factor(t)
