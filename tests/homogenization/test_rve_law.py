"""An RVE as a material law: exact cases, tangent, state, failures."""

import numpy as np
import pytest
import torch
from helpers.differences import tangent_error
from helpers.laws import random_strain
from helpers.networks import layers

from dmn_fe import InputError, laws
from dmn_fe.evaluate import NetworkLaw, follow_strain_path, phase_averages
from dmn_fe.homogenization import RVELaw, VoxelProblem, compute_reference_paths, standard_loadings
from dmn_fe.laws import Status
from dmn_fe.microstructure import VoxelRVE, laminate, random_spheres

MATRIX = laws.J2(3000.0, 0.37, laws.VoceHardening(35.0, 20.0, 50.0, 60.0))
INCLUSION = laws.Elastic.isotropic(72000.0, 0.22)
LAWS = {"matrix": MATRIX, "inclusion": INCLUSION}


@pytest.fixture(scope="module")
def spheres():
    return random_spheres(8, 0.2, 1, seed=3)


def paths(n: int = 2, steps: int = 3):
    """Plastic strain paths ``[n, steps + 1, 6]`` that turn."""
    ways = [random_strain(n, 0.004, seed=k) for k in range(steps)]
    return torch.stack([torch.zeros_like(ways[0]), *ways], dim=1).cumsum(1)


def test_equal_phases_are_the_plain_law(spheres):
    law = RVELaw(VoxelProblem(spheres, {"matrix": MATRIX, "inclusion": MATRIX}))
    strain = paths()
    times = torch.arange(strain.shape[1], dtype=torch.float64)
    rve, plain = (follow_strain_path(one, times, strain).stress for one in (law, MATRIX))
    assert (rve - plain).abs().max() < 1e-8 * plain.abs().max()
    state, own = law.initial_state(2), MATRIX.initial_state(2)
    update, point = law.integrate(strain[:, 1], state), MATRIX.integrate(strain[:, 1], own)
    assert (update.tangent - point.tangent).abs().max() < 1e-8 * point.tangent.abs().max()


def test_layers_are_the_laminate_in_closed_form():
    law = RVELaw(VoxelProblem(laminate(8, 0.25), LAWS, tolerance=1e-9))
    network = NetworkLaw(layers(0.25, 0), LAWS, tolerance=1e-11)
    strain = paths()
    times = torch.arange(strain.shape[1], dtype=torch.float64)
    voxels, exact = (follow_strain_path(one, times, strain).stress for one in (law, network))
    assert exact.abs().max() > 35.0  # it yields
    assert (voxels - exact).abs().max() < 1e-7 * exact.abs().max()


def test_the_tangent_is_consistent(spheres):
    law = RVELaw(VoxelProblem(spheres, LAWS, tolerance=1e-10))
    state = law.initial_state(2)
    state = law.integrate(random_strain(2, 0.008, seed=0), state).state
    error = tangent_error(law, random_strain(2, 0.012, seed=1), state, h=1e-6)
    assert error.max() < 1e-5


def test_it_follows_paths_as_the_problem_does(spheres, tmp_path):
    problem = VoxelProblem(spheres, LAWS)
    loadings = standard_loadings(0.01, steps=5)
    chosen = {name: loadings[name] for name in ("shear-23", "corner")}
    reference = compute_reference_paths(spheres, LAWS, chosen, tmp_path / "paths.safetensors")
    found = follow_strain_path(RVELaw(problem), reference.times, reference.strain).stress
    assert (found - reference.stress).abs().max() < 1e-4 * reference.stress.abs().max()


def test_arguments_stay_as_they_are_and_states_are_independent(spheres):
    law = RVELaw(VoxelProblem(spheres, LAWS))
    strain, virgin = random_strain(3, 0.01, seed=2), law.initial_state(3)
    kept = strain.clone(), virgin.clone()
    update = law.integrate(strain, virgin)
    assert update.tangent.shape == (3, 6, 6)
    assert torch.equal(strain, kept[0])
    assert torch.equal(virgin, kept[1])
    alone = law.integrate(strain[1:2], virgin[1:2])
    assert torch.equal(alone.stress[0], update.stress[1])
    assert torch.equal(alone.state[0], update.state[1])
    # Where it is already, it stays: nothing is to be solved.
    again = law.integrate(strain, update.state)
    assert (again.iterations == 0).all()
    torch.testing.assert_close(again.stress, update.stress, rtol=1e-9, atol=1e-9)
    assert law.fields(update.state[0])["displacement"].shape == (3, 8, 8, 8)


