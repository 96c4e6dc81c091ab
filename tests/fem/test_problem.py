"""Equilibrium on one rank: closed forms, the tangent, convergence, what a failed step leaves."""

# isort: off
from dmn_fe.fem import Problem, QuadratureMap, mandel_strain  # before torch

# isort: on
import numpy as np
import pytest
import torch
import ufl
from dolfinx import fem, mesh
from helpers.blocks import STEEL, VOCE, Counting, Fragile, clamped_block, face, uniaxial_block
from mpi4py import MPI

from dmn_fe import InputError, laws, mandel
from dmn_fe.fem.output.cell_values import CellValues


@pytest.mark.parametrize("dimension", [2, 3])
def test_elastic_patch_is_exact(dimension):
    if dimension == 2:
        domain = mesh.create_unit_square(MPI.COMM_WORLD, 3, 3)
    else:
        domain = mesh.create_unit_cube(MPI.COMM_WORLD, 3, 3, 3)
    x = domain.geometry.x
    inside = np.all((x[:, :dimension] > 1e-6) & (x[:, :dimension] < 1 - 1e-6), axis=1)
    generator = np.random.default_rng(1)
    x[inside, :dimension] += 0.08 * generator.uniform(-1, 1, (inside.sum(), dimension))
    gradient = 1e-3 * generator.uniform(-1, 1, (dimension, dimension))
    space = fem.functionspace(domain, ("Lagrange", 2, (dimension,)))
    u, prescribed = fem.Function(space), fem.Function(space)
    domain.topology.create_connectivity(dimension - 1, dimension)
    boundary = mesh.exterior_facet_indices(domain.topology)
    dofs = fem.locate_dofs_topological(space, dimension - 1, boundary)
    law = laws.Elastic.isotropic(1000.0, 0.3)
    qmap = QuadratureMap(u, law)
    loads = {prescribed: lambda t: lambda x: t * gradient @ x[:dimension]}
    report = Problem(u, qmap, [fem.dirichletbc(prescribed, dofs)], loads).step(1.0)
    assert report.converged
    assert report.iterations == 1
    strain = np.zeros((3, 3))
    strain[:dimension, :dimension] = 0.5 * (gradient + gradient.T)
    stress = law.stiffness @ mandel.from_tensor(torch.from_numpy(strain))
    found = qmap.stress.x.array.reshape(-1, 6)
    np.testing.assert_allclose(found, np.tile(stress, (len(found), 1)), atol=1e-11)
    # The load holds the exact displacement everywhere; the problem used its boundary values only.
    np.testing.assert_allclose(u.x.array, prescribed.x.array, atol=1e-14)


def test_uniaxial_plasticity_equals_the_closed_form():
    block = uniaxial_block(STEEL, snes_rtol=1e-12)
    young, yield_stress, slope = 200e3, 250.0, 2000.0
    for t in (0.001, 0.003, 0.01):
        assert block.problem.step(t).converged
        # p = ε − σ/E, and σ = σ_y + H p beyond yield.
        plastic = (yield_stress + slope * t) / (1.0 + slope / young)
        force = block.problem.reaction(block.moved)
        np.testing.assert_allclose(force, [min(young * t, plastic), 0.0, 0.0], atol=1e-7)
    state = block.qmap.state_of()
    np.testing.assert_allclose(state[:, 6], 0.01 - plastic / young, rtol=1e-9)


def test_traction_is_balanced_by_the_support():
    block = clamped_block(laws.Elastic.isotropic(1000.0, 0.3))
    space = block.u.function_space
    v, domain = ufl.TestFunction(space), space.mesh
    facets = np.sort(block.moved)
    tags = mesh.meshtags(domain, 2, facets, np.ones(len(facets), dtype=np.int32))
    traction = fem.Constant(domain, np.zeros(3))
    work = ufl.inner(traction, v) * ufl.ds(domain=domain, subdomain_data=tags, subdomain_id=1)
    bcs = [block.problem.bcs[0]]
    problem = Problem(block.u, block.qmap, bcs, {traction: lambda t: t * np.arange(3.0)}, work)
    assert problem.step(2.0).converged
    np.testing.assert_allclose(problem.reaction(block.fixed), [0.0, -2.0, -4.0], atol=1e-9)


def test_assembled_tangent_equals_differences_of_the_residual():
    block = clamped_block(STEEL)
    problem, snes = block.problem, block.problem.snes
    assert problem.step(0.004).converged
    assert (block.qmap.state_of()[:, 6] > 0).any()
    problem._dt = 0.001
    x, b = block.u.x.petsc_vec.copy(), block.u.x.petsc_vec.duplicate()
    free = np.ones(len(x.array), dtype=bool)
    for bc in problem.bcs:
        free[bc.dof_indices()[0]] = False
    generator = np.random.default_rng(0)
    x.array += free * generator.uniform(-1e-3, 1e-3, len(free))
    direction = x.duplicate()
    direction.array = free * generator.uniform(-1.0, 1.0, len(free))
    matrix = snes.getJacobian()[0]
    snes.computeJacobian(x, matrix)
    exact = matrix.createVecLeft()
    matrix.mult(direction, exact)

    def residual(step: float) -> np.ndarray:
        y = x.copy()
        y.axpy(step, direction)
        snes.computeFunction(y, b)
        return b.array.copy()

    step = 1e-8
    difference = (residual(step) - residual(-step)) / (2 * step)
    error = np.linalg.norm((difference - exact.array)[free])
    assert error <= 1e-6 * np.linalg.norm(exact.array[free])


