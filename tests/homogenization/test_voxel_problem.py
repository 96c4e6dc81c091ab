"""Nonlinear response of voxel RVEs: work, tangent, mixed loading, exact cases, wrong input."""

import numpy as np
import pytest
import torch

from dmn_fe import laws
from dmn_fe.errors import InputError
from dmn_fe.homogenization import MacroLoad, VoxelProblem, effective_stiffness
from dmn_fe.mandel import rotation_matrix
from dmn_fe.microstructure import VoxelRVE, laminate, random_spheres

MATRIX = laws.J2(3000.0, 0.37, laws.VoceHardening(35.0, 20.0, 50.0, 60.0))
INCLUSION = laws.Elastic.isotropic(72000.0, 0.22)
LAWS = {"matrix": MATRIX, "inclusion": INCLUSION}
UNIAXIAL = torch.tensor([False, True, True, True, True, True])
DIRECTION = torch.tensor([1.0, -0.3, 0.1, 0.4, -0.5, 0.6], dtype=torch.float64)


@pytest.fixture(scope="module")
def rve():
    return random_spheres(12, 0.25, 2, gap=1.0, seed=3)


def uniaxial(strain):
    target = torch.zeros(6, dtype=torch.float64)
    target[0] = strain
    return MacroLoad(target, torch.zeros(6, dtype=torch.float64), UNIAXIAL)


@pytest.fixture(scope="module")
def plastic(rve):
    """A committed plastic state after two steps, and the problem, solved tightly."""
    problem = VoxelProblem(rve, LAWS, tolerance=1e-11)
    state = problem.initial_state()
    for size in (0.006, 0.012):
        update = problem.solve(MacroLoad.of_strain(size * DIRECTION), state)
        assert update.converged
        state = update.state
    return problem, state


def test_work_of_the_fields_is_that_of_the_averages(plastic):
    problem, state = plastic
    update = problem.solve(MacroLoad.of_strain(0.015 * DIRECTION), state)
    work = (update.strain_field * update.stress_field).sum(0).mean()
    assert work.item() == pytest.approx((update.strain @ update.stress).item(), rel=1e-8)
    assert update.strain_field.mean((1, 2, 3)).numpy() == pytest.approx(
        0.015 * DIRECTION.numpy(), abs=1e-14
    )
    fractions = torch.tensor(problem.volume_fractions, dtype=torch.float64)
    torch.testing.assert_close(fractions @ update.phase_stress, update.stress)
    torch.testing.assert_close(fractions @ update.phase_strain, update.strain)
    matrix = update.phase_strain[0]
    assert matrix.norm() > update.strain.norm()  # the stiff phase strains less


def test_tangent_against_central_differences(plastic):
    problem, state = plastic
    strain = 0.0135 * DIRECTION
    tangent = problem.solve(MacroLoad.of_strain(strain), state).tangent
    assert (tangent - tangent.mT).abs().max() <= 1e-12 * tangent.abs().max()
    step = 1e-7
    for column, unit in enumerate(torch.eye(6, dtype=torch.float64)):
        ends = [
            problem.solve(MacroLoad.of_strain(strain + sign * step * unit), state).stress
            for sign in (1.0, -1.0)
        ]
        difference = (ends[0] - ends[1]) / (2.0 * step)
        assert (difference - tangent[:, column]).abs().max() <= 1e-5 * tangent.abs().max()


def test_solve_changes_nothing_it_was_given(plastic):
    problem, state = plastic
    before = {name: value.clone() for name, value in state.items()}
    first = problem.solve(uniaxial(0.02), state)
    second = problem.solve(uniaxial(0.02), state)
    assert all(torch.equal(value, before[name]) for name, value in state.items())
    assert torch.equal(first.stress, second.stress)


