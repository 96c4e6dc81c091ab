"""Parts of textbook problems, from meshes of DOLFINx."""

import numpy as np
from dolfinx import mesh
from mpi4py import MPI

from dmn_fe.fem import Part, mark


def near(axis: int, place: float):
    """Marker of the plane where a coordinate has a value."""
    return lambda x: np.isclose(x[axis], place)


def rectangle(length: float, height: float, n: tuple[int, int], cell="quadrilateral") -> Part:
    """A rectangle from the origin with the sides "left", "right", "bottom" and "top"."""
    corners = [[0.0, 0.0], [length, height]]
    domain = mesh.create_rectangle(MPI.COMM_WORLD, corners, n, mesh.CellType[cell])
    sides = {"left": near(0, 0.0), "right": near(0, length)}
    return mark(domain, sides | {"bottom": near(1, 0.0), "top": near(1, height)})


def box(n: int, cell="tetrahedron") -> Part:
    """A unit cube with the sides "x0", "x1", "y0", "y1", "z0", "z1"."""
    domain = mesh.create_unit_cube(MPI.COMM_WORLD, n, n, n, mesh.CellType[cell])
    sides = {f"{name}{place}": near(i, place) for i, name in enumerate("xyz") for place in (0, 1)}
    return mark(domain, sides)


def cook(n: int) -> Part:
    """Cook's membrane (1974), of n × n quadrilaterals; clamped "left", loaded "right"."""
    domain = mesh.create_unit_square(MPI.COMM_WORLD, n, n, mesh.CellType.quadrilateral)
    x, y = domain.geometry.x[:, 0].copy(), domain.geometry.x[:, 1].copy()
    domain.geometry.x[:, 0] = 48.0 * x
    domain.geometry.x[:, 1] = 44.0 * (x + y) - 28.0 * x * y
    return mark(domain, {"left": near(0, 0.0), "right": near(0, 48.0)})


def quarter_ring(inner: float, outer: float, n: tuple[int, int]) -> Part:
    """A quarter of a ring, of quadrilaterals: "inner", "outer", "x0" and "y0"."""
    domain = mesh.create_unit_square(MPI.COMM_WORLD, *n, mesh.CellType.quadrilateral)
    radius = inner * (outer / inner) ** domain.geometry.x[:, 0]
    angle = 0.5 * np.pi * domain.geometry.x[:, 1]
    domain.geometry.x[:, 0] = radius * np.cos(angle)
    domain.geometry.x[:, 1] = radius * np.sin(angle)

    def at(place: float):
        return lambda x: np.isclose(np.hypot(x[0], x[1]), place)

    def zero(axis: int):
        return lambda x: np.abs(x[axis]) < 1e-9 * outer

    return mark(domain, {"inner": at(inner), "outer": at(outer), "x0": zero(0), "y0": zero(1)})