def test_newton_converges_quadratically():
    block = clamped_block(VOCE, n=3, snes_rtol=1e-13)
    assert block.problem.step(0.01).converged
    report = block.problem.step(0.02)
    assert report.converged
    residuals = np.array(report.residuals)
    # Above round-off, each residual is the square of the last one on some fixed scale.
    falling = residuals[residuals > 1e-11 * residuals[0]]
    orders = np.diff(np.log(falling[1:]))
    orders = orders[1:] / orders[:-1]
    assert orders[-1] > 1.8


def test_a_first_step_may_load_nothing():
    block = clamped_block(STEEL)
    block.problem.loads._loads[0] = (block.pull, lambda t: [0.01 * max(0.0, t - 1.0), 0.0, 0.0])
    hold = block.problem.step(1.0)
    assert hold.converged
    assert hold.residuals == [0.0]
    assert block.problem.step(2.0).converged
    assert block.problem.reaction(block.moved)[0] > 100.0


def test_laws_are_chosen_by_tag():
    domain = mesh.create_unit_cube(MPI.COMM_WORLD, 2, 1, 1)
    space = fem.functionspace(domain, ("Lagrange", 1, (3,)))
    u = fem.Function(space)
    u.interpolate(lambda x: [1e-3 * x[0], 0 * x[0], 0 * x[0]])
    n = domain.topology.index_map(3).size_local
    middle = mesh.compute_midpoints(domain, 3, np.arange(n, dtype=np.int32))[:, 0]
    values = np.where(middle < 0.5, 1, 2).astype(np.int32)
    tags = mesh.meshtags(domain, 3, np.arange(n, dtype=np.int32), values)
    elastic = {1: laws.Elastic.isotropic(1.0, 0.0), 2: laws.Elastic.isotropic(7.0, 0.0)}
    qmap = QuadratureMap(u, elastic, cell_tags=tags)
    qmap.update()
    qmap.commit()
    stress = CellValues(qmap).average(qmap.committed_stress)
    expected = 1e-3 * np.where(values == 1, 1.0, 7.0)
    np.testing.assert_allclose(stress[:, 0], expected)
    assert qmap.state_of(1).shape == (int((values == 1).sum()) * qmap.points_per_cell, 0)


def test_work_is_done_only_when_needed():
    law = Counting(STEEL)
    block = clamped_block(law)
    report = block.problem.step(0.004)
    # One stress at the start and one per full Newton step. A tangent for the lifting and the first
    # iteration, then one per further iteration; none for the accepted displacement.
    assert law.stresses == report.iterations + 1
    assert law.tangents == report.iterations


def test_a_failed_step_changes_nothing():
    block = clamped_block(STEEL, snes_max_it=1)
    block.problem.snes.setTolerances(max_it=25)
    assert block.problem.step(0.004).converged
    held = [
        block.u.x.array, block.qmap.state_of().numpy(), block.qmap.stress.x.array, block.pull.value
    ]  # fmt: skip
    before = [a.copy() for a in held]
    block.problem.snes.setTolerances(max_it=1)
    report = block.problem.step(0.02)
    assert not report.converged
    assert report.reason == "DIVERGED_MAX_IT"
    after = [
        block.u.x.array, block.qmap.state_of().numpy(), block.qmap.stress.x.array, block.pull.value
    ]  # fmt: skip
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))
    assert block.problem.time == 0.004
    block.problem.snes.setTolerances(max_it=25)
    assert block.problem.step(0.008).converged
    fresh = clamped_block(STEEL)
    assert fresh.problem.step(0.004).converged
    assert fresh.problem.step(0.008).converged
    assert np.array_equal(fresh.u.x.array, block.u.x.array)


def test_the_report_of_a_failed_point_says_where_and_why():
    block = clamped_block(Fragile(STEEL, limit=1e-4))
    report = block.problem.step(0.01)
    assert not report.converged
    assert "cell" in report.reason
    assert "the local iteration did not converge" in report.reason
    with pytest.raises(RuntimeError, match="no converged trial state"):
        block.qmap.commit()


def test_rule_with_negative_weight_is_refused():
    with pytest.raises(InputError, match=r"degree 3 .* negative weight.*\[1, 2, 4, 5, 6\]"):
        clamped_block(STEEL, degree=3)


def test_strain_is_a_mandel_vector():
    domain = mesh.create_unit_cube(MPI.COMM_WORLD, 1, 1, 1)
    x = ufl.SpatialCoordinate(domain)
    gradient = np.arange(9.0).reshape(3, 3)
    strain = mandel_strain(ufl.as_matrix(gradient.tolist()) * x)
    found = [fem.assemble_scalar(fem.form(strain[i] * ufl.dx(domain))) for i in range(6)]
    s = np.sqrt(0.5)
    np.testing.assert_allclose(found, [0.0, 4.0, 8.0, s * 12.0, s * 8.0, s * 4.0])
    assert face(domain, 0, 0.0).size == 2
