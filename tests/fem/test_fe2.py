"""Full FE²: an RVE at every quadrature point."""

# isort: off
from dmn_fe.fem import (  # before torch
    BalancedLaw,
    MeshRVEProblem,
    Support,
    make_problem,
    memory_per_point,
)

# isort: on
import numpy as np
import pytest
from helpers.blocks import STEEL, VOCE, clamped_block
from helpers.laws import random_strain
from helpers.networks import layers
from helpers.parts import rectangle
from mpi4py import MPI

from dmn_fe import InputError, laws
from dmn_fe.evaluate import NetworkLaw, phase_averages
from dmn_fe.fem.balanced_law import balancing_moves
from dmn_fe.homogenization import RVELaw, VoxelProblem
from dmn_fe.microstructure import VoxelRVE, laminate, voxels_to_mesh

SCRIPT = "mpi_fe2.py"
STIFF = laws.Elastic.isotropic(600e3, 0.2)
PHASES = {"matrix": STEEL, "inclusion": STIFF}


def checkerboard() -> VoxelRVE:
    phase = np.zeros((3, 3, 1), dtype=int)
    phase[1, 1] = phase[0, 2] = 1
    return VoxelRVE(phase)


def reactions(law, steps: int = 2, **options) -> np.ndarray:
    """Reactions ``[steps, 2]`` of a strip that is bent into plasticity."""
    part = rectangle(2.0, 1.0, (2, 1), "triangle")
    supports = [Support("left", [0.0, 0.0]), Support("right", [0.01, -0.03])]
    problem = make_problem(part, {"part": law}, supports, **options)
    found = []
    for step in range(steps):
        assert problem.step((step + 1) / steps).converged
        found.append(problem.reaction(part.facets("right")))
    return np.array(found)


def assert_same(found, expected, tolerance):
    assert np.abs(found - expected).max() < tolerance * np.abs(expected).max()


@pytest.mark.parametrize("kind", ["plane strain", "plane stress"])
def test_equal_phases_are_the_plain_law(kind):
    rve = VoxelProblem(checkerboard(), {"matrix": VOCE, "inclusion": VOCE}, tolerance=1e-9)
    options = {"kind": kind, "petsc_options": {"snes_rtol": 1e-10}}
    assert_same(reactions(RVELaw(rve), **options), reactions(VOCE, **options), 1e-8)


def test_layers_are_the_laminate_in_closed_form():
    network = NetworkLaw(layers(0.25, 0), PHASES, tolerance=1e-10)
    rve = RVELaw(VoxelProblem(laminate(4, 0.25), PHASES, tolerance=1e-10))
    expected = reactions(network)
    assert_same(reactions(rve), expected, 1e-7)
    assert np.abs(reactions(STEEL) - expected).max() > 0.05 * np.abs(expected).max()


def test_finite_elements_and_fft_are_one():
    """One-point elements on the voxels are the rotated scheme of the FFT solver."""
    mesh = voxels_to_mesh(checkerboard(), plane=True)
    elements = MeshRVEProblem(mesh, PHASES, degree=1, quadrature_degree=1)
    voxels = VoxelProblem(checkerboard(), PHASES, tolerance=1e-7)
    assert_same(reactions(RVELaw(elements), 1), reactions(RVELaw(voxels), 1), 1e-6)


def test_phases_of_finite_elements_are_those_of_voxels():
    mesh = voxels_to_mesh(checkerboard(), plane=True)
    elements = MeshRVEProblem(mesh, PHASES, degree=1, quadrature_degree=1)
    found = []
    for problem in (elements, VoxelProblem(checkerboard(), PHASES, tolerance=1e-9)):
        law = RVELaw(problem)
        state = law.integrate(random_strain(1, 0.01, seed=0), law.initial_state(1)).state
        found.append(phase_averages(law, state))
    for name in PHASES:
        for own, other in zip(found[0][name].vectors, found[1][name].vectors, strict=True):
            assert (own - other).abs().max() < 1e-6 * other.abs().max() + 1e-12
        largest = [one[name].largest_von_mises for one in found]
        assert float(largest[0]) == pytest.approx(float(largest[1]), rel=1e-6)


@pytest.mark.parametrize("solver", ["voxels", "mesh"])
def test_newton_converges_quadratically(solver):
    if solver == "voxels":
        rve = VoxelProblem(checkerboard(), PHASES, tolerance=1e-10)
    else:
        mesh = voxels_to_mesh(checkerboard(), plane=True)
        rve = MeshRVEProblem(mesh, PHASES, degree=1, quadrature_degree=1, tolerance=1e-12)
    part = rectangle(2.0, 1.0, (2, 1), "triangle")
    supports = [Support("left", [0.0, 0.0]), Support("right", [0.004, -0.008])]
    options = {"snes_rtol": 1e-9, "snes_linesearch_type": "basic"}
    problem = make_problem(part, {"part": RVELaw(rve)}, supports, petsc_options=options)
    report = problem.step(1.0)
    assert report.converged
    residuals = np.array(report.residuals)
    falling = np.diff(np.log(residuals[residuals > 1e-11 * residuals[0]]))
    orders = falling[1:] / falling[:-1]
    assert orders[-1] > 1.8


