"""Drucker–Prager against closed forms, J2 and thermodynamics."""

import math

import pytest
import torch
from helpers.laws import random_strain, stretched_bar

from dmn_fe import InputError, laws, mandel

LINEAR = laws.LinearHardening(30.0, 200.0)
VOCE = laws.VoceHardening(30.0, 20.0, 50.0, 10.0)
FLOWS = [(0.8, 0.8), (0.8, 0.2), (0.8, 0.0), (0.01, 0.005)]


def made(friction, dilatancy, hardening=LINEAR):
    return laws.DruckerPrager(3000.0, 0.35, hardening, friction, dilatancy)


def invariants(stress):
    """Von Mises stress and mean stress, ``[n]`` each."""
    return mandel.von_mises(stress), mandel.trace(stress) / 3.0


@pytest.mark.parametrize(("friction", "dilatancy"), FLOWS)
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_bar_yields_earlier_under_tension(friction, dilatancy, sign):
    law = made(friction, dilatancy)
    update, _ = stretched_bar(law, sign * 0.03, law.initial_state(1))
    p = update.state[0, 6].item()
    assert p > 0.005
    expected = (30.0 + 200.0 * p) / (sign + friction / 3.0)
    assert update.stress[0, 0].item() == pytest.approx(expected, rel=1e-9)


def test_a_bar_under_pressure_is_as_of_mohr_and_coulomb():
    cohesion, angle = 10.0, math.radians(30.0)
    sine = math.sin(angle)
    start = 6 * cohesion * math.cos(angle) / (3 - sine)
    law = made(6 * sine / (3 - sine), 0.1, laws.LinearHardening(start))
    update, _ = stretched_bar(law, -0.02, law.initial_state(1))
    expected = -2 * cohesion * math.cos(angle) / (1 - sine)
    assert update.stress[0, 0].item() == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("friction", "dilatancy"), FLOWS)
def test_shear_between_plates_builds_up_pressure(friction, dilatancy):
    law = made(friction, dilatancy)
    strain = torch.tensor([[0.0, 0, 0, 0, 0, 0.05]], dtype=torch.float64)
    update = law.integrate(strain, law.initial_state(1))
    trial = 3 * law.shear * math.sqrt(2 / 3) * 0.05
    p = (trial - 30.0) / (3 * law.shear + law.bulk * friction * dilatancy + 200.0)
    mises, mean = invariants(update.stress)
    assert update.state[0, 6].item() == pytest.approx(p, rel=1e-12)
    assert mises.item() == pytest.approx(trial - 3 * law.shear * p, rel=1e-12)
    assert mean.item() == pytest.approx(-law.bulk * dilatancy * p, rel=1e-12)


@pytest.mark.parametrize(("friction", "dilatancy"), FLOWS)
def test_tension_on_all_sides_ends_at_the_apex(friction, dilatancy):
    law, size = made(friction, dilatancy), 2.0 / friction / 100.0
    strain = size * mandel.IDENTITY[None]
    update = law.integrate(strain, law.initial_state(1))
    p = (friction * law.bulk * 3 * size - 30.0) / (law.bulk * friction**2 + 200.0)
    assert p > 0
    assert update.state[0, 6].item() == pytest.approx(p, rel=1e-12)
    expected = (30.0 + 200.0 * p) / friction * mandel.IDENTITY
    torch.testing.assert_close(update.stress[0], expected)
    assert mandel.trace(update.state[0, :6]).item() == pytest.approx(friction * p, rel=1e-12)


