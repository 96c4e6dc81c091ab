"""Laws in plane stress against closed forms, plane-stress algorithms and the law itself."""

import math

import pytest
import torch
from helpers.differences import tangent_error
from helpers.laws import LAWS, VOCE, AtFixedStep, random_strain, strains_up_to, stretched_bar
from helpers.networks import random_network, random_stiffness

from dmn_fe import InputError, laws, mandel
from dmn_fe.evaluate import EnsembleLaw, NetworkLaw
from dmn_fe.laws import PlaneStress, Status
from dmn_fe.network import Ensemble, Network

IN_PLANE, OUT_OF_PLANE = [0, 1, 5], [2, 3, 4]
SOLID = {name: entry for name, entry in LAWS.items() if name != "Void"}
each_law = pytest.mark.parametrize(("law", "dt"), SOLID.values(), ids=list(SOLID))
J2 = laws.J2(3000.0, 0.35, VOCE)
PERFECT = laws.LinearHardening(30.0)
STIFF = laws.Elastic.isotropic(70000.0, 0.2)
AXES = torch.eye(3, dtype=torch.float64)


def block(matrix, rows=IN_PLANE, columns=IN_PLANE):
    return matrix[..., rows, :][..., columns]


def in_plane(strain):
    """The same strain without what plane stress ignores."""
    strain = strain.clone()
    strain[:, OUT_OF_PLANE] = 0.0
    return strain


def about_e3(angle):
    c, s = math.cos(angle), math.sin(angle)
    return torch.tensor([[c, -s, 0], [s, c, 0], [0, 0, 1]], dtype=torch.float64)


# Elasticity: closed forms.


def test_isotropic_elasticity_has_the_stiffness_of_plane_stress():
    young, poisson = 3000.0, 0.35
    law = PlaneStress(laws.Elastic.isotropic(young, poisson))
    strain = random_strain(20, 0.01, 0)
    update = law.integrate(strain, law.initial_state(20))
    one = young / (1.0 - poisson**2)
    expected = torch.tensor(
        [[one, poisson * one, 0], [poisson * one, one, 0], [0, 0, young / (1.0 + poisson)]],
        dtype=torch.float64,
    )
    torch.testing.assert_close(block(update.tangent), expected.expand(20, 3, 3), rtol=1e-13, atol=0)
    torch.testing.assert_close(update.stress[:, IN_PLANE], strain[:, IN_PLANE] @ expected)
    thickness = -poisson / (1.0 - poisson) * (strain[:, 0] + strain[:, 1])
    found = law.out_of_plane_strain(update.state)
    torch.testing.assert_close(found[:, 0], thickness, rtol=1e-12, atol=0)
    assert found[:, 1:].abs().max() < 1e-16
    assert update.status.tolist() == [Status.CONVERGED] * 20


def test_orthotropic_elasticity_has_the_reduced_stiffness_of_a_ply():
    """Q11 = E1 / (1 − ν12 ν21), …; what concerns e3 has no part in it."""
    ply = {"young_1": 140.0, "young_2": 9.0, "poisson_12": 0.3, "shear_12": 5.0}
    beyond = {"young_3": 7.0, "poisson_13": 0.2, "poisson_23": 0.4, "shear_13": 4.0, "shear_23": 3}
    law = PlaneStress(laws.Elastic.orthotropic(**ply, **beyond))
    tangent = law.integrate(random_strain(1, 0.01, 0), law.initial_state(1)).tangent[0]
    nu21 = 0.3 * 9.0 / 140.0
    share = 1.0 - 0.3 * nu21
    expected = [[140.0 / share, 0.3 * 9.0 / share, 0], [0.3 * 9.0 / share, 9.0 / share, 0]]
    expected = torch.tensor([*expected, [0, 0, 10.0]], dtype=torch.float64)
    torch.testing.assert_close(block(tangent), expected, rtol=1e-13, atol=1e-13)


