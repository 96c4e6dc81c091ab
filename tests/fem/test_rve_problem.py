"""Nonlinear mesh RVEs: exact cases, tangent, energy, mixed loads, locking, failures."""

from dataclasses import replace

import numpy as np
import pytest

# isort: off
from dmn_fe.fem import MeshRVEProblem, effective_stiffness  # before torch

# isort: on
import torch
from helpers.blocks import VOCE, Fragile, OnlyShortSteps
from helpers.meshes import hexahedra, quads, tetrahedra, triangles

from dmn_fe import InputError, laws
from dmn_fe.homogenization import MacroLoad, VoxelProblem
from dmn_fe.mandel import rotation_matrix
from dmn_fe.microstructure import VoxelRVE

ONE_POINT = {"degree": 1, "quadrature_degree": 1}
UNIAXIAL = torch.tensor([False, True, True, True, True, True])


def vector(*values):
    return torch.tensor(values, dtype=torch.float64)


def uniaxial(strain):
    return MacroLoad(vector(strain, 0, 0, 0, 0, 0), torch.zeros(6, dtype=torch.float64), UNIAXIAL)


def follow(problem, loads, dt=0.0):
    """The update of each load in turn."""
    state, updates = problem.initial_state(), []
    for load in loads:
        updates.append(problem.solve(load, state, dt))
        assert updates[-1].converged, updates[-1].message
        state = updates[-1].state
    return updates


@pytest.fixture(params=["tetra", "one-point hexahedra", "triangle"])
def problem(request, phase_laws):
    """A stiff elastic inclusion in a plastic matrix."""
    phase = np.zeros((3, 3, 3), dtype=int)
    phase[1, 1, 1] = phase[0, 2, 1] = 1
    if request.param == "tetra":
        return MeshRVEProblem(tetrahedra(hexahedra(phase[:2, 1:])), phase_laws)
    if request.param == "triangle":
        return MeshRVEProblem(triangles(quads(phase[:, :, 1])), phase_laws)
    return MeshRVEProblem(hexahedra(phase), phase_laws, **ONE_POINT)


# Plastic, not proportional.
PATH = [
    MacroLoad.of_strain(vector(0.006, -0.002, 0, 0.001, 0, 0.002)),
    MacroLoad.of_strain(vector(0.012, -0.005, -0.002, 0.001, 0.004, 0.002)),
]


def test_a_uniform_rve_is_its_law():
    phase = np.random.default_rng(0).integers(0, 2, (2, 2, 2))
    rve = hexahedra(phase, distortion=0.0)
    problem = MeshRVEProblem(tetrahedra(rve), {"matrix": VOCE, "inclusion": VOCE})
    state = VOCE.initial_state(1)
    for load, update in zip(PATH, follow(problem, PATH), strict=True):
        point = VOCE.integrate(load.strain[None], state)
        state = point.state
        assert (update.stress - point.stress[0]).abs().max() < 1e-9 * point.stress.abs().max()
        difference = (update.tangent - point.tangent[0]).abs().max()
        assert difference < 1e-9 * point.tangent.abs().max()


@pytest.mark.parametrize("cells", ["hexahedron", "quad"])
def test_uniform_uniaxial_stress_is_the_law_under_it(cells):
    phase = np.zeros((2, 2, 2), dtype=int)
    rve = hexahedra(phase) if cells == "hexahedron" else quads(phase[:, :, 0])
    update = follow(MeshRVEProblem(rve, {"matrix": VOCE}), [uniaxial(0.02)])[0]
    plastic = update.state["phase matrix"][:, 6]
    yield_stress = VOCE.hardening(plastic[:1])[0]
    assert plastic.min() > 0.01
    assert abs(update.stress[0] - yield_stress) < 1e-7 * yield_stress
    assert update.stress[1:].abs().max() < 1e-7 * yield_stress


def test_elastic_laws_give_the_effective_stiffness(problem):
    rve = tetrahedra(hexahedra(np.random.default_rng(1).integers(0, 2, (2, 3, 2))))
    pair = {
        "matrix": laws.Elastic.isotropic(1.0, 0.3),
        "inclusion": laws.Elastic.isotropic(20.0, 0.2),
    }
    stiffness = effective_stiffness(rve, torch.stack([law.stiffness for law in pair.values()]))
    update = follow(MeshRVEProblem(rve, pair), PATH)[-1]
    assert update.iterations == 1
    assert (update.tangent - stiffness).abs().max() < 1e-12 * stiffness.abs().max()
    exact = stiffness @ PATH[-1].strain
    assert (update.stress - exact).abs().max() < 1e-12 * exact.abs().max()