@pytest.mark.parametrize(("friction", "dilatancy"), FLOWS)
@pytest.mark.parametrize("hardening", [LINEAR, VOCE])
def test_stress_and_flow_follow_the_rules(friction, dilatancy, hardening):
    law, n = made(friction, dilatancy, hardening), 500
    old = law.integrate(random_strain(n, 0.01, 0), law.initial_state(n)).state
    strain = random_strain(n, 0.02, 1) + 0.02 / math.sqrt(friction) * mandel.IDENTITY
    strain[::2] = random_strain(n // 2, 0.02, 2)
    update = law.integrate(strain, old)
    change = update.state - old
    dp, growth = change[:, 6], mandel.trace(change[:, :6])
    mises, mean = invariants(update.stress)
    yield_stress, _ = hardening(update.state[:, 6])
    flows, apex = dp > 0, mises < 1e-9
    assert (flows & ~apex).sum() > 50
    torch.testing.assert_close(
        (mises + friction * mean)[flows], yield_stress[flows], rtol=1e-9, atol=1e-9
    )
    assert (mises + friction * mean <= yield_stress + 1e-9).all()
    cone = flows & ~apex
    torch.testing.assert_close(growth[cone], dilatancy * dp[cone], rtol=1e-9, atol=1e-14)
    shear = 1.5 * dp[:, None] * mandel.deviator(update.stress) / mises[:, None]
    torch.testing.assert_close(mandel.deviator(change[:, :6])[cone], shear[cone])
    shear_part = math.sqrt(2 / 3) * mandel.deviator(change[:, :6]).norm(dim=-1)
    assert (growth[apex] >= dilatancy * shear_part[apex] - 1e-12).all()
    beyond = (growth - dilatancy * shear_part) / friction
    torch.testing.assert_close(dp[apex], (shear_part + beyond)[apex], rtol=1e-9, atol=1e-12)
    if friction > 0.1:
        assert apex.sum() > 50


@pytest.mark.parametrize(("friction", "dilatancy"), FLOWS)
def test_stress_is_continuous_where_the_cone_ends(friction, dilatancy):
    """The volume is stretched until the return just leaves no deviator."""
    law = made(friction, dilatancy, VOCE)
    shear = mandel.deviator(random_strain(1, 0.01, 3))
    low, high = 0.0, 10.0 / friction
    for _ in range(100):
        middle = 0.5 * (low + high)
        stress = law.integrate(shear + middle * mandel.IDENTITY, law.initial_state(1)).stress
        low, high = (low, middle) if mandel.von_mises(stress) < 1e-10 else (middle, high)
    inside, outside = (
        law.integrate(shear + size * mandel.IDENTITY, law.initial_state(1))
        for size in (low * (1 - 1e-9), high * (1 + 1e-9))
    )
    assert mandel.von_mises(inside.stress) > 0
    torch.testing.assert_close(inside.stress, outside.stress, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(inside.state, outside.state, rtol=1e-5, atol=1e-6)


def test_without_friction_it_is_j2():
    law, isotropic = made(0.0, 0.0, VOCE), laws.J2(3000.0, 0.35, VOCE)
    strain = random_strain(50, 0.02, 4)
    ours = law.integrate(strain, law.initial_state(50))
    other = isotropic.integrate(strain, isotropic.initial_state(50))
    torch.testing.assert_close(ours.stress, other.stress)
    torch.testing.assert_close(ours.state, other.state)
    torch.testing.assert_close(ours.tangent, other.tangent)


@pytest.mark.parametrize(("friction", "dilatancy"), FLOWS)
def test_dissipation_is_not_negative_on_random_paths(friction, dilatancy):
    law = made(friction, dilatancy, VOCE)
    state, strain = law.initial_state(50), torch.zeros(50, 6, dtype=torch.float64)
    for step in range(20):
        strain = strain + random_strain(50, 0.004, 100 + step)
        update = law.integrate(strain, state)
        assert ((update.stress * (update.state - state)[:, :6]).sum(-1) >= -1e-12).all()
        assert (update.state[:, 6] >= state[:, 6]).all()
        state = update.state
    assert (state[:, 6] > 0).any()


def test_a_committed_plastic_state_is_elastic_at_its_own_strain():
    law = made(0.8, 0.3, VOCE)
    strain = random_strain(500, 0.03, 5)
    first = law.integrate(strain, law.initial_state(500))
    again = law.integrate(strain, first.state)
    torch.testing.assert_close(again.stress, first.stress, rtol=1e-12, atol=1e-11)
    elastic = mandel.isotropic_stiffness(3000.0, 0.35).expand(500, 6, 6)
    torch.testing.assert_close(again.tangent, elastic)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: made(-0.1, 0.0), "DruckerPrager: friction = -0.1 must be >= 0"),
        (lambda: made(0.5, -0.1), "DruckerPrager: dilatancy = -0.1 must be >= 0"),
        (lambda: made(0.5, 0.6), "dilatancy = 0.6 must be at most friction = 0.5"),
        (lambda: made(math.inf, 0.6), "friction = inf must be finite"),
        (lambda: made(0.5, "0"), "dilatancy = '0' is not a number"),
        (lambda: made(0.5, 0.1, 30.0), "hardening = 30.0 is no hardening law"),
    ],
)
def test_bad_parameters_are_named(make, sentence):
    with pytest.raises(InputError, match=sentence):
        make()
