import itertools
import math

import numpy as np
import pytest
from helpers.meshes import hexahedra, quads, tetrahedra, triangles

from dmn_fe.errors import InputError
from dmn_fe.microstructure import MeshRVE, VoxelRVE, voxelize, voxels_to_mesh

RNG = np.random.default_rng(0)
# Whether the corners of a hexahedron are at the upper end along x, y, z.
VTK_CORNERS = np.array(
    [[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 0, 1], [1, 0, 1], [1, 1, 1], [0, 1, 1]],
    dtype=bool,
)
PHASE = RNG.integers(0, 3, (4, 5, 3))


def test_voxels_and_back():
    rotations = np.array([np.eye(3), np.diag([-1.0, -1.0, 1.0])])
    rve = VoxelRVE(
        PHASE, ("a", "b", "c"), (1.0, 0.5, 3.0), rotations, RNG.integers(0, 2, PHASE.shape)
    )
    grid = voxels_to_mesh(rve)
    assert grid.size == rve.size
    back = voxelize(grid, rve.shape)
    assert back.hash == rve.hash
    np.testing.assert_array_equal(back.orientation_index, rve.orientation_index)


def test_hexahedra_of_a_voxel_grid_have_positive_volume():
    grid = voxels_to_mesh(VoxelRVE(np.zeros((2, 3, 1), dtype=int)))
    assert grid.cells.shape == (6, 8)
    edges = grid.points[grid.cells[:, [1, 3, 4]]] - grid.points[grid.cells[:, :1]]
    np.testing.assert_allclose(np.linalg.det(edges), (1 / 3) ** 3)


@pytest.mark.parametrize("factor", [1, 2, 3])
def test_every_cell_type_finds_the_phase_of_a_grid(factor):
    fine = np.kron(PHASE, np.ones((factor,) * 3, dtype=int))
    solid = hexahedra(PHASE)
    plane = quads(PHASE[:, :, 1])
    for rve in (solid, tetrahedra(solid)):
        np.testing.assert_array_equal(voxelize(rve, fine.shape).phase, fine)
    for rve in (plane, triangles(plane)):
        voxels = voxelize(rve, fine.shape[:2])
        np.testing.assert_array_equal(voxels.phase[:, :, 0], fine[:, :, factor])
        assert voxels.size == (*rve.size, pytest.approx(1 / (5 * factor)))


def test_distorted_cells_get_voxels_by_their_volume():
    rve = tetrahedra(hexahedra(RNG.integers(0, 2, (4, 4, 4)), distortion=0.25))
    edges = rve.points[rve.cells[:, 1:]] - rve.points[rve.cells[:, :1]]
    exact = np.bincount(rve.phase, np.abs(np.linalg.det(edges)) / 6)
    assert exact.sum() == pytest.approx(1.0)  # no cell is turned inside out
    assert voxelize(rve, 32).volume_fractions == pytest.approx(exact, abs=2e-3)


def test_skewed_hexahedra_agree_with_their_tetrahedra():
    # The faces stay plane, so both meshes have the same phases everywhere.
    grid = hexahedra(RNG.integers(0, 2, (4, 4, 4)))
    points = np.array(grid.points)
    points[:, 0] += 0.2 * np.sin(math.pi * points[:, 0]) * (points[:, 1] - 0.5)
    skewed = MeshRVE(points, grid.cells, "hexahedron", grid.phase)
    expected = voxelize(tetrahedra(skewed), 30).phase
    np.testing.assert_array_equal(voxelize(skewed, 30).phase, expected)


