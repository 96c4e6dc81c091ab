"""Quadrature rules, and functions that hold a value at every quadrature point."""

import basix
import basix.ufl
import numpy as np
import ufl
from dolfinx import fem, mesh
from numpy.typing import NDArray

from dmn_fe.errors import InputError

__all__ = ["QuadratureFields", "full_quadrature_degree"]


class QuadratureFields:
    """Stress and tangent at the points of a quadrature rule.

    Only the points of owned cells count, ordered cell by cell: cell integrals never read the values
    of ghost cells.

    Parameters
    ----------
    domain : dolfinx.mesh.Mesh
        The mesh.
    degree : int
        Polynomial degree that the rule integrates exactly.

    Attributes
    ----------
    dx : ufl.Measure
        Cell integrals by this rule.
    weights : array ``[points per cell]``
        Weights of the rule on the reference cell.
    stress, tangent : dolfinx.fem.Function
        Quadrature functions of shape ``(6,)`` and ``(6, 6)`` for use in forms with ``dx``.
    stress_values, tangent_values : arrays ``[n, 6]`` and ``[n, 6, 6]``
        Their values at the n points, as views.

    Raises
    ------
    InputError
        If a weight of the rule is negative.
    """

    def __init__(self, domain: mesh.Mesh, degree: int):
        self.points, self.weights = _positive_rule(domain, degree)
        self.points_per_cell = len(self.weights)
        self.dx = ufl.Measure(
            "dx",
            domain=domain,
            metadata={"quadrature_degree": degree, "quadrature_scheme": "default"},
        )
        self._domain, self.degree = domain, degree
        self.cells = np.arange(
            domain.topology.index_map(domain.topology.dim).size_local, dtype=np.int32
        )
        self.stress = _quadrature_function(domain, degree, (6,), "stress")
        self.tangent = _quadrature_function(domain, degree, (6, 6), "tangent")
        n = len(self.cells) * self.points_per_cell
        self.stress_values = _owned_view(self.stress, n, (6,))
        self.tangent_values = _owned_view(self.tangent, n, (6, 6))

    def expression(self, value) -> fem.Expression:
        """A UFL expression, ready for :meth:`evaluate`."""
        return fem.Expression(value, self.points)

    def coordinates(self) -> NDArray[np.float64]:
        """Coordinates ``[n, gdim]`` of the points."""
        x = self.expression(ufl.SpatialCoordinate(self._domain))
        return self.evaluate(x, self._domain.geometry.dim)

    def evaluate(self, expression: fem.Expression, size: int) -> NDArray[np.float64]:
        """Values ``[n, size]`` of an expression of that many components."""
        if len(self.cells) == 0:
            return np.empty((0, size))
        values = expression.eval(self._domain, self.cells)
        return np.ascontiguousarray(values.reshape(-1, size), dtype=np.float64)


def full_quadrature_degree(cell_name: str, degree: int) -> int:
    """Exact on simplices with straight edges, ``degree + 1`` Gauss points per direction on others.

    The lowest degree whose rule leaves no deformation without energy.
    """
    simplex = cell_name in ("triangle", "tetrahedron")
    return max(1, 2 * (degree - 1)) if simplex else 2 * degree


def _positive_rule(
    domain: mesh.Mesh, degree: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Points ``[n, tdim]`` and weights ``[n]`` of the rule that DOLFINx takes for this degree.

    With a negative weight the energy of a history law could fall below zero.
    """
    cell = basix.CellType[domain.topology.cell_name()]
    points, weights = basix.make_quadrature(cell, degree)
    if (weights <= 0).any():
        positive = [q for q in range(1, 9) if (basix.make_quadrature(cell, q)[1] > 0).all()]
        raise InputError(
            f"the quadrature rule of degree {degree} on a {cell.name} has a negative "
            f"weight, which material laws cannot use; take a degree out of {positive}."
        )
    return points, weights


def _quadrature_function(
    domain: mesh.Mesh, degree: int, shape: tuple[int, ...], name: str
) -> fem.Function:
    """Function with a value of ``shape`` at every point of the rule of ``degree``."""
    element = basix.ufl.quadrature_element(
        domain.topology.cell_name(), value_shape=shape, degree=degree
    )
    return fem.Function(fem.functionspace(domain, element), name=name)


def _owned_view(function: fem.Function, n_points: int, shape: tuple[int, ...]) -> NDArray:
    """Values of the owned points as a view ``[n_points, *shape]`` without a copy."""
    space = function.function_space
    dofs = space.dofmap.list
    owned = dofs[: n_points // max(dofs.shape[1], 1)].reshape(-1)
    assert np.array_equal(owned, np.arange(n_points)), "quadrature dofs are not cell-sequential"
    size = int(np.prod(shape))
    assert space.dofmap.index_map_bs * space.dofmap.index_map.size_local == n_points * size
    view = function.x.array[: n_points * size].reshape(n_points, *shape)
    assert view.base is not None
    return view
