"""Kinematic hardening against closed forms and thermodynamics."""

import math

import pytest
import torch
from helpers.laws import random_strain, stretched_bar

from dmn_fe import InputError, laws, mandel

PERFECT = laws.LinearHardening(30.0)
VOCE = laws.VoceHardening(30.0, 20.0, 50.0, 10.0)
THREE = (laws.Backstress(9e4, 3e3), laws.Backstress(6e3, 200.0), laws.Backstress(300.0))


def bar(law, strains):
    """Update at the last of several axial strains of a bar with free sides."""
    state, strain = law.initial_state(1), None
    for axial in strains:
        update, strain = stretched_bar(law, axial, state, guess=strain)
        state = update.state
    return update


def test_a_bar_saturates_at_the_sum_of_the_limits():
    law = laws.Chaboche(3000.0, 0.35, PERFECT, (THREE[0], THREE[1]))
    for sign in (1.0, -1.0):
        update = bar(law, sign * torch.linspace(0.0, 0.4, 41, dtype=torch.float64)[1:])
        expected = 30.0 + 9e4 / 3e3 + 6e3 / 200.0
        assert update.stress[0, 0].item() == pytest.approx(sign * expected, rel=1e-6)


def test_a_bar_converges_to_the_exponential_of_armstrong_and_frederick():
    law = laws.Chaboche(3000.0, 0.35, PERFECT, (laws.Backstress(4e3, 100.0),))
    errors = []
    for steps in (50, 100):
        update = bar(law, torch.linspace(0.0, 0.04, steps + 1, dtype=torch.float64)[1:])
        p = update.state[0, 6].item()
        exact = 30.0 + 40.0 * (1.0 - math.exp(-100.0 * p))
        errors.append(update.stress[0, 0].item() - exact)
    assert errors[0] / errors[1] == pytest.approx(2.0, abs=0.1)
    assert abs(errors[1]) < 0.2


def test_shear_and_back_with_linear_kinematic_hardening_is_exact():
    """The elastic range is twice the yield stress wherever it lies."""
    law = laws.Chaboche(200.0, 0.3, laws.LinearHardening(1.0), (laws.Backstress(20.0),))
    shear_strain = torch.tensor([[0.0, 0, 0, 0, 0, 0.05]], dtype=torch.float64)
    there = law.integrate(shear_strain, law.initial_state(1))
    size, stiffness = math.sqrt(2 / 3) * 0.05, 3 * law.shear
    slope = 20.0 / (1.0 + 20.0 / stiffness)
    loaded = 1.0 + slope * (size - 1.0 / stiffness)
    assert mandel.von_mises(there.stress).item() == pytest.approx(loaded, rel=1e-13)
    back = law.integrate(-shear_strain, there.state)
    expected = loaded - 2.0 - slope * (2 * size - 2.0 / stiffness)
    assert back.stress[0, 5].item() * math.sqrt(1.5) == pytest.approx(expected, rel=1e-12)


def test_in_one_direction_linear_kinematic_hardening_is_isotropic_hardening():
    kinematic = laws.Chaboche(3000.0, 0.35, PERFECT, (laws.Backstress(300.0),))
    isotropic = laws.J2(3000.0, 0.35, laws.LinearHardening(30.0, 300.0))
    strain = random_strain(50, 0.02, 0)
    ours = kinematic.integrate(strain, kinematic.initial_state(50))
    other = isotropic.integrate(strain, isotropic.initial_state(50))
    torch.testing.assert_close(ours.stress, other.stress)
    torch.testing.assert_close(ours.state[:, :7], other.state)


def test_without_modulus_it_is_j2():
    law = laws.Chaboche(3000.0, 0.35, VOCE, (laws.Backstress(0.0, 5.0),))
    isotropic = laws.J2(3000.0, 0.35, VOCE)
    strain = random_strain(50, 0.02, 1)
    ours = law.integrate(strain, law.initial_state(50))
    other = isotropic.integrate(strain, isotropic.initial_state(50))
    torch.testing.assert_close(ours.stress, other.stress)
    torch.testing.assert_close(ours.tangent, other.tangent)


