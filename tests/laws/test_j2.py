"""J2 against closed forms, differences and thermodynamics."""

import math

import pytest
import torch
from helpers.differences import tangent_error
from helpers.laws import random_strain

from dmn_fe import InputError, laws, mandel

HARDENINGS = [
    laws.LinearHardening(10.0, 500.0),
    laws.LinearHardening(10.0),
    laws.VoceHardening(10.0, 20.0, 50.0, 10.0),
    laws.PowerHardening(10.0, 0.01, 0.3),
]


def test_monotonic_shear_with_linear_hardening_is_exact():
    law = laws.J2(200.0, 0.3, laws.LinearHardening(1.0, 20.0))
    shear_strain = torch.tensor([[0.0, 0, 0, 0, 0, 0.05]], dtype=torch.float64)
    stress = law.integrate(shear_strain, law.initial_state(1)).stress
    # In shear q = √(3/2)|s| and p = √(2/3)|ε_p|: q = (σ0 + H √(2/3)|ε|) / (1 + H/(3G)).
    g, size = law.shear, 0.05
    expected = (1.0 + 20.0 * (2 / 3) ** 0.5 * size) / (1.0 + 20.0 / (3 * g))
    assert mandel.von_mises(stress).item() == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize("hardening", HARDENINGS)
def test_stress_is_on_the_yield_surface_and_plastic_strain_is_isochoric(hardening):
    law = laws.J2(3000.0, 0.35, hardening)
    update = law.integrate(random_strain(200, 0.05, 0), law.initial_state(200))
    yield_stress, _ = hardening(update.state[:, 6])
    torch.testing.assert_close(mandel.von_mises(update.stress), yield_stress, rtol=1e-12, atol=0)
    assert mandel.trace(update.state[:, :6]).abs().max() < 1e-15


@pytest.mark.parametrize("hardening", HARDENINGS)
def test_tangent_equals_central_differences(hardening):
    law = laws.J2(3000.0, 0.35, hardening)
    committed = law.integrate(random_strain(100, 0.01, 1), law.initial_state(100)).state
    strain = random_strain(100, 0.02, 2)
    assert tangent_error(law, strain, committed).max() < 1e-6
    tangent = law.integrate(strain, committed).tangent
    torch.testing.assert_close(tangent, tangent.mT)


@pytest.mark.parametrize("hardening", HARDENINGS)
def test_dissipation_is_not_negative_on_random_paths(hardening):
    law = laws.J2(3000.0, 0.35, hardening)
    state, strain = law.initial_state(50), torch.zeros(50, 6, dtype=torch.float64)
    plastic = False
    for step in range(20):
        strain = strain + random_strain(50, 0.003, 100 + step)
        update = law.integrate(strain, state)
        dissipation = (update.stress * (update.state - state)[:, :6]).sum(-1)
        assert (dissipation >= 0).all()
        assert (update.state[:, 6] >= state[:, 6]).all()
        plastic = plastic or bool((dissipation > 0).any())
        state = update.state
    assert plastic


def test_integrate_leaves_its_arguments_alone():
    law = laws.J2(3000.0, 0.35, HARDENINGS[0])
    strain, state = random_strain(10, 0.02, 3), law.initial_state(10)
    copies = strain.clone(), state.clone()
    law.integrate(strain, state)
    assert torch.equal(strain, copies[0])
    assert torch.equal(state, copies[1])


def test_a_committed_plastic_state_is_elastic_at_its_own_strain():
    law = laws.J2(3000.0, 0.35, HARDENINGS[2])
    strain = random_strain(500, 0.02, 4)
    first = law.integrate(strain, law.initial_state(500))
    again = law.integrate(strain, first.state)
    torch.testing.assert_close(again.stress, first.stress, rtol=1e-12, atol=1e-12)
    elastic = mandel.isotropic_stiffness(3000.0, 0.35).expand(500, 6, 6)
    torch.testing.assert_close(again.tangent, elastic)


def test_a_strain_that_is_not_finite_gets_its_status():
    law = laws.J2(3000.0, 0.35, HARDENINGS[0])
    strain = random_strain(3, 0.01, 5)
    strain[1, 2] = torch.nan
    status = law.integrate(strain, law.initial_state(3)).status
    assert status.tolist() == [0, laws.Status.NOT_FINITE, 0]


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda: laws.J2(-1.0, 0.3, HARDENINGS[0]), "young"),
        (lambda: laws.J2(1.0, 0.5, HARDENINGS[0]), "poisson"),
        (lambda: laws.J2(math.inf, 0.3, HARDENINGS[0]), "young = inf"),
        (lambda: laws.LinearHardening("30"), "yield_stress = '30' is not a number"),
        (lambda: laws.J2("3000", 0.3, HARDENINGS[0]), "young = '3000' is not a number"),
        (lambda: laws.J2(1.0, 0.3, 3), "hardening = 3 is no hardening law"),
        (lambda: laws.LinearHardening(0.0), "yield_stress"),
        (lambda: laws.VoceHardening(1.0, -1.0, 1.0), "saturation"),
        (lambda: laws.PowerHardening(1.0, 0.0, 0.2), "reference_strain"),
        (lambda: laws.PowerHardening(1.0, 0.1, 1.2), "exponent"),
    ],
)
def test_bad_parameters_are_named(make, word):
    with pytest.raises(InputError, match=word):
        make()