def test_balance_is_asked_for_as_far_as_the_rve_gives_it():
    loose = RVELaw(VoxelProblem(checkerboard(), PHASES, tolerance=1e-5))
    for law, expected in ((loose, 1e-5), (BalancedLaw(loose, MPI.COMM_SELF), 1e-5), (STEEL, 1e-8)):
        problem = clamped_block(law, n=1).problem
        assert problem.snes.getTolerances()[0] == pytest.approx(expected)


@pytest.mark.parametrize("ranks", [2, 3])
def test_ranks_share_points_and_find_the_same(on_ranks, ranks):
    one, results = on_ranks(1, "strip", SCRIPT)[0], on_ranks(ranks, "strip", SCRIPT)
    for kind in ("plane strain", "plane stress"):
        for result in results:
            assert_same(np.array(result[kind]["reaction"]), np.array(one[kind]["reaction"]), 1e-10)
            assert result[kind]["iterations"] == one[kind]["iterations"]
    assert sum(result["evaluated"] for result in results) == one["evaluated"]


@pytest.mark.parametrize("ranks", [2, 3])
def test_ranks_without_points_work_for_the_others(on_ranks, ranks):
    """Costs are equal at first, so that what moves in the first step is known."""
    one, results = on_ranks(1, "uneven", SCRIPT)[0], on_ranks(ranks, "uneven", SCRIPT)
    assert one["evaluated"] == 12
    assert sum(result["evaluated"] for result in results) == 12
    assert all(result["evaluated"] >= 6 // ranks for result in results)
    for name in ("stress", "tangent"):
        assert_same(np.array(results[0][name]), np.array(one[name]), 1e-12)
    assert all(not np.size(result["tangent"]) for result in results[1:])


@pytest.mark.parametrize("ranks", [1, 2])
def test_failures_are_told_on_all_ranks(on_ranks, ranks):
    results = on_ranks(ranks, "failures", SCRIPT)
    assert all(result == results[0] for result in results)
    failed, converged, lost, converged_too, raised = results[0]
    assert "the local iteration did not converge" in failed
    assert "the tangent is not a finite number" in lost
    assert converged == converged_too == "False"
    assert "a strain is beyond the limit" in raised


def test_points_move_from_ranks_with_much_work_to_those_with_little():
    costly, cheap, none = np.array([4.0, 1.0, 3.0, 4.0]), np.ones(2), np.zeros(0)
    moves = balancing_moves([costly, cheap, none])
    load = [own.sum() for own in (costly, cheap, none)]
    for move in moves:
        cost = (costly, cheap, none)[move.owner][move.point]
        load[move.owner] -= cost
        load[move.helper] += cost
    assert sorted(load) == [4.0, 5.0, 5.0]
    assert len({(move.owner, move.point) for move in moves}) == len(moves)
    assert balancing_moves([np.ones(3), np.ones(3)]) == []
    assert balancing_moves([np.ones(0), np.ones(0)]) == []
    many = balancing_moves([np.ones(101), np.ones(1)])
    assert len(many) == 50


def test_material_axes_in_plane_stress_are_refused():
    law = BalancedLaw(RVELaw(VoxelProblem(checkerboard(), PHASES)), MPI.COMM_SELF)
    part = rectangle(1.0, 1.0, (1, 1))
    supports = [Support("left", [0.0, 0.0]), Support("right", [0.01, 0.0])]
    axes = {"part": np.eye(3)}
    with pytest.raises(InputError, match="no material axes in plane stress"):
        make_problem(part, {"part": law}, supports, kind="plane stress", axes=axes)


def test_a_shared_rve_is_refused():
    mesh = voxels_to_mesh(checkerboard(), plane=True)
    problem = MeshRVEProblem(mesh, PHASES, degree=1, quadrature_degree=1)

    class TwoRanks:
        size = 2

    class Shared:
        comm = TwoRanks()

    assert RVELaw(problem).state_size > 0
    with pytest.raises(InputError, match="2 ranks share this RVE"):
        RVELaw(Shared())


def test_memory_of_a_point_counts_its_fields():
    rve = VoxelProblem(checkerboard(), PHASES)
    law, states = RVELaw(rve), RVELaw(rve).state_size
    problem = clamped_block(law, n=1).problem
    # Two states, that of the update, and its local strains and stresses at nine voxels.
    expected = 8 * (3 * states + 18 * 9)
    assert expected < memory_per_point(problem) < expected + 2000