def test_tangent_against_central_differences(problem):
    committed = follow(problem, PATH[:1])[0].state
    strain, h = PATH[1].strain, 1e-6
    tangent = problem.solve(PATH[1], committed).tangent
    ends = [
        [problem.solve(MacroLoad.of_strain(strain + s * e), committed).stress for s in (h, -h)]
        for e in torch.eye(6, dtype=torch.float64)
    ]
    differences = torch.stack([(plus - minus) / (2 * h) for plus, minus in ends], dim=1)
    assert (tangent - differences).abs().max() < 1e-5 * tangent.abs().max()
    assert (tangent - tangent.mT).abs().max() < 1e-9 * tangent.abs().max()


def test_hill_mandel_and_phase_averages(problem):
    update = follow(problem, PATH)[-1]
    share, strain, stress = problem.point_fractions, update.strain_field, update.stress_field
    work = torch.einsum("cp,cpi,cpi->", share, strain, stress)
    assert work.item() == pytest.approx(float(update.stress @ update.strain), rel=1e-8)
    for field, whole in ((strain, update.strain), (stress, update.stress)):
        average = torch.einsum("cp,cpi->i", share, field)
        assert (average - whole).abs().max() < 1e-12 * field.abs().max()
    fractions = torch.tensor(problem.volume_fractions, dtype=torch.float64)
    assert fractions.sum() == pytest.approx(1.0)
    for average, whole in (
        (update.phase_strain, update.strain),
        (update.phase_stress, update.stress),
    ):
        assert (fractions @ average - whole).abs().max() < 1e-12 * average.abs().max()
    assert update.phase_strain[1].norm() < update.phase_strain[0].norm()


def test_prescribed_stresses_are_reached(problem):
    stress = vector(0, 5, 0, 0, -3, 2)
    loads = [MacroLoad(vector(e, 0, 0, 0, 0, 0), stress, UNIAXIAL) for e in (0.005, 0.015, 0.01)]
    for load, update in zip(loads, follow(problem, loads), strict=True):
        assert update.strain[0] == load.strain[0]
        assert (update.stress - stress)[1:].abs().max() < 1e-6 * update.stress.norm()
    # The same strains, all prescribed, give the same stress.
    again = follow(problem, [MacroLoad.of_strain(u.strain) for u in follow(problem, loads)])[-1]
    assert (again.stress - update.stress).abs().max() < 1e-6 * update.stress.norm()


def test_unloads_to_nothing(problem):
    everywhere = torch.ones(6, dtype=torch.bool)
    zero = torch.zeros(6, dtype=torch.float64)
    loads = [MacroLoad(zero, s, everywhere) for s in (vector(1, 2, 0, 0, 1, 0), zero)]
    loaded, free = follow(problem, loads)
    assert loaded.strain.norm() > 1e-4
    assert free.strain.norm() < 1e-12
    plastic = follow(problem, [uniaxial(0.02), MacroLoad(zero, zero, everywhere)])[-1]
    assert plastic.strain[0] > 0.002
    assert plastic.stress.norm() < 1e-5


def copies(load, state):
    return [t.clone() for t in (*load, *state.values())]


def test_solve_changes_nothing_it_was_given(problem):
    state = follow(problem, PATH[:1])[0].state
    before = copies(PATH[1], state)
    first = problem.solve(PATH[1], state)
    end = copies(PATH[1], first.state)
    stress = first.stress.clone()
    # Other steps in between do not change what an update gives later.
    problem.solve(uniaxial(0.03), problem.initial_state())
    tangent = first.tangent
    second = problem.solve(PATH[1], state)
    assert all(map(torch.equal, copies(PATH[1], state), before))
    assert all(map(torch.equal, copies(PATH[1], first.state), end))
    assert torch.equal(first.stress, stress)
    assert torch.equal(second.stress, stress)
    assert torch.equal(second.tangent, tangent)