@pytest.mark.parametrize("hardening", [PERFECT, VOCE])
def test_steps_solve_the_equations_of_backward_euler(hardening):
    law, n = laws.Chaboche(3000.0, 0.35, hardening, THREE), 300
    old = law.initial_state(n)
    for seed, size in ((2, 0.02), (3, 0.001), (4, 0.1)):
        update = law.integrate(random_strain(n, size, seed), old)
        change = update.state - old
        dp, flow = change[:, 6], change[:, :6]
        backstresses = update.state[:, 7:].unflatten(-1, (3, 6))
        relative = mandel.deviator(update.stress) - backstresses.sum(1)
        flows = dp > 0
        yield_stress, _ = hardening(update.state[:, 6])
        mises = math.sqrt(1.5) * relative.norm(dim=-1)
        torch.testing.assert_close(mises[flows], yield_stress[flows], rtol=1e-9, atol=0)
        assert (mises <= yield_stress * (1 + 1e-9)).all()
        expected = 1.5 * dp[:, None] * relative / mises[:, None]
        torch.testing.assert_close(flow, expected, rtol=1e-8, atol=1e-13)
        for k, part in enumerate(THREE):
            moved = change[:, 7:].unflatten(-1, (3, 6))[:, k]
            pull = 2 / 3 * part.modulus * flow
            recovered = part.recovery * dp[:, None] * backstresses[:, k]
            torch.testing.assert_close(moved, pull - recovered, rtol=1e-8, atol=1e-9)
            if part.recovery:
                limit = part.modulus / part.recovery
                assert (mandel.von_mises(backstresses[:, k]) <= limit * (1 + 1e-12)).all()
        old = update.state


def test_dissipation_is_not_negative_on_random_paths():
    """Plastic work less what the backstresses store."""
    law = laws.Chaboche(3000.0, 0.35, VOCE, THREE)
    state, strain = law.initial_state(50), torch.zeros(50, 6, dtype=torch.float64)
    for step in range(20):
        strain = strain + random_strain(50, 0.003, 100 + step)
        update = law.integrate(strain, state)
        change = update.state - state
        dissipation = (update.stress * change[:, :6]).sum(-1)
        for k, part in enumerate(THREE):
            block = slice(7 + 6 * k, 13 + 6 * k)
            stored = (update.state[:, block] * change[:, block]).sum(-1)
            dissipation = dissipation - 1.5 / part.modulus * stored
        assert (dissipation >= -1e-12).all()
        state = update.state
    assert (state[:, 6] > 0).all()


def test_a_committed_plastic_state_is_elastic_at_its_own_strain():
    law = laws.Chaboche(3000.0, 0.35, VOCE, THREE)
    strain = random_strain(500, 0.02, 5)
    first = law.integrate(strain, law.initial_state(500))
    again = law.integrate(strain, first.state)
    torch.testing.assert_close(again.stress, first.stress, rtol=1e-12, atol=1e-12)
    elastic = mandel.isotropic_stiffness(3000.0, 0.35).expand(500, 6, 6)
    torch.testing.assert_close(again.tangent, elastic)


def test_an_iteration_that_is_cut_off_gets_its_status(monkeypatch):
    monkeypatch.setattr("dmn_fe.laws.chaboche._MAX_ITERATIONS", 1)
    law, strain = laws.Chaboche(3000.0, 0.35, VOCE, THREE), random_strain(2, 0.01, 6)
    strain[1] = 0.0
    status = law.integrate(strain, law.initial_state(2)).status
    assert status.tolist() == [laws.Status.MAX_ITERATIONS, 0]


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: laws.Backstress(-1.0), "Backstress: modulus = -1.0 must be >= 0"),
        (lambda: laws.Backstress(1.0, math.nan), "Backstress: recovery = nan must be finite"),
        (lambda: laws.Backstress("1"), "Backstress: modulus = '1' is not a number"),
        (lambda: laws.Chaboche(1.0, 0.3, PERFECT, ()), r"backstresses = \(\); give at least one"),
        (lambda: laws.Chaboche(1.0, 0.3, PERFECT, THREE[0]), "give at least one in a tuple"),
        (lambda: laws.Chaboche(1.0, 0.3, 30.0, THREE), "hardening = 30.0 is no hardening law"),
        (lambda: laws.Chaboche(0.0, 0.3, PERFECT, THREE), "young = 0.0 must be"),
    ],
)
def test_bad_parameters_are_named(make, sentence):
    with pytest.raises(InputError, match=sentence):
        make()
