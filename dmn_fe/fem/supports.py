"""Displacements of a part that are prescribed on named surfaces."""

from collections.abc import Callable, Sequence

from dolfinx import default_scalar_type, fem

from dmn_fe.fem.mesh import Part

__all__ = ["displacement_field", "prescribe"]


def displacement_field(part: Part, degree: int = 2) -> fem.Function:
    """A displacement of zero, of Lagrange elements of the given degree.

    Linear tetrahedra lock in plasticity: take degree 2.
    """
    shape = (part.mesh.geometry.dim,)
    return fem.Function(
        fem.functionspace(part.mesh, ("Lagrange", degree, shape)), name="displacement"
    )


def prescribe(
    part: Part,
    u: fem.Function,
    surface: str,
    displacement: Sequence[float | None],
    factor: Callable[[float], float],
) -> tuple[list[fem.DirichletBC], dict[fem.Constant, Callable[[float], float]]]:
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
        If the mesh has no such group.
    """
    facets = part.facets(surface)
    facet_dimension = part.mesh.topology.dim - 1
    part.mesh.topology.create_connectivity(facet_dimension, facet_dimension + 1)
    bcs: list[fem.DirichletBC] = []
    loads: dict[fem.Constant, Callable[[float], float]] = {}
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
