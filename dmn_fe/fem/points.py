"""Quadrature rules, and functions that hold a value at every quadrature point."""

import basix
import basix.ufl
import numpy as np
from dolfinx import fem, mesh
from numpy.typing import NDArray

from dmn_fe.errors import InputError

__all__ = ["owned_view", "positive_rule", "quadrature_function"]


def positive_rule(
    domain: mesh.Mesh, degree: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Points ``[n, tdim]`` and weights ``[n]`` of the rule that DOLFINx takes for this degree.

    Raises
    ------
    InputError
        If a weight is negative: the energy of a history law could fall below zero.
    """
    cell = basix.CellType[domain.topology.cell_name()]
    points, weights = basix.make_quadrature(cell, degree)
    if (weights <= 0).any():
        positive = [q for q in range(1, 9) if (basix.make_quadrature(cell, q)[1] > 0).all()]
        raise InputError(
            f"QuadratureMap: the rule of degree {degree} on a {cell.name} has a negative "
            f"weight, which material laws cannot use; take a degree out of {positive}."
        )
    return points, weights


def quadrature_function(
    domain: mesh.Mesh, degree: int, shape: tuple[int, ...], name: str
) -> fem.Function:
    """Function with a value of ``shape`` at every point of the rule of ``degree``."""
    element = basix.ufl.quadrature_element(
        domain.topology.cell_name(), value_shape=shape, degree=degree
    )
    return fem.Function(fem.functionspace(domain, element), name=name)


def owned_view(function: fem.Function, n_points: int, shape: tuple[int, ...]) -> NDArray:
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
