"""Effective stiffness of mesh RVEs: closed forms, bounds, the FFT solver, bad input."""

import importlib
import itertools
from dataclasses import replace

import numpy as np
import pytest

# isort: off
from dmn_fe.fem import effective_stiffness  # before torch

# isort: on
import torch
from helpers.meshes import hexahedra, quads, tetrahedra, triangles

from dmn_fe import InputError, homogenization
from dmn_fe.homogenization import sample_orthotropic
from dmn_fe.mandel import interface_matrix, isotropic_stiffness
from dmn_fe.microstructure import VoxelRVE

ONE_POINT = {"degree": 1, "quadrature_degree": 1}
PAIR = sample_orthotropic(8, seed=2)[3]
VOID = torch.stack([isotropic_stiffness(3.0, 0.3), torch.zeros(6, 6, dtype=torch.float64)])
CELLS = {
    "tetra": lambda phase: tetrahedra(hexahedra(phase)),
    "hexahedron": hexahedra,
    "quad": lambda phase: quads(phase[:, :, 0]),
    "triangle": lambda phase: triangles(quads(phase[:, :, 0])),
}


def random_phase(*shape):
    return np.random.default_rng(3).integers(0, 2, shape)


def cube(n, edge):
    """A cube of that many voxels per edge in the middle of an RVE."""
    inside = np.abs(np.arange(n) - (n - 1) / 2) < edge / 2
    return (inside[:, None, None] & inside[:, None] & inside).astype(int)


def relative(first, second):
    return float((first - second).abs().max() / second.abs().max())


@pytest.mark.parametrize("cells", CELLS)
@pytest.mark.parametrize("degree", [1, 2])
@pytest.mark.parametrize("axis", [0, 1])
def test_laminates_are_exact(cells, degree, axis):
    layers = (np.arange(4) == 1).astype(int)
    shape = [1 if cells in ("quad", "triangle") else 2] * 3
    shape[1 - axis], shape[axis] = 2, 4
    phase = np.broadcast_to(layers.reshape([-1 if a == axis else 1 for a in range(3)]), shape)
    interface = interface_matrix(torch.eye(3, dtype=torch.float64)[axis])
    f, first, second = 0.25, PAIR[1], PAIR[0]
    mixed = interface.mT @ ((1 - f) * first + f * second) @ interface
    jump = (first - second) @ interface
    exact = f * first + (1 - f) * second
    exact = exact - f * (1 - f) * jump @ torch.linalg.solve(mixed, jump.mT)
    assert relative(effective_stiffness(CELLS[cells](phase), PAIR, degree), exact) < 1e-12


@pytest.mark.parametrize("cells", CELLS)
def test_lies_between_reuss_and_voigt_and_falls_with_the_degree(cells):
    rve = CELLS[cells](random_phase(3, 4, 3))
    f = float(rve.phase.mean())
    voigt = (1 - f) * PAIR[0] + f * PAIR[1]
    reuss = torch.linalg.inv((1 - f) * torch.linalg.inv(PAIR[0]) + f * torch.linalg.inv(PAIR[1]))
    chain = [voigt, *(effective_stiffness(rve, PAIR, degree) for degree in (1, 2)), reuss]
    for above, below in itertools.pairwise(chain):
        assert torch.linalg.eigvalsh(above - below)[0] > -1e-12 * voigt.abs().max()


@pytest.mark.parametrize("shape", [(3, 5, 3), (1, 3, 5), (4, 4, 4)])
def test_hexahedra_with_one_point_are_the_rotated_scheme(shape):
    voxels = VoxelRVE(random_phase(*shape))
    rve = hexahedra(voxels.phase)
    fft = homogenization.effective_stiffness(voxels, PAIR, tolerance=1e-12)
    assert relative(effective_stiffness(rve, PAIR, **ONE_POINT), fft) < 1e-9


def test_squares_with_one_point_are_one_layer_of_voxels():
    voxels = VoxelRVE(random_phase(5, 7, 1))
    fft = homogenization.effective_stiffness(voxels, PAIR, tolerance=1e-12)
    computed = effective_stiffness(quads(voxels.phase[:, :, 0]), PAIR, **ONE_POINT)
    assert relative(computed, fft) < 1e-9


def test_orientations_and_samples_are_those_of_the_fft_solver():
    phase = random_phase(3, 3, 3)
    turns = np.linalg.qr(np.random.default_rng(5).normal(size=(4, 3, 3)))[0]
    turns *= np.linalg.det(turns)[:, None, None]
    index = np.random.default_rng(6).integers(0, 4, phase.shape)
    voxels = VoxelRVE(phase, orientations=turns, orientation_index=index)
    rve = hexahedra(phase)
    # The cells in another order, as in a file.
    order = np.random.default_rng(7).permutation(phase.size)
    rve = replace(
        rve,
        cells=rve.cells[order],
        phase=rve.phase[order],
        orientations=turns,
        orientation_index=index.ravel()[order],
    )
    samples = sample_orthotropic(3, seed=4)
    fft = homogenization.effective_stiffness(voxels, samples, tolerance=1e-12)
    computed = effective_stiffness(rve, samples, **ONE_POINT)
    assert computed.shape == (3, 6, 6)
    assert all(relative(a, b) < 1e-9 for a, b in zip(computed, fft, strict=True))


