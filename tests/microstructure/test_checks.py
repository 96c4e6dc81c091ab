import numpy as np
import pytest
from helpers.meshes import hexahedra, quads, tetrahedra, triangles

from dmn_fe.errors import InputError
from dmn_fe.microstructure import (
    MeshRVE,
    VoxelRVE,
    bicontinuous,
    check,
    gaussian_field,
    laminate,
    mirrored,
    plain_weave,
    polydisperse_spheres,
    random_fibres,
    random_spheres,
    short_fibres,
    voxels_to_mesh,
)
from dmn_fe.microstructure.mesh_checks import cell_volumes


def with_boxes(shape, *boxes, **options) -> VoxelRVE:
    """A matrix with a box of voxels for each tuple of slices."""
    phase = np.zeros(shape, dtype=int)
    for box in boxes:
        phase[box] = 1
    return VoxelRVE(phase, **options)


def cube(start, stop):
    return (slice(start, stop),) * 3


@pytest.mark.parametrize(
    "rve",
    [
        random_spheres(24, 0.2, 4, 2.0, 0),
        random_fibres(32, 0.4, 5, 2.0, 0),
        laminate(8, 0.25),
        with_boxes((8, 8, 8), cube(2, 5)),
        with_boxes((8, 8, 1), (slice(0, 2), slice(2, 4))),
    ],
)
def test_good_voxels_have_no_findings(rve):
    assert check(rve) == []


@pytest.mark.parametrize(
    "rve",
    [
        hexahedra(np.eye(3, dtype=int)[:, :, None]),
        tetrahedra(hexahedra(np.arange(27).reshape(3, 3, 3) % 2, distortion=0.2)),
        quads(np.eye(3, dtype=int)),
        triangles(quads(np.eye(3, dtype=int))),
    ],
)
def test_good_meshes_have_no_findings(rve):
    assert check(rve) == []


def the_only(rve, severity, **options) -> str:
    findings = check(rve, **options)
    assert [finding.severity for finding in findings] == [severity]
    assert str(findings[0]) == f"{severity}: {findings[0].sentence}"
    return findings[0].sentence


def test_voxels_that_are_no_cubes():
    rve = with_boxes((8, 8, 8), cube(2, 5), size=(1.0, 1.0, 2.0))
    assert "the voxels are no cubes but 0.125 × 0.125 × 0.25" in the_only(rve, "warning")
    assert check(with_boxes((8, 8, 1), (slice(2, 5), slice(2, 5)), size=(1, 1, 7.0))) == []


def faces_across_e1(*filled: int, periodic: bool) -> list[str]:
    """What is found about layers across e1, the first so many of whose 400 voxels are filled."""
    phase = np.zeros((len(filled), 20, 20), dtype=int)
    for layer, number in zip(phase, filled, strict=True):
        layer.ravel()[:number] = 1
    findings = check(VoxelRVE(phase, periodic=(periodic, True, True)))
    sentences = [finding.sentence for finding in findings]
    return [text for text in sentences if "faces" in text and "e1" in text]


def test_faces_that_do_not_continue_each_other():
    jump = "(25.0% of the voxels change their phase there, inside at most 12.5%)"
    (sentence,) = faces_across_e1(200, 150, 200, 250, 300, periodic=False)
    assert f"faces across e1 do not continue each other {jump}, solvers" in sentence
    (sentence,) = faces_across_e1(200, 150, 200, 250, 300, periodic=True)
    assert f"taken as periodic along e1, but its faces do not look so {jump}" in sentence


@pytest.mark.parametrize("periodic", [True, False])
def test_faces_that_continue_as_layers_inside_do(periodic):
    assert not faces_across_e1(100, 238, 204, periodic=periodic)  # 26 %, inside 34.5 %
    assert not faces_across_e1(100, 150, 200, 150, 160, periodic=periodic)  # 15 %, inside 12.5 %
    flags = (periodic,) * 3
    assert check(with_boxes((8, 8, 8), cube(2, 5), periodic=flags)) == []
    one_interface = (slice(0, 8), slice(0, 4), slice(0, 8))
    assert check(with_boxes((8, 8, 8), one_interface, periodic=flags)) == []


def test_slope_is_not_periodic():
    slope = VoxelRVE(np.tril(np.ones((8, 8), dtype=int))[:, :, None])
    sentences = [finding.sentence for finding in check(slope)]
    assert len(sentences) == 2
    assert "taken as periodic along e1, but its faces do not look so (87.5%" in sentences[0]


