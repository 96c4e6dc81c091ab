"""The generalised Maxwell model against closed forms."""

import math

import pytest
import torch
from helpers.laws import random_strain

from dmn_fe import InputError, laws, mandel

BRANCHES = (laws.MaxwellBranch(900.0, 0.2, 500.0), laws.MaxwellBranch(400.0, 30.0))
LAW = laws.Maxwell(3000.0, 0.35, BRANCHES)


def stiffness_at(time: float) -> torch.Tensor:
    """Relaxation modulus ``[6, 6]``."""
    relaxed = mandel.isotropic_stiffness(3000.0, 0.35)
    return relaxed + sum(math.exp(-time / b.time) * b.stiffness for b in BRANCHES)


@pytest.mark.parametrize("steps", [1, 2, 50])
@pytest.mark.parametrize("time", [1e-9, 0.1, 20.0, 1e6])
def test_relaxation_after_a_jump_is_exact(steps, time):
    strain = random_strain(5, 0.01, 0)
    update = LAW.integrate(strain, LAW.initial_state(5))
    torch.testing.assert_close(update.stress, strain @ stiffness_at(0.0))
    for _ in range(steps):
        update = LAW.integrate(strain, update.state, time / steps)
    torch.testing.assert_close(update.stress, strain @ stiffness_at(time), rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("steps", [1, 3, 100])
@pytest.mark.parametrize("time", [1e-9, 0.1, 20.0, 1e6])
def test_a_ramp_is_exact(steps, time):
    """σ = ∫ C(t − s) dε, with the integral of each branch in closed form."""
    strain, state = random_strain(5, 0.01, 1), LAW.initial_state(5)
    for step in range(steps):
        update = LAW.integrate(strain * (step + 1) / steps, state, time / steps)
        state = update.state
    modulus = mandel.isotropic_stiffness(3000.0, 0.35)
    for branch in BRANCHES:
        x = time / branch.time
        modulus = modulus - math.expm1(-x) / x * branch.stiffness
    torch.testing.assert_close(update.stress, strain @ modulus, rtol=1e-11, atol=1e-12)


def test_creep_in_shear_converges_to_the_closed_form():
    """One branch: the strain tends to that of the spring with another time."""
    law = laws.Maxwell(3000.0, 0.35, (laws.MaxwellBranch(2000.0, 2.0),))
    long, branch, time = law.shear, 2000.0, 3.0
    retardation = 2.0 * (long + branch) / long
    exact = (1 / long - (1 / long - 1 / (long + branch)) * math.exp(-time / retardation)) / 2
    errors = []
    for steps in (20, 40):
        state, strain = law.initial_state(1), torch.zeros(1, 6, dtype=torch.float64)
        for step in range(steps + 1):  # the first is the jump of the stress to one
            dt = time / steps if step else 0.0
            update = law.integrate(strain, state, dt)
            strain = strain.clone()
            strain[0, 5] += (1.0 - update.stress[0, 5]) / update.tangent[0, 5, 5]
            update = law.integrate(strain, state, dt)
            assert update.stress[0, 5].item() == pytest.approx(1.0)
            state = update.state
        errors.append(strain[0, 5].item() - exact)
    assert errors[0] / errors[1] == pytest.approx(4.0, abs=0.1)
    assert abs(errors[1]) < 1e-4 * exact


def test_a_cycle_takes_the_energy_of_the_loss_modulus():
    law = laws.Maxwell(3000.0, 0.35, (laws.MaxwellBranch(2000.0, 0.5),))
    steps, amplitude, frequency = 400, 0.01, 3.0
    state, work = law.initial_state(1), 0.0
    old_strain = old_stress = torch.zeros(1, 6, dtype=torch.float64)
    for step in range(1, 6 * steps + 1):
        strain = torch.zeros(1, 6, dtype=torch.float64)
        strain[0, 5] = amplitude * math.sin(2 * math.pi * step / steps)
        update = law.integrate(strain, state, 2 * math.pi / frequency / steps)
        if step > 5 * steps:
            work += 0.5 * ((update.stress + old_stress) * (strain - old_strain)).sum().item()
        old_strain, old_stress, state = strain, update.stress, update.state
    x = frequency * 0.5
    loss = 2 * 2000.0 * x / (1 + x * x)
    assert work == pytest.approx(math.pi * loss * amplitude**2, rel=1e-3)


def test_pressure_relaxes_where_a_branch_has_a_bulk_modulus():
    strain = 0.01 * mandel.IDENTITY[None]
    jump = LAW.integrate(strain, LAW.initial_state(1))
    later = LAW.integrate(strain, jump.state, 1e9)
    assert jump.stress[0, 0].item() == pytest.approx(0.03 * (LAW.bulk + 500.0))
    assert later.stress[0, 0].item() == pytest.approx(0.03 * LAW.bulk)


@pytest.mark.parametrize("branches", [[BRANCHES[0]], BRANCHES])
def test_branches_come_in_any_sequence(branches):
    law = laws.Maxwell(3000.0, 0.35, branches)
    assert law.branches == tuple(branches)
    assert law.state_size == 6 + 6 * len(branches)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: laws.MaxwellBranch(-1.0, 1.0), "MaxwellBranch: shear = -1.0 must be >= 0"),
        (lambda: laws.MaxwellBranch(1.0, 0.0), "MaxwellBranch: time = 0.0 must be above zero"),
        (lambda: laws.MaxwellBranch(1.0, math.inf), "MaxwellBranch: time = inf must be finite"),
        (lambda: laws.MaxwellBranch(1.0, 1.0, "x"), "MaxwellBranch: bulk = 'x' is not a number"),
        (lambda: laws.Maxwell(1.0, 0.3, ()), r"Maxwell: branches = \(\); give at least one"),
        (lambda: laws.Maxwell(1.0, 0.3, (3.0,)), "give at least one in a tuple"),
        (lambda: laws.Maxwell(1.0, -1.0, BRANCHES), "Maxwell: poisson = -1.0 must lie"),
    ],
)
def test_bad_parameters_are_named(make, sentence):
    with pytest.raises(InputError, match=sentence):
        make()
