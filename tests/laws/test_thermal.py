"""Thermal expansion of free, held and oriented points."""

import math

import pytest
import torch
from helpers.differences import tangent_error
from helpers.laws import AtFixedStep, random_strain

from dmn_fe import InputError, laws, mandel

PLASTIC = laws.J2(3000.0, 0.35, laws.VoceHardening(30.0, 20.0, 50.0))
FIBRE = laws.Elastic.transversely_isotropic(
    young_axial=230e3,
    young_transverse=15e3,
    poisson_axial=0.2,
    poisson_transverse=0.07,
    shear_axial=24e3,
)
ALONG = torch.tensor([-0.5e-6, 8e-6, 8e-6, 0.0, 0.0, 0.0], dtype=torch.float64)
CASES = [(PLASTIC, 6e-5), (FIBRE, ALONG), (FIBRE, 5e-6)]


def strain_per_degree(coefficient):
    return coefficient if isinstance(coefficient, torch.Tensor) else coefficient * mandel.IDENTITY


@pytest.mark.parametrize(("inner", "coefficient"), CASES)
@pytest.mark.parametrize("temperature", [100.0, -3, torch.tensor([5.0, 700.0, -1.0, 0.0]).double()])
def test_free_expansion_gives_no_stress(inner, coefficient, temperature):
    law = laws.ThermalExpansion(inner, coefficient)
    change = torch.as_tensor(temperature, dtype=torch.float64).expand(4)
    strain = change[:, None] * strain_per_degree(coefficient)
    update = law.integrate(strain, law.initial_state(4), 0.0, temperature)
    assert not update.stress.any()
    assert torch.equal(update.state, law.initial_state(4))


@pytest.mark.parametrize(("inner", "coefficient"), CASES)
def test_blocked_expansion_gives_pressure(inner, coefficient):
    law, zero = laws.ThermalExpansion(inner, coefficient), torch.zeros(2, 6, dtype=torch.float64)
    temperature = torch.tensor([1.0, -20.0], dtype=torch.float64)
    update = law.integrate(zero, law.initial_state(2), temperature=temperature)
    stiffness = update.tangent[0]
    expected = -temperature[:, None] * (strain_per_degree(coefficient) @ stiffness)
    torch.testing.assert_close(update.stress, expected)


def test_without_a_temperature_it_is_the_law():
    law = laws.ThermalExpansion(PLASTIC, 6e-5)
    strain = random_strain(20, 0.02, 0)
    alone = PLASTIC.integrate(strain, PLASTIC.initial_state(20))
    for temperature in (None, 0.0, torch.zeros(20, dtype=torch.float64)):
        update = law.integrate(strain, law.initial_state(20), 0.0, temperature)
        assert torch.equal(update.stress, alone.stress)
        assert torch.equal(update.state, alone.state)
        assert torch.equal(update.tangent, alone.tangent)


def test_a_void_does_not_expand():
    with pytest.raises(InputError, match="a void does not expand"):
        laws.ThermalExpansion(laws.Void(), 1e-5)


def test_tangent_equals_central_differences():
    law = laws.ThermalExpansion(PLASTIC, ALONG * 10.0)
    strain, temperature = random_strain(100, 0.02, 1), random_strain(100, 300.0, 2)[:, 0]
    fixed = AtFixedStep(law, 0.0, temperature=temperature)
    assert tangent_error(fixed, strain, law.initial_state(100)).max() < 1e-6


def test_heating_a_held_plastic_point_makes_it_yield():
    law = laws.ThermalExpansion(PLASTIC, ALONG * 10.0)
    zero = torch.zeros(1, 6, dtype=torch.float64)
    heated = law.integrate(zero, law.initial_state(1), 0.0, 400.0)
    assert heated.state[0, 6] > 0
    cooled = law.integrate(zero, heated.state, 0.0, 0.0)
    assert cooled.stress.abs().max() > 1.0


def test_a_law_says_whether_it_takes_a_temperature():
    rotation = torch.eye(3, dtype=torch.float64).expand(1, 3, 3)
    law = laws.ThermalExpansion(FIBRE, ALONG)
    assert laws.takes_temperature(law)
    assert laws.takes_temperature(laws.Oriented(law, rotation))
    assert not laws.takes_temperature(laws.Oriented(FIBRE, rotation))
    assert not laws.takes_temperature(PLASTIC)


def test_it_is_isotropic_if_law_and_coefficient_are():
    assert laws.ThermalExpansion(PLASTIC, 6e-5).is_isotropic
    assert laws.ThermalExpansion(PLASTIC, 6e-5 * mandel.IDENTITY).is_isotropic
    assert not laws.ThermalExpansion(PLASTIC, ALONG).is_isotropic
    assert not laws.ThermalExpansion(FIBRE, 6e-5).is_isotropic


def test_orientations_turn_the_expansion():
    """A fibre along e2 expands along e2 as a fibre along e1 along e1."""
    turn = torch.tensor([[[0.0, -1, 0], [1, 0, 0], [0, 0, 1]]], dtype=torch.float64)
    law = laws.Oriented(laws.ThermalExpansion(FIBRE, ALONG), turn)
    strain = 50.0 * ALONG[[1, 0, 2, 3, 4, 5]][None]
    update = law.integrate(strain, law.initial_state(1), 0.0, 50.0)
    assert update.stress.abs().max() < 1e-10


def test_a_temperature_that_is_not_finite_gets_its_status():
    law = laws.ThermalExpansion(PLASTIC, 6e-5)
    temperature = torch.tensor([1.0, math.nan], dtype=torch.float64)
    update = law.integrate(random_strain(2, 0.01, 3), law.initial_state(2), 0.0, temperature)
    assert update.status.tolist() == [0, laws.Status.NOT_FINITE]


@pytest.mark.parametrize(
    ("law", "coefficient", "sentence"),
    [
        (PLASTIC, "hot", "coefficient = 'hot' must be a number, or six of them"),
        (PLASTIC, torch.zeros(3), "must be a number, or six of them"),
        (PLASTIC, math.nan, "coefficient = nan must be finite"),
        (PLASTIC, [math.inf] * 6, "must be finite"),
        ("J2", 1e-5, "law = 'J2' is no material law"),
        (laws.ThermalExpansion(PLASTIC, 1e-5), 1e-5, "takes a temperature already"),
    ],
)
def test_bad_parameters_are_named(law, coefficient, sentence):
    with pytest.raises(InputError, match=f"ThermalExpansion: .*{sentence}"):
        laws.ThermalExpansion(law, coefficient)


@pytest.mark.parametrize(
    ("temperature", "sentence"),
    [
        ("hot", "temperature is str; give a number"),
        (torch.zeros(2), "temperature is torch.float32; give a number"),
        (torch.zeros(3, dtype=torch.float64), r"has the shape \(3,\); give a number, or one for"),
    ],
)
def test_a_bad_temperature_is_named(temperature, sentence):
    law = laws.ThermalExpansion(PLASTIC, 1e-5)
    with pytest.raises(InputError, match=sentence):
        law.integrate(random_strain(2, 0.01, 0), law.initial_state(2), 0.0, temperature)