def test_warped_hexahedra_get_voxels_by_their_volume():
    rve = hexahedra(RNG.integers(0, 2, (4, 4, 4)), distortion=0.15)
    # Two Gauss points per direction integrate the determinant of the trilinear map exactly.
    volume = np.zeros(len(rve.cells))
    for point in itertools.product((-(3**-0.5), 3**-0.5), repeat=3):
        low, high = (1 - np.array(point)) / 2, (1 + np.array(point)) / 2
        gradient = np.empty((8, 3))
        for corner, up in enumerate(VTK_CORNERS):
            values = np.where(up, high, low)
            slopes = np.where(up, 0.5, -0.5)
            gradient[corner] = slopes * values[[1, 0, 0]] * values[[2, 2, 1]]
        jacobian = np.einsum("mci,cj->mij", rve.points[rve.cells], gradient)
        volume += np.linalg.det(jacobian)
    exact = np.bincount(rve.phase, volume)
    assert exact.sum() == pytest.approx(1.0)
    assert voxelize(rve, 32).volume_fractions == pytest.approx(exact, abs=2e-3)


def test_sphere_from_gmsh(tmp_path):
    gmsh = pytest.importorskip("gmsh")
    pytest.importorskip("meshio")
    from dmn_fe.microstructure import read_mesh

    gmsh.initialize(interruptible=False)
    try:
        gmsh.option.setNumber("General.Terminal", 0)
        box = gmsh.model.occ.addBox(0, 0, 0, 1, 1, 1)
        ball = gmsh.model.occ.addSphere(0.5, 0.5, 0.5, 0.3)
        gmsh.model.occ.fragment([(3, box)], [(3, ball)])
        gmsh.model.occ.synchronize()
        volumes = [tag for _, tag in gmsh.model.getEntities(3)]
        volumes.sort(key=lambda tag: gmsh.model.occ.getMass(3, tag))
        gmsh.model.addPhysicalGroup(3, volumes[:1], 9, "sphere")
        gmsh.model.addPhysicalGroup(3, volumes[1:], 4, "the matrix")
        gmsh.option.setNumber("Mesh.MeshSizeMax", 0.15)
        gmsh.model.mesh.generate(3)
        gmsh.write(str(tmp_path / "sphere.msh"))
    finally:
        gmsh.finalize()
    rve = read_mesh(tmp_path / "sphere.msh")
    assert rve.names == ("the matrix", "sphere")
    edges = rve.points[rve.cells[:, 1:]] - rve.points[rve.cells[:, :1]]
    meshed = np.bincount(rve.phase, np.abs(np.linalg.det(edges)) / 6)
    assert voxelize(rve, 40).volume_fractions == pytest.approx(meshed, abs=1e-3)
    # Inscribed facets: smaller than the sphere, but not by much.
    assert meshed[1] == pytest.approx(4 / 3 * math.pi * 0.3**3, rel=0.1)


def test_shape_of_the_voxels():
    rve = hexahedra(PHASE)
    assert voxelize(rve, 10).shape == (8, 10, 6)
    assert voxelize(rve, (8, 5, 3)).shape == (8, 5, 3)
    assert voxelize(quads(PHASE[:, :, 0]), (4, 5, 1)).shape == (4, 5, 1)


@pytest.mark.parametrize(
    ("voxels", "sentence"),
    [
        (0, "must be a positive whole number"),
        (2.5, "must be a positive whole number"),
        ((4, 5), "give a positive number, or 3 of them"),
        ((4, 0, 3), "give a positive number, or 3 of them"),
        (10**5, "makes 4.8e.14 of them, more than 1e.09: give fewer"),
    ],
)
def test_bad_numbers_of_voxels(voxels, sentence):
    with pytest.raises(InputError, match=sentence):
        voxelize(hexahedra(PHASE), voxels)


def test_mesh_with_a_hole():
    rve = quads(np.eye(3, dtype=int))
    holed = MeshRVE(rve.points, np.delete(rve.cells, 4, axis=0), "quad", np.delete(rve.phase, 4))
    with pytest.raises(InputError, match="4 of 36 voxel centres lie in no cell"):
        voxelize(holed, 6)


def test_phase_that_is_too_thin():
    phase = np.zeros((9, 9), dtype=int)
    phase[1, 1] = 1
    with pytest.raises(InputError, match=r"phase 'inclusion' has no voxel.*more than 2 of them"):
        voxelize(quads(phase), 2)