def test_prescribed_stress_is_reached_and_agrees_with_its_strain(plastic):
    problem, state = plastic
    update = problem.solve(uniaxial(0.02), state)
    assert update.stress[1:].abs().max() <= 1e-7 * update.stress[0]
    assert update.strain[0].item() == 0.02
    by_strain = problem.solve(MacroLoad.of_strain(update.strain), state)
    torch.testing.assert_close(by_strain.stress, update.stress, rtol=1e-8, atol=1e-7)


def test_elastic_phases_give_the_effective_stiffness(rve):
    elastic = {"matrix": laws.Elastic.isotropic(3000.0, 0.37), "inclusion": INCLUSION}
    stiffness = torch.stack([elastic[name].stiffness for name in rve.names])
    problem = VoxelProblem(rve, elastic, tolerance=1e-10)
    update = problem.solve(MacroLoad.of_strain(DIRECTION), problem.initial_state())
    expected = effective_stiffness(rve, stiffness, 1e-13)
    torch.testing.assert_close(update.stress, expected @ DIRECTION, rtol=1e-8, atol=1e-6)
    torch.testing.assert_close(update.tangent, expected, rtol=1e-8, atol=1e-5)
    uniaxial_update = problem.solve(uniaxial(1.0), problem.initial_state())
    young = 1.0 / torch.linalg.inv(expected)[0, 0]
    assert uniaxial_update.stress[0].item() == pytest.approx(young.item(), rel=1e-8)


def test_one_material_everywhere_is_the_material(rve):
    problem = VoxelProblem(rve, {"matrix": MATRIX, "inclusion": MATRIX}, tolerance=1e-10)
    update = problem.solve(MacroLoad.of_strain(0.02 * DIRECTION), problem.initial_state())
    expected = MATRIX.integrate(0.02 * DIRECTION[None], MATRIX.initial_state(1))
    torch.testing.assert_close(update.stress, expected.stress[0])
    torch.testing.assert_close(update.tangent, expected.tangent[0])


def test_laminate_of_plastic_layers_under_shear_along_them():
    """Layers in parallel: each has the macroscopic shear, stresses are averaged."""
    phase = np.zeros((1, 1, 4), dtype=int)
    phase[..., 3] = 1
    rve = VoxelRVE(phase)
    hard = laws.J2(9000.0, 0.3, laws.LinearHardening(60.0, 500.0))
    problem = VoxelProblem(rve, {"matrix": MATRIX, "inclusion": hard}, tolerance=1e-10)
    shear = torch.zeros(6, dtype=torch.float64)
    shear[5] = 0.05
    update = problem.solve(MacroLoad.of_strain(shear), problem.initial_state())
    expected = sum(
        share * law.integrate(shear[None], law.initial_state(1)).stress[0]
        for share, law in ((0.75, MATRIX), (0.25, hard))
    )
    torch.testing.assert_close(update.stress, expected)


@pytest.mark.parametrize("voxels", [2, 8])
def test_tangent_of_a_laminate(voxels):
    """A few iterations give its exact solution. Across the layers tractions are equal."""
    rve = laminate(voxels, 0.5)
    problem = VoxelProblem(rve, dict(zip(rve.names, (MATRIX, INCLUSION), strict=True)), 1e-12)
    update = problem.solve(MacroLoad.of_strain(0.01 * DIRECTION), problem.initial_state())
    layers = [update.strain_field[:, torch.from_numpy(rve.phase == i)][:, 0] for i in (0, 1)]
    tangents = [
        law.integrate(strain[None], law.initial_state(1)).tangent[0]
        for law, strain in zip((MATRIX, INCLUSION), layers, strict=True)
    ]
    across = torch.tensor([0, 4, 5])
    inverses = [torch.linalg.inv(tangent[across[:, None], across]) for tangent in tangents]
    expected = torch.linalg.inv((inverses[0] + inverses[1]) / 2.0)
    found = update.tangent[across[:, None], across]
    torch.testing.assert_close(found, expected, rtol=1e-8, atol=1e-5)