def test_failures_are_a_status_of_their_point(spheres):
    law = RVELaw(VoxelProblem(spheres, LAWS, max_iterations=2))
    strain = torch.zeros(3, 6, dtype=torch.float64)
    strain[0] = random_strain(1, 0.5, seed=3)
    strain[1, 0] = torch.nan
    update = law.integrate(strain, law.initial_state(3))
    assert update.status.tolist() == [Status.MAX_ITERATIONS, Status.NOT_FINITE, Status.CONVERGED]
    assert update.stress[:2].isnan().all()
    assert update.tangent[:2].isnan().all()
    assert update.tangent[2].isfinite().all()
    assert torch.equal(update.state, law.initial_state(3))


def test_wrong_input_is_told(spheres):
    law = RVELaw(VoxelProblem(spheres, LAWS))
    with pytest.raises(InputError, match="must have the shapes"):
        law.integrate(torch.zeros(2, 6, dtype=torch.float64), law.initial_state(1))
    with pytest.raises(InputError, match="must be finite and >= 0"):
        law.integrate(torch.zeros(1, 6, dtype=torch.float64), law.initial_state(1), -1.0)


def test_fingerprints_tell_rves_and_laws_apart(spheres):
    other = VoxelRVE(np.roll(spheres.phase, 1, axis=0))
    problems = [
        VoxelProblem(spheres, LAWS),
        VoxelProblem(other, LAWS),
        VoxelProblem(spheres, {**LAWS, "matrix": INCLUSION}),
    ]
    marks = [RVELaw(problem).fingerprint() for problem in problems]
    assert len(set(marks)) == 3
    assert RVELaw(VoxelProblem(spheres, LAWS)).fingerprint() == marks[0]


def test_phases_of_layers_are_those_of_the_laminate():
    law, network = (
        RVELaw(VoxelProblem(laminate(4, 0.25), LAWS, tolerance=1e-9)),
        NetworkLaw(layers(0.25, 0), LAWS, tolerance=1e-11),
    )
    found = []
    for one in (law, network):
        state = one.initial_state(2)
        for step in (0.5, 1.0):
            state = one.integrate(step * random_strain(2, 0.015, seed=4), state).state
        found.append(phase_averages(one, state))
    for name in LAWS:
        own, expected = found[0][name], found[1][name]
        assert own.fraction == pytest.approx(expected.fraction)
        largest = expected.stress.abs().max()
        assert (own.stress - expected.stress).abs().max() < 1e-6 * largest
        assert (own.strain - expected.strain).abs().max() < 1e-8
        assert (own.inelastic_strain - expected.inelastic_strain).abs().max() < 1e-8
        assert (own.largest_von_mises - expected.largest_von_mises).abs().max() < 1e-6 * largest
    assert found[0]["matrix"].inelastic_strain.norm(dim=-1).min() > 1e-3
    assert phase_averages(law, law.initial_state(0))["matrix"].stress.shape == (0, 6)


def test_fields_of_a_state_are_those_of_its_step(spheres):
    law = RVELaw(VoxelProblem(spheres, LAWS))
    update = law.integrate(random_strain(1, 0.02, seed=5), law.initial_state(1))
    there = law.at_rest(update.state[0])
    torch.testing.assert_close(there.stress, update.stress[0], rtol=1e-9, atol=1e-9)
    fields = there.phase_fields
    whole = sum(field.fraction @ field.stress for field in fields.values())
    torch.testing.assert_close(whole, update.stress[0], rtol=1e-9, atol=1e-9)
    assert sum(float(field.fraction.sum()) for field in fields.values()) == pytest.approx(1.0)
