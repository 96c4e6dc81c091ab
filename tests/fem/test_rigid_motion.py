"""Which rigid motions supports leave free."""

# isort: off
from dmn_fe.fem import free_rigid_motions  # before torch

# isort: on
import numpy as np
import pytest
from dolfinx import fem, mesh
from mpi4py import MPI

X, Y, Z = (f"displacement along e{i}" for i in (1, 2, 3))
RX, RY, RZ = (f"rotation about e{i}" for i in (1, 2, 3))


@pytest.mark.parametrize(
    ("supports", "free"),
    [
        ([], [X, Y, Z, RX, RY, RZ]),
        ([("face", 0)], [Y, Z, RX]),
        ([("face", 0), ("face", 1), ("face", 2)], []),
        ([("point", 0), ("point", 1), ("point", 2)], [RX, RY, RZ]),
        ([("edge", 0), ("edge", 1), ("edge", 2)], [RZ]),
        ([("edge", 0), ("edge", 1), ("edge", 2), ("far point", 1)], []),
    ],
)
def test_free_motions_of_a_supported_block(supports, free):
    domain = mesh.create_box(MPI.COMM_WORLD, [[5.0, 5.0, 5.0], [25.0, 15.0, 8.0]], [2, 2, 2])
    u = fem.Function(fem.functionspace(domain, ("Lagrange", 2, (3,))))
    places = {
        "face": lambda x: np.isclose(x[0], 5.0),
        "edge": lambda x: np.isclose(x[0], 5.0) & np.isclose(x[1], 5.0),
        "point": lambda x: np.isclose(x, 5.0).all(axis=0),
        "far point": lambda x: (
            np.isclose(x[0], 25.0) & np.isclose(x[1], 5.0) & np.isclose(x[2], 5.0)
        ),
    }
    bcs = []
    for place, component in supports:
        space = u.function_space.sub(component)
        collapsed, _ = space.collapse()
        dofs = fem.locate_dofs_geometrical((space, collapsed), places[place])
        bcs.append(fem.dirichletbc(fem.Constant(domain, 0.0), dofs[0], space))
    assert free_rigid_motions(u, bcs) == free


@pytest.mark.parametrize(
    ("far", "thickness", "offset"), [(1.0, 1.0, 1e6), (1000.0, 0.001, 0.0), (1.0, 1e-5, 1.0)]
)
def test_small_levers_and_large_coordinates_hold_a_part(far, thickness, offset):
    low = np.full(3, offset)
    high = low + np.array([far, 1.0, thickness])
    domain = mesh.create_box(MPI.COMM_WORLD, [low, high], [3, 3, 2])
    space = fem.functionspace(domain, ("Lagrange", 2, (3,)))
    u = fem.Function(space)
    dofs = fem.locate_dofs_geometrical(space, lambda x: np.isclose(x[0], offset, rtol=1e-12))
    assert free_rigid_motions(u, [fem.dirichletbc(np.zeros(3), dofs, space)]) == []


def test_motions_in_the_plane_and_around_an_axis():
    domain = mesh.create_unit_square(MPI.COMM_WORLD, 1, 1)
    space = fem.functionspace(domain, ("Lagrange", 1, (2,)))
    u = fem.Function(space)
    plane = ["displacement along e1", "displacement along e2", "rotation about e3"]
    assert free_rigid_motions(u, []) == plane
    assert free_rigid_motions(u, [], "axisymmetric") == ["displacement along e2"]
    along_x, along_y = space.sub(0), space.sub(1)
    left = mesh.locate_entities_boundary(domain, 1, lambda x: np.isclose(x[0], 0.0))
    dofs = fem.locate_dofs_topological(along_x, 1, left)
    roller = fem.dirichletbc(fem.Constant(domain, 0.0), dofs, along_x)
    assert free_rigid_motions(u, [roller]) == ["displacement along e2"]
    assert free_rigid_motions(u, [roller], "axisymmetric") == ["displacement along e2"]
    dofs = fem.locate_dofs_topological(along_y, 1, left)
    hold = fem.dirichletbc(fem.Constant(domain, 0.0), dofs, along_y)
    assert free_rigid_motions(u, [hold]) == ["displacement along e1", "rotation about e3"]
    assert free_rigid_motions(u, [hold], "axisymmetric") == []
    assert free_rigid_motions(u, [hold, roller]) == []