def test_unloading_to_nothing_stops_at_round_off(rve):
    problem = VoxelProblem(
        rve, {"matrix": laws.Elastic.isotropic(3e3, 0.37), "inclusion": INCLUSION}
    )
    loaded = problem.solve(MacroLoad.of_strain(0.01 * DIRECTION), problem.initial_state())
    unloaded = problem.solve(MacroLoad.of_strain(0.0 * DIRECTION), loaded.state)
    assert unloaded.converged
    assert unloaded.iterations <= 6
    assert unloaded.stress.norm() <= 1e-6 * loaded.stress.norm()


class Unsymmetric(laws.Elastic):
    """An elastic law whose tangent says something else."""

    def integrate(self, strain, state, dt=0.0):
        update = super().integrate(strain, state, dt)
        tangent = update.tangent.clone()
        tangent[:, 0, 1] += 100.0
        return laws.Update(update.stress, state, lambda: tangent)


def test_laws_without_symmetric_tangent_are_refused(rve):
    problem = VoxelProblem(rve, {"matrix": Unsymmetric(1e3 * torch.eye(6)), "inclusion": INCLUSION})
    with pytest.raises(InputError, match="phase 'matrix' has no symmetric tangent"):
        problem.solve(MacroLoad.of_strain(0.01 * DIRECTION), problem.initial_state())


def test_orientations_turn_the_response():
    """One oriented phase under a turned strain gives the turned stress, plastic layers included."""
    angle = 0.6
    turn = torch.tensor(
        [[np.cos(angle), -np.sin(angle), 0.0], [np.sin(angle), np.cos(angle), 0.0], [0, 0, 1.0]]
    )
    stiff = torch.diag(torch.tensor([9.0, 2, 2, 1, 1, 1], dtype=torch.float64))
    rve = VoxelRVE(
        np.zeros((3, 3, 3), dtype=int),
        orientations=turn.numpy()[None],
        orientation_index=np.zeros((3, 3, 3), dtype=int),
    )
    problem = VoxelProblem(rve, {"matrix": laws.Elastic(stiff)}, tolerance=1e-12)
    q = rotation_matrix(turn)
    update = problem.solve(MacroLoad.of_strain(DIRECTION), problem.initial_state())
    torch.testing.assert_close(update.stress, q @ stiff @ q.mT @ DIRECTION)
    torch.testing.assert_close(update.tangent, q @ stiff @ q.mT)


def test_a_step_without_load_does_nothing(rve):
    problem = VoxelProblem(rve, LAWS)
    update = problem.solve(uniaxial(0.0), problem.initial_state())
    assert update.converged
    assert update.linear_iterations == 0
    assert not update.stress.any()


def test_failures_are_reported_and_not_raised(rve):
    few = VoxelProblem(rve, LAWS, max_linear_iterations=2)
    update = few.solve(uniaxial(0.01), few.initial_state())
    assert not update.converged
    assert "conjugate gradients did not converge in 2" in update.message
    once = VoxelProblem(rve, LAWS, max_iterations=1)
    update = once.solve(uniaxial(0.02), once.initial_state())
    assert not update.converged
    assert "did not converge in 1 iterations: the residual is" in update.message
    nan = VoxelProblem(rve, LAWS)
    update = nan.solve(uniaxial(float("nan")), nan.initial_state())
    assert not update.converged


def test_bad_input(rve):
    for wrong, sentence in (
        ({"matrix": MATRIX}, "phase 'inclusion' has no law"),
        ({**LAWS, "fibre": MATRIX}, "a law for 'fibre', but the phases are"),
        ({**LAWS, "inclusion": 3.0}, "3.0 is no material law"),
    ):
        with pytest.raises(InputError, match=sentence):
            VoxelProblem(rve, wrong)
    with pytest.raises(InputError, match="tolerance = 0"):
        VoxelProblem(rve, LAWS, tolerance=0.0)
    with pytest.raises(InputError, match="the RVE is a str; this needs a VoxelRVE: read a file"):
        VoxelProblem("rve.vti", LAWS)