def test_converges_with_the_fft_solver_to_one_value():
    """A stiff cube: quadratic elements come from above, one-point elements from below."""
    stiffness = torch.stack([isotropic_stiffness(1.0, 0.3), isotropic_stiffness(10.0, 0.3)])
    above = effective_stiffness(tetrahedra(hexahedra(cube(6, 2))), stiffness)
    coarse, fine = (
        homogenization.effective_stiffness(VoxelRVE(cube(n, n // 3)), stiffness) for n in (6, 48)
    )
    assert coarse[0, 0] < fine[0, 0] < above[0, 0]
    assert relative(above, fine) < 0.01


def test_voids_may_be_meshed():
    """The FFT solver's control of hourglass modes beside voids is a part of full integration."""
    phase = cube(5, 3)
    fft = homogenization.effective_stiffness(VoxelRVE(phase), VOID, tolerance=1e-12)
    one_point = effective_stiffness(hexahedra(phase), VOID, **ONE_POINT)
    full = effective_stiffness(hexahedra(phase), VOID, degree=1)
    assert torch.linalg.eigvalsh(one_point)[0] > 0
    for softer, stiffer in ((one_point, fft), (fft, full)):
        assert torch.linalg.eigvalsh(stiffer - softer)[0] > 0
    assert relative(fft, one_point) < 0.02


@pytest.mark.parametrize("n", [3, 4])  # with 4 there are hourglass modes
def test_equal_phases_give_their_stiffness(n):
    rve = hexahedra(random_phase(n, n, n), distortion=0.2)
    equal = torch.stack([PAIR[0], PAIR[0]])
    assert relative(effective_stiffness(rve, equal), PAIR[0]) < 1e-12
    grid = hexahedra(random_phase(n, n, n))
    assert relative(effective_stiffness(grid, equal, **ONE_POINT), PAIR[0]) < 1e-12


def moved(rve, node, shift):
    points = rve.points.copy()
    points[node] += shift
    return replace(rve, points=points)


def test_a_mesh_must_be_periodic():
    rve = hexahedra(random_phase(3, 3, 3))
    at = int(np.flatnonzero(np.isclose(rve.points, [1, 1 / 3, 1 / 3]).all(1))[0])
    with pytest.raises(InputError) as error:
        effective_stiffness(moved(rve, at, [0, 0.05, 0]), PAIR)
    assert "1 of 16 nodes on the face x1 = 0 and 1 of 16 on the face x1 = 1" in str(error.value)
    assert "setPeriodic" in str(error.value)
    # Deviations as in a file with seven digits are no fault.
    effective_stiffness(moved(rve, at, [0, 3e-7, 0]), PAIR)


def test_opposite_faces_must_have_the_same_edges():
    rve = tetrahedra(hexahedra(random_phase(2, 2, 2)))
    # The cut of the voxels at x1 > 1/2 turned over, so that the diagonals of the faces differ.
    mirror = rve.points * [1, -1, 1] + [0, 1, 0]
    image = np.array([np.flatnonzero(np.isclose(rve.points, p).all(1))[0] for p in mirror])
    right = rve.points[rve.cells].mean(1)[:, 0] > 0.5
    cells = np.where(right[:, None], image[rve.cells], rve.cells)
    with pytest.raises(InputError, match="edges on the face x1 = 0 and"):
        effective_stiffness(replace(rve, cells=cells), PAIR)


def test_cells_must_fill_a_box():
    grid = hexahedra(random_phase(3, 3, 3))
    inner = np.abs(grid.points[grid.cells].mean(1) - 0.5).max(1) < 0.1
    hole = replace(grid, cells=grid.cells[~inner], phase=grid.phase[~inner])
    with pytest.raises(InputError, match=r"fill 0\.96\d* of the box"):
        effective_stiffness(hole, PAIR)
    flat = replace(grid, points=grid.points * [1, 1, 1e-5])
    with pytest.raises(InputError, match="not flat"):
        effective_stiffness(flat, PAIR)


def test_cells_must_not_be_turned_inside_out():
    grid = hexahedra(random_phase(3, 3, 3))
    inner = int(np.flatnonzero(np.isclose(grid.points, 1 / 3).all(1))[0])
    with pytest.raises(InputError, match=r"cell \d+ of the mesh is turned inside out"):
        effective_stiffness(moved(grid, inner, [0.5, 0.5, 0.5]), PAIR)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"stiffness": PAIR[:1]}, "one 6×6 matrix for each of the phases"),
        ({"stiffness": torch.stack([PAIR[0], -PAIR[1]])}, "'inclusion' is not positive definite"),
        ({"rve": VoxelRVE(random_phase(2, 2, 2))}, "finite elements need a MeshRVE"),
        ({"degree": 3}, "take 1 or 2"),
        ({"rve": CELLS["tetra"](random_phase(2, 2, 2)), "quadrature_degree": 3}, "negative weight"),
    ],
)
def test_bad_input(arguments, sentence):
    given = {"rve": hexahedra(random_phase(2, 2, 2)), "stiffness": PAIR} | arguments
    with pytest.raises(InputError, match=sentence):
        effective_stiffness(**given)


def test_says_how_to_install_dolfinx_mpc(monkeypatch):
    real = importlib.import_module

    def without(name, *arguments):
        if name == "dolfinx_mpc":
            raise ImportError(name)
        return real(name, *arguments)

    monkeypatch.setattr(importlib, "import_module", without)
    with pytest.raises(InputError, match="apt install python3-dolfinx-mpc"):
        effective_stiffness(hexahedra(random_phase(2, 2, 2)), PAIR)