def test_a_state_fits_the_rve_however_its_cells_are_ordered(phase_laws):
    rve = tetrahedra(hexahedra(np.random.default_rng(2).integers(0, 2, (2, 2, 2))))
    order = np.random.default_rng(3).permutation(len(rve.cells))
    other = replace(rve, cells=rve.cells[order], phase=rve.phase[order])
    states, ends = [], []
    for one in (rve, other):
        problem = MeshRVEProblem(one, phase_laws)
        update = follow(problem, PATH)[-1]
        states.append(update.state)
        ends.append(update.stress)
    assert (ends[0] - ends[1]).abs().max() < 1e-9 * ends[0].norm()
    turned = states[0]["displacement"][order]
    assert (turned - states[1]["displacement"]).abs().max() < 1e-12
    matrix, points = [torch.from_numpy(one.phase == 0) for one in (rve, other)], []
    for state, cells in zip(states, matrix, strict=True):
        field = torch.zeros(len(cells), 4, 7, dtype=torch.float64)
        field[cells] = state["phase matrix"].view(-1, 4, 7)
        points.append(field)
    assert (points[0][order] - points[1]).abs().max() < 1e-9


def test_orientations_turn_laws_with_history():
    """All phases and the load turned alike: the same response, turned."""
    turn = np.linalg.qr(np.random.default_rng(4).normal(size=(3, 3)))[0]
    turn *= np.linalg.det(turn)
    soft = torch.diag(vector(30, 20, 10, 5, 4, 6)) + 5.0
    anisotropic = {"matrix": VOCE, "inclusion": laws.Elastic(1e4 * soft)}
    phase = np.zeros((1, 1, 2), dtype=int)
    phase[0, 0, 1] = 1
    rve = hexahedra(phase)
    turned = replace(
        rve, orientations=turn[None], orientation_index=np.zeros(len(rve.cells), dtype=int)
    )
    direct = {
        "matrix": VOCE,
        "inclusion": laws.Elastic(
            rotation_matrix(torch.tensor(turn))
            @ anisotropic["inclusion"].stiffness
            @ rotation_matrix(torch.tensor(turn)).mT
        ),
    }
    first = follow(MeshRVEProblem(turned, anisotropic), PATH)[-1]
    second = follow(MeshRVEProblem(rve, direct), PATH)[-1]
    assert (first.stress - second.stress).abs().max() < 1e-8 * first.stress.norm()
    assert (first.tangent - second.tangent).abs().max() < 1e-8 * first.tangent.norm()


def test_plane_strain_is_a_slice_of_the_body(phase_laws):
    phase = np.zeros((3, 3, 1), dtype=int)
    phase[1, 1] = 1
    flat = MeshRVEProblem(quads(phase[:, :, 0]), phase_laws)
    body = MeshRVEProblem(hexahedra(phase), phase_laws)
    in_plane = [MacroLoad.of_strain(vector(e, -0.3 * e, 0, 0, 0, e)) for e in (0.004, 0.012)]
    antiplane = [MacroLoad.of_strain(vector(0, e, 0, e, -e, 0)) for e in (0.004, 0.012)]
    for loads in (in_plane, antiplane, [uniaxial(0.01)]):
        section, whole = follow(flat, loads)[-1], follow(body, loads)[-1]
        assert (section.stress - whole.stress).abs().max() < 1e-6 * whole.stress.norm()
        assert (section.tangent - whole.tangent).abs().max() < 1e-6 * whole.tangent.norm()
    assert flat.solve(in_plane[1], flat.initial_state()).stress[[3, 4]].abs().max() < 1e-9


def test_one_point_hexahedra_follow_the_fft_solver(phase_laws):
    phase = np.random.default_rng(8).integers(0, 4, (3, 5, 3)) == 0
    ours = MeshRVEProblem(hexahedra(phase.astype(int)), phase_laws, **ONE_POINT)
    voxels = VoxelProblem(VoxelRVE(phase.astype(int)), phase_laws, tolerance=1e-9)
    loads = [*PATH, uniaxial(0.005)]
    for mine, other in zip(follow(ours, loads), follow(voxels, loads), strict=True):
        assert (mine.stress - other.stress).abs().max() < 1e-6 * mine.stress.norm()
        assert (mine.tangent - other.tangent).abs().max() < 1e-6 * mine.tangent.norm()
        assert (mine.phase_strain - other.phase_strain).abs().max() < 1e-7


