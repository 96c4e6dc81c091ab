"""Viscoplasticity with an overstress against closed forms, its limits and thermodynamics."""

import math

import pytest
import torch
from helpers.laws import random_strain

from dmn_fe import InputError, laws, mandel

PERFECT = laws.LinearHardening(30.0)
VOCE = laws.VoceHardening(30.0, 20.0, 50.0, 10.0)
HARDENINGS = [
    PERFECT,
    laws.LinearHardening(30.0, 500.0),
    VOCE,
    laws.PowerHardening(30.0, 1e-4, 0.3),
]
SHEAR = torch.tensor([[0.0, 0, 0, 0, 0, 1.0]], dtype=torch.float64)


def perzyna(exponent, hardening=PERFECT):
    return laws.Perzyna(3000.0, 0.35, hardening, 1e-3, exponent)


@pytest.mark.parametrize("exponent", [1.0, 3.0, 20.0])
def test_steady_flow_has_its_overstress(exponent):
    law, rate = perzyna(exponent), 5e-3
    state, strain = law.initial_state(1), torch.zeros(1, 6, dtype=torch.float64)
    for _ in range(300):
        strain = strain + rate * SHEAR
        update = law.integrate(strain, state, 1.0)
        state = update.state
    plastic_rate = math.sqrt(2 / 3) * rate
    expected = 30.0 * (1.0 + (plastic_rate / 1e-3) ** (1 / exponent))
    assert mandel.von_mises(update.stress).item() == pytest.approx(expected, rel=1e-9)


def test_relaxation_with_a_linear_overstress_converges_to_its_exponential():
    law, time = perzyna(1.0), 8.0
    trial = 3 * law.shear * math.sqrt(2 / 3) * 0.03
    speed = 3 * law.shear * 1e-3 / 30.0
    exact = 30.0 + (trial - 30.0) * math.exp(-speed * time)
    errors = []
    for steps in (100, 200):
        state = law.initial_state(1)
        for _ in range(steps):
            update = law.integrate(0.03 * SHEAR, state, time / steps)
            state = update.state
        errors.append(mandel.von_mises(update.stress).item() - exact)
    assert errors[0] / errors[1] == pytest.approx(2.0, abs=0.05)
    assert abs(errors[1]) < 0.01 * exact


@pytest.mark.parametrize("hardening", HARDENINGS)
@pytest.mark.parametrize("exponent", [1.0, 1.5, 5.0, 20.0, 80.0])
@pytest.mark.parametrize("dt", [1e-12, 1e-3, 1.0, 1e6, 1e15])
def test_the_step_solves_the_backward_euler_equation(hardening, exponent, dt):
    """The increment is between two with residuals of either sign, for all sizes of strains."""
    law = perzyna(exponent, hardening)
    sizes = torch.logspace(-4, 1, 41, dtype=torch.float64)
    strain = sizes[:, None] * torch.tensor([0.3, -0.2, 0.1, 0.5, -0.4, 0.2], dtype=torch.float64)
    p = torch.full_like(sizes, 0.01)
    state = torch.cat([torch.zeros(41, 6, dtype=torch.float64), p[:, None]], dim=-1)
    update = law.integrate(strain, state, dt)
    assert not update.status.any()
    trial = 2 * law.shear * math.sqrt(1.5) * mandel.deviator(strain).norm(dim=-1)
    dp = update.state[:, 6] - p
    elastic = trial <= hardening(p)[0]
    assert not dp[elastic].any()

    def residual(increment):
        overstress = (increment / (1e-3 * dt)) ** (1 / exponent)
        stress = trial - 3 * law.shear * increment
        return stress - hardening(p + increment)[0] * (1 + overstress)

    sure = ~elastic & (dp > 1e-7)  # where p + dp leaves dp enough digits
    round_off = 1e-12 * trial
    assert (residual(dp * (1 - 1e-8)) >= -round_off)[sure].all()
    assert (residual(dp * (1 + 1e-8)) <= round_off)[sure].all()
    left = trial - 3 * law.shear * dp
    torch.testing.assert_close(mandel.von_mises(update.stress), left, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("hardening", HARDENINGS)
def test_slow_loading_is_j2_and_fast_loading_elastic(hardening):
    law, isotropic = perzyna(2.0, hardening), laws.J2(3000.0, 0.35, hardening)
    strain = random_strain(100, 0.02, 0)
    slow = law.integrate(strain, law.initial_state(100), 1e20)
    plastic = isotropic.integrate(strain, isotropic.initial_state(100))
    torch.testing.assert_close(slow.stress, plastic.stress)
    torch.testing.assert_close(slow.state, plastic.state)
    fast = law.integrate(strain, law.initial_state(100), 1e-20)
    elastic = mandel.isotropic_stiffness(3000.0, 0.35)
    torch.testing.assert_close(fast.stress, strain @ elastic)
    torch.testing.assert_close(fast.tangent, elastic.expand(100, 6, 6))


def test_dissipation_is_not_negative_on_random_paths():
    law = perzyna(5.0, VOCE)
    state, strain = law.initial_state(50), torch.zeros(50, 6, dtype=torch.float64)
    for step in range(20):
        strain = strain + random_strain(50, 0.003, 100 + step)
        update = law.integrate(strain, state, 0.3)
        change = update.state - state
        assert ((update.stress * change[:, :6]).sum(-1) >= 0).all()
        assert (change[:, 6] >= 0).all()
        assert mandel.trace(change[:, :6]).abs().max() < 1e-15
        state = update.state
    assert (state[:, 6] > 0).all()


def test_an_iteration_that_is_cut_off_gets_its_status(monkeypatch):
    monkeypatch.setattr("dmn_fe.laws.perzyna._MAX_ITERATIONS", 1)
    law, strain = perzyna(5.0), random_strain(2, 0.02, 1)
    strain[1] = 0.0
    status = law.integrate(strain, law.initial_state(2), 1.0).status
    assert status.tolist() == [laws.Status.MAX_ITERATIONS, 0]


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: laws.Perzyna(1.0, 0.3, 30.0, 1.0, 5.0), "hardening = 30.0 is no hardening law"),
        (lambda: laws.Perzyna(1.0, 0.3, PERFECT, -1.0, 5.0), "reference_rate = -1.0 must be >= 0"),
        (lambda: laws.Perzyna(1.0, 0.3, PERFECT, 1.0, 0.9), "exponent = 0.9 must be at least 1"),
        (lambda: laws.Perzyna(1.0, 0.3, PERFECT, 1.0, "5"), "exponent = '5' is not a number"),
        (lambda: laws.Perzyna(1.0, 0.5, PERFECT, 1.0, 5.0), "Perzyna: poisson = 0.5 must lie"),
    ],
)
def test_bad_parameters_are_named(make, sentence):
    with pytest.raises(InputError, match=sentence):
        make()