GENERATORS = [
    lambda seed: gaussian_field(32, 0.5, 4.0, seed),
    lambda seed: bicontinuous(32, 0.5, 8.0, 0.1, seed),
    lambda seed: random_spheres(32, 0.3, 12, 2.0, seed),
    lambda seed: plain_weave(40, 0.32, 14, 0.75),
    lambda seed: polydisperse_spheres(48, 0.3, 30, seed=seed),
    lambda seed: random_fibres(64, 0.5, 12, 2.0, seed),
    lambda seed: short_fibres(48, 0.08, 12, 5.0, seed=seed),
    lambda seed: laminate(8 + seed, 0.25, seed),
]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("generate", GENERATORS)
def test_faces_of_generated_rves_continue(generate, seed):
    assert not any("faces" in finding.sentence for finding in check(generate(seed)))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("generate", GENERATORS[:4])
def test_faces_of_windows_do_not_continue(generate, seed):
    rve = generate(seed)
    window = VoxelRVE(rve.phase[tuple(slice(2 * n // 3) for n in rve.shape)])
    assert any("do not look so" in finding.sentence for finding in check(window))


def test_pieces_of_a_connected_phase():
    # A plate with a hole that holds a piece of matrix of its own, and a single voxel.
    rve = with_boxes((9, 9, 9), (slice(2, 6), slice(None), slice(None)))
    phase = np.array(rve.phase)
    phase[3:5, 3, 3] = 0
    assert "1 piece of phase 'matrix' (0.27% of the RVE) is cut off" in the_only(
        VoxelRVE(phase), "warning"
    )
    phase[4, 3, 3] = 1
    assert "1 piece of phase 'matrix' is a single voxel" in the_only(VoxelRVE(phase), "warning")


@pytest.mark.parametrize("start", [(4, 2, 2), (4, 4, 2), (4, 4, 4), (5, 2, 2)])
def test_particles_that_are_too_near(start):
    first = cube(2, 4)
    second = tuple(slice(x, x + 2) for x in start)
    rve = with_boxes((9, 9, 9), first, second)
    touching = start == (4, 2, 2)  # one particle
    assert len(check(rve)) == (0 if touching else 1)
    if not touching:
        assert "1 pair of particles of phase 'inclusion' has fewer" in the_only(rve, "warning")


def test_particles_are_near_through_periodic_faces_only():
    boxes = ((slice(0, 2), *cube(2, 5)[1:]), (slice(6, 8), *cube(2, 5)[1:]))
    shifted = [(box[0], slice(b, b + 3), box[2]) for box, b in zip(boxes, (1, 4), strict=True)]
    sentences = [finding.sentence for finding in check(with_boxes((8, 8, 8), *shifted))]
    assert sum("1 pair of particles" in sentence for sentence in sentences) == 1
    apart = check(with_boxes((8, 8, 8), *shifted, periodic=(False, True, True)))
    assert ["faces across e1" in finding.sentence for finding in apart] == [True]


def test_floating_solid_in_a_void():
    phase = np.zeros((9, 9, 9), dtype=int)
    phase[:, 3:6, 3:6] = 1
    phase[3:5, 0, 0] = 1
    rve = VoxelRVE(phase, ("Pores", "steel"))
    sentences = [str(finding) for finding in check(rve)]
    floating = "warning: 1 solid piece (0.27% of the RVE) is floating in phase 'Pores' and carries"
    assert any(text.startswith(floating) for text in sentences)
    assert any("no solid goes through the RVE along e2" in text for text in sentences)
    assert any("no solid goes through the RVE along e3" in text for text in sentences)
    assert not any("along e1" in text for text in sentences)
    named = VoxelRVE(phase, ("a", "b"))
    assert not any("floating" in finding.sentence for finding in check(named))
    assert any("floating" in finding.sentence for finding in check(named, void="a"))
    with pytest.raises(InputError, match="no phase 'c': give one of a, b"):
        check(named, void="c")


def test_mesh_with_other_nodes_on_opposite_faces():
    grid = hexahedra(np.arange(27).reshape(3, 3, 3) % 2)
    points = np.array(grid.points)
    on_face = (points[:, 0] == points[:, 0].max()) & (np.abs(points[:, 1:] - 0.5).max(1) < 0.2)
    points[on_face, 1] += 0.02
    sentence = the_only(MeshRVE(points, grid.cells, "hexahedron", grid.phase), "error")
    assert f"not periodic: {on_face.sum()} of 16 nodes on the face x1 = 0 and" in sentence
    assert f"and {on_face.sum()} of 16 on the face x1 = 1 have no partner" in sentence


def test_mesh_with_coinciding_nodes():
    grid = quads(np.eye(4, dtype=int))
    # The upper half gets nodes of its own on the line between the halves.
    on_line = np.flatnonzero(np.isclose(grid.points[:, 1], 0.5))
    new = np.arange(len(on_line)) + len(grid.points)
    upper = grid.points[grid.cells].mean(axis=1)[:, 1] > 0.5
    cells = np.array(grid.cells)
    for old, node in zip(on_line, new, strict=True):
        cells[upper] = np.where(cells[upper] == old, node, cells[upper])
    rve = MeshRVE(np.concatenate([grid.points, grid.points[on_line]]), cells, "quad", grid.phase)
    sentences = [finding.sentence for finding in check(rve)]
    assert any("5 pairs of nodes lie at one place, the first at (0, 0.5)" in s for s in sentences)


def test_mesh_with_a_hole():
    grid = quads(np.eye(4, dtype=int))
    kept = np.arange(16) != 5
    rve = MeshRVE(grid.points, grid.cells[kept], "quad", grid.phase[kept])
    assert "the cells have 93.750% of the volume of their box 1 × 1" in the_only(rve, "error")


def test_flat_and_twisted_cells():
    grid = hexahedra(np.arange(8).reshape(2, 2, 2) % 2)
    points = np.array(grid.points)
    centre = np.abs(points - 0.5).max(axis=1) < 0.1
    points[centre] = 0.05
    twisted = MeshRVE(points, grid.cells, "hexahedron", grid.phase)
    assert "cells are twisted or not convex, the first is cell" in check(twisted)[0].sentence
    corners = np.array([[0, 0], [0.5, 0], [1, 0], [1, 1], [0, 1.0]])
    cells = np.array([[0, 1, 2], [0, 2, 3], [0, 3, 4], [1, 2, 3]])
    flat = MeshRVE(corners, cells, "triangle", np.array([0, 1, 1, 0]))
    assert "1 of 4 cells are flat, the first is cell 0" in check(flat)[0].sentence


def test_solid_pieces_of_a_mesh():
    phase = np.zeros((7, 7, 7), dtype=int)
    phase[2:5] = 1
    grid = voxels_to_mesh(VoxelRVE(phase, ("steel", "air")))
    assert check(grid) == []  # the steel is one plate through the periodic faces
    phase[3, 3, 3] = 0
    floating = voxels_to_mesh(VoxelRVE(phase, ("steel", "air")))
    assert "in 2 pieces parted by phase 'air', the largest has 99.5%" in the_only(floating, "error")


def test_volumes_of_cells():
    grid = hexahedra(np.zeros((3, 3, 3), dtype=int), distortion=0.2)
    assert cell_volumes(grid).sum() == pytest.approx(1.0, rel=1e-12)
    pieces = np.abs(cell_volumes(tetrahedra(grid)))
    assert pieces.sum() == pytest.approx(1.0, rel=1e-12)
    plane = quads(np.zeros((3, 2), dtype=int))
    np.testing.assert_allclose(cell_volumes(plane), 1 / 9, rtol=1e-12)
    np.testing.assert_allclose(cell_volumes(triangles(plane)), 1 / 18, rtol=1e-12)


def test_mirrored_image_is_periodic():
    phase = np.random.default_rng(0).integers(0, 2, (3, 4, 1))
    image = VoxelRVE(phase, size=(3.0, 8.0, 1.0), periodic=(False, True, False))
    rve = mirrored(image)
    assert rve.shape == (6, 4, 1)
    assert rve.size == (6.0, 8.0, 1.0)
    assert rve.periodic == (True, True, True)
    np.testing.assert_array_equal(rve.phase, np.concatenate([phase, phase[::-1]]))
    assert mirrored(rve) is rve


def test_mirrored_material_has_the_mirrored_stiffness():
    angle = 0.3
    turn = np.array(
        [[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]]
    )
    tilt = turn[[2, 0, 1]][:, [2, 0, 1]]
    image = VoxelRVE(
        np.zeros((2, 1, 1), dtype=int),
        orientations=np.array([turn @ tilt, tilt]),
        orientation_index=np.array([0, 1]).reshape(2, 1, 1),
        periodic=(False, True, True),
    )
    rve = mirrored(image)
    tensor = np.random.default_rng(0).standard_normal((3, 3, 3, 3))
    mirror = np.diag([-1.0, 1.0, 1.0])

    def turned(rotation):
        return np.einsum("ia,jb,kc,ld,abcd->ijkl", *[rotation] * 4, tensor)

    for voxel, image_voxel in ((2, 1), (3, 0)):
        rotation = rve.orientations[rve.orientation_index[voxel, 0, 0]]
        original = image.orientations[image_voxel]
        np.testing.assert_allclose(turned(rotation), turned(mirror @ original), atol=1e-12)