def test_linear_elements_lock_and_quadratic_ones_do_not():
    """Isochoric plastic flow around a stiff square: deviatoric stress σ11 − σ22."""

    def stress(n, split=False, **elements):
        phase = np.zeros((n, n), dtype=int)
        phase[n // 4 : n - n // 4, n // 4 : n - n // 4] = 1
        rve = triangles(quads(phase)) if split else quads(phase)
        matrix = laws.J2(200e3, 0.3, laws.LinearHardening(250.0, 200.0))
        inclusion = laws.Elastic.isotropic(400e3, 0.2)
        problem = MeshRVEProblem(rve, {"matrix": matrix, "inclusion": inclusion}, **elements)
        loads = [MacroLoad.of_strain(vector(e, -e, 0, 0, 0, 0)) for e in (0.005, 0.01)]
        end = follow(problem, loads)[-1].stress
        return float(end[0] - end[1])

    truth = stress(32, **ONE_POINT)  # 312; quadratic triangles come from above: 321
    assert stress(16, split=True, degree=1) > 1.35 * truth
    assert stress(16, degree=1) > 1.35 * truth
    assert stress(16, split=True) == pytest.approx(truth, rel=0.08)
    assert stress(16, **ONE_POINT) == pytest.approx(truth, rel=0.03)


def test_a_failure_is_data(phase_laws):
    rve = hexahedra(np.zeros((2, 2, 2), dtype=int))
    fragile = MeshRVEProblem(rve, {"matrix": Fragile(VOCE, limit=0.01)}, **ONE_POINT)
    state = fragile.initial_state()
    update = fragile.solve(PATH[1], state)
    assert not update.converged
    assert "the local iteration did not converge" in update.message
    assert "strain [ 0.012" in update.message
    assert update.state is state
    assert update.stress.isnan().all()
    assert update.tangent.isnan().all()
    assert update.phase_stress.shape == (1, 6)
    # A time step reaches the laws.
    timed = MeshRVEProblem(rve, {"matrix": OnlyShortSteps(VOCE, 0.1)}, **ONE_POINT)
    outcomes = [timed.solve(PATH[0], timed.initial_state(), dt).converged for dt in (0.1, 0.2)]
    assert outcomes == [True, False]


def test_says_when_newton_stops_early(phase_laws):
    phase = np.zeros((3, 3), dtype=int)
    phase[1, 1] = 1
    impatient = MeshRVEProblem(quads(phase), phase_laws, max_iterations=1)
    update = impatient.solve(PATH[1], impatient.initial_state())
    assert not update.converged
    assert "after 1 Newton iterations stresses of" in update.message


def test_a_law_without_stiffness_is_said_to_be_singular():
    class Broken:
        state_size = 0

        def initial_state(self, n):
            return torch.zeros(n, 0, dtype=torch.float64)

        def integrate(self, strain, state, dt=0.0):
            tangent = torch.full((len(strain), 6, 6), torch.nan, dtype=torch.float64)
            return laws.Update(0.0 * strain, state, lambda: tangent)

    problem = MeshRVEProblem(hexahedra(np.zeros((2, 2, 2), dtype=int)), {"matrix": Broken()})
    update = problem.solve(PATH[0], problem.initial_state())
    assert not update.converged
    assert update.message == "the tangent of a law is not finite"


def test_bad_input(phase_laws):
    phase = np.zeros((2, 2), dtype=int)
    phase[0, 0] = 1
    rve = quads(phase)
    with pytest.raises(InputError, match=r"phase 'inclusion' is a laws\.Void"):
        MeshRVEProblem(rve, {**phase_laws, "inclusion": laws.Void()})
    with pytest.raises(InputError, match="phase 'inclusion' has no law"):
        MeshRVEProblem(rve, {"matrix": VOCE})
    with pytest.raises(InputError, match="there is a law for 'fibre'"):
        MeshRVEProblem(rve, phase_laws | {"fibre": VOCE})
    with pytest.raises(InputError, match="tolerance = 0"):
        MeshRVEProblem(rve, phase_laws, tolerance=0)
    problem = MeshRVEProblem(rve, phase_laws)
    state = problem.initial_state()
    with pytest.raises(InputError, match="is no macroscopic load; give 6 components"):
        problem.solve(MacroLoad.of_strain(vector(1, 2, 3)), state)
    with pytest.raises(InputError, match="is no macroscopic load; give 6 components"):
        problem.solve(uniaxial(float("nan")), state)
    with pytest.raises(InputError, match="'displacement' is missing or has not the shape"):
        problem.solve(PATH[0], state | {"displacement": torch.zeros(3)})
    other = MeshRVEProblem(rve, phase_laws, degree=1)
    with pytest.raises(InputError, match="does not belong to this RVE"):
        other.solve(PATH[0], state)
    assert other.fingerprint != problem.fingerprint
    assert problem.fingerprint == MeshRVEProblem(rve, phase_laws).fingerprint