def test_anisotropic_elasticity_is_the_inverse_of_the_compliance_in_the_plane():
    stiffness = random_stiffness()
    law = PlaneStress(laws.Elastic(stiffness))
    strain = random_strain(10, 0.01, 1)
    update = law.integrate(strain, law.initial_state(10))
    compliance = torch.linalg.inv(stiffness)
    expected = torch.linalg.inv(block(compliance))
    torch.testing.assert_close(block(update.tangent)[3], expected, rtol=1e-11, atol=0)
    stress = strain[:, IN_PLANE] @ expected
    torch.testing.assert_close(update.stress[:, IN_PLANE], stress, rtol=1e-10, atol=0)
    found = law.out_of_plane_strain(update.state)
    beyond = stress @ block(compliance, IN_PLANE, OUT_OF_PLANE)
    torch.testing.assert_close(found, beyond, rtol=1e-10, atol=0)
    assert found.abs().min() > 0


def test_layers_between_voids_leave_the_strain_across_free():
    network = Network(
        torch.tensor([0.6, 0.4], dtype=torch.float64), AXES[2:], torch.tensor([0, 1]), ("s", "v")
    )
    solid = laws.Elastic.isotropic(3000.0, 0.35)
    law, alone = (
        PlaneStress(NetworkLaw(network, {"s": solid, "v": laws.Void()})),
        PlaneStress(solid),
    )
    strain = random_strain(5, 0.01, 2)
    update = law.integrate(strain, law.initial_state(5))
    expected = alone.integrate(strain, alone.initial_state(5))
    torch.testing.assert_close(update.stress, 0.6 * expected.stress, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(update.tangent, 0.6 * expected.tangent, rtol=1e-9, atol=1e-7)
    assert not update.status.any()


# Plasticity: closed forms and another algorithm.


def test_a_bar_in_plane_stress_is_a_bar_in_space():
    """There and back; the sides' strains are those found in space."""
    law = PlaneStress(J2)
    state, own, strain = law.initial_state(1), J2.initial_state(1), None
    for axial in (0.004, 0.01, 0.03, 0.02, -0.01):
        bar, strain = stretched_bar(J2, axial, own, guess=strain)
        given = strain.clone()
        given[:, OUT_OF_PLANE] = 7.0
        update = law.integrate(given, state)
        torch.testing.assert_close(update.stress, bar.stress, rtol=1e-9, atol=1e-9)
        torch.testing.assert_close(law.law_state(update.state), bar.state, rtol=1e-9, atol=1e-12)
        torch.testing.assert_close(update.strain, strain, rtol=1e-9, atol=1e-12)
        state, own = update.state, bar.state
    assert own[0, 6] > 0.02


@pytest.mark.parametrize("modulus", [0.0, 200.0])
@pytest.mark.parametrize("size", [0.02, -0.3])
def test_equal_strains_in_the_plane(modulus, size):
    """``σ = ±(σ_0 + H p)`` and ``ε = (1 − ν) σ / E ± p / 2``: exact in one step."""
    law = PlaneStress(laws.J2(3000.0, 0.35, laws.LinearHardening(30.0, modulus)))
    strain = size * torch.tensor([[1.0, 1, 0, 0, 0, 0]], dtype=torch.float64)
    update = law.integrate(strain, law.initial_state(1))
    free = 30.0 + 2.0 * modulus * abs(size)
    stress = math.copysign(free / (1.0 + 2.0 * modulus * 0.65 / 3000.0), size)
    p = 2.0 * (abs(size) - 0.65 * abs(stress) / 3000.0)
    assert update.stress[0].tolist() == pytest.approx([stress, stress, 0, 0, 0, 0], abs=1e-10)
    assert law.law_state(update.state)[0, 6].item() == pytest.approx(p, rel=1e-11)
    across = -0.7 * stress / 3000.0 - math.copysign(p, size)
    found = law.out_of_plane_strain(update.state)[0]
    assert found.tolist() == pytest.approx([across, 0, 0], rel=1e-11, abs=1e-15)


def projected_return(strain, plastic, p, hardening):
    """Return mapping of J2 in the three components of plane stress, by bisection in the plastic
    multiplier (Simo & Taylor, Int. J. Numer. Methods Eng. 22 (1986) 649), of one point."""
    one = 3000.0 / (1.0 - 0.35**2)
    stiffness = torch.tensor(
        [[one, 0.35 * one, 0], [0.35 * one, one, 0], [0, 0, 3000.0 / 1.35]], dtype=torch.float64
    )
    deviator = torch.tensor([[2.0, -1, 0], [-1, 2, 0], [0, 0, 3]], dtype=torch.float64) / 3.0

    def at(multiplier):
        compliance = torch.linalg.inv(stiffness) + 1.5 * multiplier * deviator
        stress = torch.linalg.solve(compliance, strain - plastic)
        mises = math.sqrt(1.5 * (stress @ deviator @ stress).item())
        grown = p + multiplier * mises
        level = hardening(torch.tensor([grown], dtype=torch.float64))[0].item()
        return mises - level, stress, grown

    low, high = 0.0, 1.0
    if at(low)[0] <= 0:
        return at(low)[1], plastic, p
    for _ in range(200):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if at(middle)[0] > 0 else (low, middle)
    _, stress, grown = at(high)
    return stress, plastic + 1.5 * high * deviator @ stress, grown


@pytest.mark.parametrize("hardening", [VOCE, PERFECT], ids=["Voce", "perfect"])
def test_two_steps_are_those_of_the_projected_algorithm(hardening):
    n = 15
    law = PlaneStress(laws.J2(3000.0, 0.35, hardening))
    state = law.initial_state(n)
    plastic, p = torch.zeros(n, 3, dtype=torch.float64), [0.0] * n
    for seed in (3, 4):
        strain = strains_up_to(0.03, n, seed)
        update = law.integrate(strain, state)
        for i in range(n):
            stress, plastic[i], p[i] = projected_return(
                strain[i, IN_PLANE], plastic[i], p[i], hardening
            )
            torch.testing.assert_close(update.stress[i, IN_PLANE], stress, rtol=1e-8, atol=1e-9)
        state = update.state
        torch.testing.assert_close(
            law.law_state(state)[:, 6], torch.tensor(p, dtype=torch.float64), rtol=1e-9, atol=1e-12
        )
    assert min(p) == 0.0 < sorted(p)[n // 2]


# What holds for every law.


@each_law
def test_a_law_of_each_kind_converges_from_large_strains_in_one_step(law, dt):
    """From the virgin state and from the state after such a step; the stress that the law itself
    gives at the strain found has nothing out of the plane."""
    thin = PlaneStress(law)
    n = 2000
    state = thin.initial_state(n)
    for seed in (8, 9):
        strain = strains_up_to(0.03, n, seed)
        update = thin.integrate(strain, state, dt)
        converged = update.status == Status.CONVERGED
        assert converged.double().mean() >= 0.999
        assert torch.equal(update.strain[:, IN_PLANE], strain[:, IN_PLANE])
        check = law.integrate(update.strain, thin.law_state(state), dt)
        beyond = check.stress[:, OUT_OF_PLANE].norm(dim=-1)
        tangent = check.tangent.abs().amax((1, 2))
        size = torch.maximum(check.stress.norm(dim=-1), 0.01 * tangent * update.strain.norm(dim=-1))
        assert (beyond <= 2e-12 * size)[converged].all()
        assert not update.stress[:, OUT_OF_PLANE].any()
        torch.testing.assert_close(update.stress, in_plane(check.stress), rtol=1e-9, atol=1e-10)
        torch.testing.assert_close(thin.law_state(update.state), check.state, rtol=1e-7, atol=1e-12)
        assert torch.equal(thin.out_of_plane_strain(update.state), update.strain[:, OUT_OF_PLANE])
        state = update.state


@each_law
def test_tangent_equals_central_differences(law, dt):
    thin = PlaneStress(law)
    committed = thin.integrate(random_strain(100, 0.01, 1), thin.initial_state(100), dt).state
    strain = random_strain(100, 0.015, 2)
    virgin = thin.integrate(0.0 * strain[:1], thin.initial_state(1), 0.0).tangent.abs().max().item()
    error = tangent_error(AtFixedStep(thin, dt), strain, committed, scale=virgin)
    assert error.max() < 1e-6
    tangent = thin.integrate(strain, committed, dt).tangent
    assert not tangent[:, OUT_OF_PLANE].any()
    assert not tangent[:, :, OUT_OF_PLANE].any()
    skew = (tangent - tangent.mT).abs().max()
    assert (skew < 1e-9 * virgin) == thin.symmetric_tangent


@each_law
def test_integrate_leaves_its_arguments_alone(law, dt):
    thin = PlaneStress(law)
    state = thin.integrate(random_strain(10, 0.01, 3), thin.initial_state(10), dt).state
    strain = random_strain(10, 0.02, 4)
    copies = strain.clone(), state.clone()
    update = thin.integrate(strain, state, dt)
    _ = update.tangent, update.inner.tangent
    assert torch.equal(strain, copies[0])
    assert torch.equal(state, copies[1])


@each_law
def test_many_points_are_as_one_by_one(law, dt):
    """Small and large strains, whose iterations end at different times."""
    thin = PlaneStress(law)
    strain = random_strain(20, 0.02, 5) * torch.logspace(-4, 0, 20, dtype=torch.float64)[:, None]
    state = thin.integrate(random_strain(20, 0.01, 6), thin.initial_state(20), dt).state
    together = thin.integrate(strain, state, dt)
    size = together.tangent.abs().max().item()
    for i in range(20):
        alone = thin.integrate(strain[i, None], state[i, None], dt)
        for ours, other, atol in (
            (together.stress, alone.stress, 1e-13 * size),
            (together.state, alone.state, 1e-13),
            (together.tangent, alone.tangent, 1e-9 * size),
        ):
            torch.testing.assert_close(ours[i], other[0], rtol=1e-9, atol=atol)
        assert together.iterations[i] == alone.iterations[0]


@each_law
def test_a_strain_that_is_not_finite_hurts_its_point_alone(law, dt):
    thin = PlaneStress(law)
    strain = random_strain(5, 0.01, 7)
    expected = thin.integrate(strain, thin.initial_state(5), dt)
    strain[1, 1], strain[3, 0] = torch.nan, torch.inf
    strain[4, 2], strain[4, 3] = torch.nan, torch.inf  # these are ignored
    update = thin.integrate(strain, thin.initial_state(5), dt)
    bad = Status.NOT_FINITE
    assert update.status.tolist() == [0, bad, 0, bad, 0]
    for i in (0, 2, 4):
        torch.testing.assert_close(update.stress[i], expected.stress[i], rtol=1e-11, atol=1e-11)
        torch.testing.assert_close(update.tangent[i], expected.tangent[i], rtol=1e-9, atol=1e-6)
        torch.testing.assert_close(update.state[i], expected.state[i], rtol=1e-11, atol=1e-14)


@each_law
def test_it_follows_the_protocol(law, dt):
    thin = PlaneStress(law)
    assert isinstance(thin, laws.MaterialLaw)
    assert thin.is_isotropic is False
    assert thin.takes_temperature == laws.takes_temperature(law)
    state = thin.initial_state(3)
    assert state.shape == (3, law.state_size + 3)
    assert torch.equal(thin.law_state(state), law.initial_state(3))
    update = thin.integrate(torch.zeros(3, 6, dtype=torch.float64), state, dt)
    assert not update.stress.any()
    assert torch.equal(update.state, state)
    assert update.status.tolist() == [0] * 3


def test_the_committed_strain_is_where_the_next_step_starts():
    thin, strain = PlaneStress(J2), strains_up_to(0.03, 200, 10)
    first = thin.integrate(strain, thin.initial_state(200))
    calls = []

    class Counted(laws.J2):
        def integrate(self, strain, state, dt=0.0):
            calls.append(len(strain))
            return super().integrate(strain, state, dt)

    counted = PlaneStress(Counted(3000.0, 0.35, VOCE))
    counted.integrate(strain, first.state)
    assert calls == [200]
    calls.clear()
    counted.integrate(strain, counted.initial_state(200))
    assert calls[0] == 200 > calls[-1]  # the last steps are of few points
    assert sum(calls) < 3.5 * 200


def test_unloading_to_nothing_converges():
    """The residual there is relative to stiffness times strain, not to a stress of round-off."""
    thin = PlaneStress(J2)
    state = thin.integrate(strains_up_to(0.03, 50, 11), thin.initial_state(50)).state
    strain = torch.zeros(50, 6, dtype=torch.float64)
    for _ in range(30):
        update = thin.integrate(strain, state)
        assert not update.status.any()
        change = torch.linalg.solve(block(update.tangent), update.stress[:, IN_PLANE, None])
        strain[:, IN_PLANE] -= change[..., 0]
    assert update.stress.abs().max() < 1e-12


# Failures, and laws of several kinds.


def test_points_that_do_not_converge_and_points_where_the_law_fails_say_so():
    small, large = random_strain(1, 1e-4, 12), random_strain(1, 0.03, 13)
    strain = torch.cat([small, large])
    thin = PlaneStress(J2, max_iterations=1)
    status = thin.integrate(strain, thin.initial_state(2)).status
    assert status.tolist() == [Status.CONVERGED, Status.MAX_ITERATIONS]

    def broken(strain, state, dt):  # no number beyond 1 %, in any component
        return 3000.0 * torch.where(strain.abs().amax(-1, True) > 0.01, torch.nan, strain), state

    thin = PlaneStress(laws.Batched(broken))
    status = thin.integrate(strain, thin.initial_state(2)).status
    assert status.tolist() == [Status.CONVERGED, Status.NOT_FINITE]


def test_a_law_with_noise_of_its_own_settles_at_it():
    """No iterate of this one has a smaller residual than some 1e-10 of its stress."""

    class Noisy(laws.J2):
        def integrate(self, strain, state, dt=0.0):
            update = super().integrate(strain, state, dt)
            noise = 3e-9 * torch.sin(1e13 * strain)
            return laws.Update(update.stress + noise, update.state, lambda: update.tangent)

    thin, exact = PlaneStress(Noisy(3000.0, 0.35, VOCE)), PlaneStress(J2)
    strain = random_strain(200, 0.01, 23)
    update = thin.integrate(strain, thin.initial_state(200))
    assert not update.status.any()
    expected = exact.integrate(strain, exact.initial_state(200)).stress
    torch.testing.assert_close(update.stress, expected, rtol=0, atol=1e-7)


def test_a_law_that_asks_for_a_smaller_step_is_asked_about_the_strain_found():
    """It may be content with that, though not with the first guess."""

    class Careful(laws.J2):
        def integrate(self, strain, state, dt=0.0):
            update = super().integrate(strain, state, dt)
            far = mandel.trace(strain).abs() > 0.005
            status = torch.where(far, Status.SMALLER_STEP, Status.CONVERGED).to(torch.int8)
            return laws.Update(update.stress, update.state, lambda: update.tangent, status)

    careful, exact = PlaneStress(Careful(3000.0, 0.35, VOCE)), PlaneStress(J2)
    strain = strains_up_to(0.03, 200, 24)
    update = careful.integrate(strain, careful.initial_state(200))
    far = mandel.trace(update.strain).abs() > 0.005
    assert (mandel.trace(in_plane(strain)).abs() > 0.005).sum() > far.sum() > 0
    assert torch.equal(update.status == Status.SMALLER_STEP, far)
    expected = exact.integrate(strain, exact.initial_state(200)).stress
    torch.testing.assert_close(update.stress, expected, rtol=1e-12, atol=1e-12)


def test_where_the_law_fails_at_the_first_guess_the_virgin_stiffness_gives_another():
    """Held out of the plane the strain is beyond what this law bears, in plane stress it is not."""
    stiffness = mandel.isotropic_stiffness(3000.0, 0.4)

    def brittle(strain, state, dt):
        stress = strain @ stiffness
        return torch.where(stress.abs().amax(-1, True) > 80.0, torch.nan, stress), state

    strain = 0.012 * torch.tensor([[1.0, 1, 0, 0, 0, 0]], dtype=torch.float64)
    law = laws.Batched(brittle)
    assert law.integrate(strain, law.initial_state(1)).status.tolist() == [Status.NOT_FINITE]
    thin = PlaneStress(law)
    update = thin.integrate(strain, thin.initial_state(1))
    assert update.status.tolist() == [Status.CONVERGED]
    assert update.stress[0, :2].tolist() == pytest.approx([3000.0 * 0.012 / 0.6] * 2)


@pytest.mark.parametrize("backend", ["auto", "torch"])
def test_a_network_of_equal_phases_is_the_law(backend):
    network = random_network(3, turned=True)
    thin = PlaneStress(NetworkLaw(network, {"matrix": J2, "inclusion": J2}, backend=backend))
    alone = PlaneStress(J2)
    state, own = thin.initial_state(50), alone.initial_state(50)
    for seed in (14, 15):
        strain = strains_up_to(0.03, 50, seed)
        update, expected = thin.integrate(strain, state), alone.integrate(strain, own)
        size = expected.stress.abs().max().item()
        torch.testing.assert_close(update.stress, expected.stress, rtol=0, atol=1e-10 * size)
        torch.testing.assert_close(update.tangent, expected.tangent, rtol=0, atol=1e-7 * 3000.0)
        state, own = update.state, expected.state


def test_the_tangent_of_a_network_equals_central_differences(phase_laws):
    thin = PlaneStress(NetworkLaw(random_network(3), phase_laws, tolerance=1e-12))
    committed = thin.integrate(random_strain(10, 0.01, 16), thin.initial_state(10)).state
    assert tangent_error(thin, random_strain(10, 0.015, 17), committed).max() < 1e-6


@pytest.mark.parametrize("single", [False, True])
def test_a_network_converges_from_large_strains_in_one_step(phase_laws, single):
    n = 1000
    thin = PlaneStress(NetworkLaw(random_network(3), phase_laws, single=single))
    state = thin.initial_state(n)
    for seed in (18, 19):
        update = thin.integrate(strains_up_to(0.03, n, seed), state)
        assert (update.status == Status.CONVERGED).double().mean() >= 0.999
        own = thin.law.integrate(update.strain, thin.law_state(state))
        beyond = own.stress[:, OUT_OF_PLANE].norm(dim=-1)
        assert (beyond < 1e-8 * own.stress.norm(dim=-1)).all()
        assert (update.iterations > own.iterations).all()
        state = update.state
        assert state.dtype == thin.state_dtype == (torch.float32 if single else torch.float64)


def test_an_ensemble_tells_its_spread(phase_laws):
    ensemble = Ensemble((random_network(3, seed=1), random_network(2, seed=2)))
    law = EnsembleLaw(ensemble, phase_laws)
    thin = PlaneStress(law)
    state = thin.integrate(random_strain(30, 0.01, 20), thin.initial_state(30)).state
    update = thin.integrate(random_strain(30, 0.02, 21), state)
    assert not update.status.any()
    members = update.inner.members
    assert members.shape == (2, 30, 6)
    mean = members.mean(0)
    torch.testing.assert_close(mean[:, IN_PLANE], update.stress[:, IN_PLANE], rtol=1e-8, atol=1e-8)
    assert mean[:, OUT_OF_PLANE].abs().max() < 1e-6
    assert (update.inner.spread.norm(dim=-1) > 0).all()
    torch.testing.assert_close(update.inner.state, thin.law_state(update.state))


def test_heating_a_held_sheet_gives_the_pressure_of_plane_stress():
    """``σ = −E α T / (1 − ν)`` and ``ε_33 = (1 + ν) / (1 − ν) α T``, point by point."""
    thin = PlaneStress(laws.ThermalExpansion(J2, 1e-5))
    change = torch.tensor([20.0, -50.0, 3000.0, 0.0], dtype=torch.float64)  # the third yields
    zero = torch.zeros(4, 6, dtype=torch.float64)
    update = thin.integrate(zero, thin.initial_state(4), 0.0, change)
    expected = -3000.0 * 1e-5 * change / 0.65
    elastic = [0, 1, 3]
    for component in (0, 1):
        torch.testing.assert_close(update.stress[elastic, component], expected[elastic])
    thickness = 1.35 / 0.65 * 1e-5 * change
    found = thin.out_of_plane_strain(update.state)
    torch.testing.assert_close(found[elastic, 0], thickness[elastic])
    alone = thin.integrate(zero[:1], thin.initial_state(1), 0.0, 3000.0)
    assert thin.law_state(alone.state)[0, 6] > 0
    torch.testing.assert_close(update.stress[2], alone.stress[0], rtol=1e-11, atol=1e-11)
    none = thin.integrate(zero, thin.initial_state(4))
    assert not none.stress.any()


def test_points_with_axes_of_their_own_are_turned_in_the_plane():
    """A plastic network turned about e3 sees the strain in its axes, whichever points are done."""
    n = 20
    law = NetworkLaw(random_network(2), {"matrix": J2, "inclusion": STIFF}, tolerance=1e-12)
    angle = torch.linspace(0.0, 3.0, n, dtype=torch.float64)
    rotation = torch.stack([about_e3(a) for a in angle.tolist()])
    turn = mandel.rotation_matrix(rotation)
    strain = in_plane(random_strain(n, 0.02, 22))
    strain[::2] *= 1e-2
    turned = PlaneStress(laws.Oriented(law, rotation))
    update = turned.integrate(strain, turned.initial_state(n))
    plain = PlaneStress(law)
    own = plain.integrate((turn.mT @ strain[..., None])[..., 0], plain.initial_state(n))
    expected = (turn @ own.stress[..., None])[..., 0]
    torch.testing.assert_close(update.stress, expected, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(update.tangent, turn @ own.tangent @ turn.mT, rtol=1e-6, atol=1e-3)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: PlaneStress(laws.Void()), "a void has no stress anyway"),
        (lambda: PlaneStress(PlaneStress(J2)), "law is one of plane stress already"),
        (lambda: PlaneStress("J2"), "law = 'J2' is no material law; give one"),
        (lambda: PlaneStress(laws.J2), "is no material law; give one"),
        (lambda: PlaneStress(J2, 0.0), "tolerance = 0.0 must be above zero"),
        (lambda: PlaneStress(J2, 1.0), "tolerance = 1.0 must lie below 1, e.g. 1e-12"),
        (lambda: PlaneStress(J2, math.nan), "tolerance = nan must be finite"),
        (lambda: PlaneStress(J2, max_iterations=0), "max_iterations = 0 must be a whole number"),
    ],
)
def test_bad_arguments_are_named(make, sentence):
    with pytest.raises(InputError, match=f"PlaneStress: .*{sentence}"):
        make()


def test_states_that_do_not_fit_are_named():
    thin = PlaneStress(J2)
    with pytest.raises(InputError, match=r"must have the shapes \(n, 6\) and \(n, 10\)"):
        thin.integrate(random_strain(2, 0.01, 0), J2.initial_state(2))
