"""Norton creep against closed forms, differences and thermodynamics."""

import math

import pytest
import torch
from helpers.differences import tangent_error
from helpers.laws import AtFixedStep, random_strain, stretched_bar

from dmn_fe import InputError, laws, mandel

EXPONENTS = [1.0, 1.3, 5.0, 12.0]


def norton(exponent: float) -> laws.Norton:
    return laws.Norton(3000.0, 0.35, 1e-3, 20.0, exponent)


def relaxed(law, modulus: float, start: float, time: float) -> float:
    """Solution of ``q' = −modulus reference_rate (q / reference_stress)^n``."""
    n = law.exponent
    speed = modulus * law.reference_rate / law.reference_stress * time
    ratio = start / law.reference_stress
    if n == 1:
        return start * math.exp(-speed)
    return law.reference_stress * (ratio ** (1 - n) + (n - 1) * speed) ** (1 / (1 - n))


def shear_relaxation(law, strain, steps: int, time: float) -> float:
    state = law.initial_state(1)
    for _ in range(steps):
        update = law.integrate(strain, state, time / steps)
        state = update.state
    return mandel.von_mises(update.stress).item()


@pytest.mark.parametrize("exponent", EXPONENTS)
def test_relaxation_in_shear_converges_to_the_closed_form(exponent):
    law, time = norton(exponent), 5.0
    strain = torch.tensor([[0.0, 0, 0, 0, 0, 0.01]], dtype=torch.float64)
    start = mandel.von_mises(law.integrate(strain, law.initial_state(1)).stress).item()
    exact = relaxed(law, 3 * law.shear, start, time)
    assert exact < 0.9 * start
    errors = [shear_relaxation(law, strain, steps, time) - exact for steps in (100, 200, 400)]
    assert errors[0] / errors[1] == pytest.approx(2.0, abs=0.1)
    assert errors[1] / errors[2] == pytest.approx(2.0, abs=0.05)
    assert abs(errors[2]) < 0.02 * exact


@pytest.mark.parametrize("exponent", [1.0, 5.0])
def test_relaxation_of_a_bar_converges_to_the_closed_form(exponent):
    """Axial strain held, sides free: the sides' strains are found with the tangent."""
    law, time = norton(exponent), 2.0
    exact = relaxed(law, law.young, law.young * 0.01, time)

    def bar(steps: int) -> float:
        state, strain = law.initial_state(1), None
        for _ in range(steps):
            update, strain = stretched_bar(law, 0.01, state, time / steps, strain)
            state = update.state
        return update.stress[0, 0].item()

    errors = [bar(steps) - exact for steps in (50, 100)]
    assert errors[0] / errors[1] == pytest.approx(2.0, abs=0.15)
    assert abs(errors[1]) < 0.02 * exact


@pytest.mark.parametrize("exponent", EXPONENTS)
def test_steady_creep_has_the_rate_of_the_power_law(exponent):
    law = norton(exponent)
    direction = torch.tensor([[1.0, -0.5, -0.5, 0, 0, 0]], dtype=torch.float64)
    rate, state, strain = 3e-3, law.initial_state(1), torch.zeros(1, 6, dtype=torch.float64)
    for _ in range(200):
        strain = strain + rate * direction
        update = law.integrate(strain, state, 1.0)
        creep, state = update.state - state, update.state
    # In uniaxial creep the equivalent rate is the axial one.
    torch.testing.assert_close(creep, rate * direction, rtol=1e-9, atol=1e-12)
    steady = 20.0 * (rate / 1e-3) ** (1 / exponent)
    assert mandel.von_mises(update.stress).item() == pytest.approx(steady, rel=1e-9)


@pytest.mark.parametrize("exponent", [*EXPONENTS, 80.0])
@pytest.mark.parametrize("dt", [1e-12, 1e-3, 1.0, 1e6, 1e15])
def test_the_step_solves_the_backward_euler_equation(exponent, dt):
    """Bisection of the equation in the von Mises stress, for all sizes of steps and strains."""
    law = norton(exponent)
    sizes = torch.logspace(-8, 2, 21, dtype=torch.float64)
    strain = sizes[:, None] * torch.tensor([0.3, -0.2, 0.1, 0.5, -0.4, 0.2], dtype=torch.float64)
    update = law.integrate(strain, law.initial_state(21), dt)
    assert (update.status == laws.Status.CONVERGED).all()
    trial = 2 * law.shear * math.sqrt(1.5) * mandel.deviator(strain).norm(dim=-1)
    for q, q_trial in zip(mandel.von_mises(update.stress).tolist(), trial.tolist(), strict=True):
        low, high = 0.0, 1.0  # of q / q_trial
        for _ in range(2000):
            middle = 0.5 * (low + high)
            if middle in (low, high):
                break
            power = law.exponent * math.log(middle * q_trial / law.reference_stress)
            creep = 3 * law.shear * law.reference_rate * dt * math.exp(min(power, 700.0))
            if middle * q_trial + creep > q_trial:
                high = middle
            else:
                low = middle
        # The bulk stress of the largest strain leaves round-off in the deviator.
        assert q == pytest.approx(low * q_trial, rel=1e-11, abs=1e-14 * q_trial)


@pytest.mark.parametrize("exponent", EXPONENTS)
@pytest.mark.parametrize("dt", [0.0, 0.1, 1e4])
def test_tangent_equals_central_differences(exponent, dt):
    law = norton(exponent)
    committed = law.integrate(random_strain(100, 0.01, 1), law.initial_state(100), 0.5).state
    assert mandel.trace(committed).abs().max() < 1e-15
    strain = random_strain(100, 0.02, 2)
    assert tangent_error(AtFixedStep(law, dt), strain, committed).max() < 1e-6
    tangent = law.integrate(strain, committed, dt).tangent
    torch.testing.assert_close(tangent, tangent.mT)
    assert (torch.linalg.eigvalsh(tangent) > 0).all()


@pytest.mark.parametrize("exponent", EXPONENTS)
def test_tangent_without_stress(exponent):
    """Elastic, but for the exponent 1, where the deviatoric part is that of the Maxwell fluid."""
    law, dt = norton(exponent), 2.0
    zero = torch.zeros(1, 6, dtype=torch.float64)
    shear = law.shear
    if exponent == 1:
        shear /= 1 + 3 * shear * dt * law.reference_rate / law.reference_stress
    expected = 3 * law.bulk * mandel.VOLUMETRIC + 2 * shear * mandel.DEVIATORIC
    update = law.integrate(zero, zero, dt)
    torch.testing.assert_close(update.tangent[0], expected, rtol=1e-12, atol=1e-9)
    assert not update.stress.any()
    assert not update.state.any()


@pytest.mark.parametrize("exponent", EXPONENTS)
def test_dissipation_is_not_negative_on_random_paths(exponent):
    law = norton(exponent)
    state, strain = law.initial_state(50), torch.zeros(50, 6, dtype=torch.float64)
    for step in range(20):
        strain = strain + random_strain(50, 0.003, 100 + step)
        update = law.integrate(strain, state, 0.3)
        assert ((update.stress * (update.state - state)).sum(-1) > 0).all()
        state = update.state


def test_without_time_it_is_elastic():
    law, strain = norton(12.0), random_strain(20, 0.05, 3)
    creep = law.integrate(strain, law.initial_state(20), 1.0).state
    elastic = laws.Elastic.isotropic(3000.0, 0.35)
    update = law.integrate(2.0 * strain, creep)
    expected = elastic.integrate(2.0 * strain - creep, torch.zeros(20, 0, dtype=torch.float64))
    torch.testing.assert_close(update.stress, expected.stress, rtol=1e-12, atol=1e-9)
    torch.testing.assert_close(update.tangent, expected.tangent)
    assert torch.equal(update.state, creep)


def test_many_points_are_as_one_by_one():
    law = norton(7.0)
    strain = random_strain(30, 0.02, 4) * torch.logspace(-4, 1, 30, dtype=torch.float64)[:, None]
    state = law.integrate(random_strain(30, 0.01, 5), law.initial_state(30), 0.2).state
    together = law.integrate(strain, state, 0.7)
    for point in range(30):
        alone = law.integrate(strain[point, None], state[point, None], 0.7)
        for ours, other in (
            (together.stress, alone.stress),
            (together.state, alone.state),
            (together.tangent, alone.tangent),
        ):
            torch.testing.assert_close(ours[point], other[0], rtol=1e-12, atol=1e-12)


def test_integrate_leaves_its_arguments_alone():
    law = norton(5.0)
    strain, state = random_strain(10, 0.02, 6), random_strain(10, 0.001, 7)
    copies = strain.clone(), state.clone()
    _ = law.integrate(strain, state, 1.0).tangent
    assert torch.equal(strain, copies[0])
    assert torch.equal(state, copies[1])


def test_a_strain_that_is_not_finite_gets_its_status():
    law, strain = norton(5.0), random_strain(4, 0.01, 8)
    strain[1, 2], strain[3, 0] = torch.nan, torch.inf
    status = law.integrate(strain, law.initial_state(4), 1.0).status
    assert status.tolist() == [0, laws.Status.NOT_FINITE, 0, laws.Status.NOT_FINITE]


def test_an_iteration_that_is_cut_off_gets_its_status(monkeypatch):
    monkeypatch.setattr("dmn_fe.laws.norton._MAX_ITERATIONS", 1)
    law, strain = norton(5.0), random_strain(2, 0.01, 9)
    strain[1] = 0.0
    status = law.integrate(strain, law.initial_state(2), 1.0).status
    assert status.tolist() == [laws.Status.MAX_ITERATIONS, 0]


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (
            lambda: laws.Norton(-1.0, 0.3, 1.0, 1.0, 5.0),
            "Norton: young = -1.0 must be finite and above",
        ),
        (lambda: laws.Norton(1.0, 0.5, 1.0, 1.0, 5.0), "Norton: poisson = 0.5 must lie"),
        (lambda: laws.Norton(1.0, 0.3, -1.0, 1.0, 5.0), "reference_rate = -1.0 must be >= 0"),
        (lambda: laws.Norton(1.0, 0.3, 1.0, 0.0, 5.0), "reference_stress = 0.0 must be above zero"),
        (lambda: laws.Norton(1.0, 0.3, 1.0, 1.0, 0.5), "exponent = 0.5 must be at least 1"),
        (lambda: laws.Norton(1.0, 0.3, 1.0, 1.0, math.inf), "exponent = inf must be finite"),
        (lambda: laws.Norton(1.0, 0.3, "1", 1.0, 5.0), "reference_rate = '1' is not a number"),
    ],
)
def test_bad_parameters_are_named(make, sentence):
    with pytest.raises(InputError, match=sentence):
        make()


@pytest.mark.parametrize("dt", [-1.0, math.nan, math.inf])
def test_a_bad_time_step_is_named(dt):
    law = norton(5.0)
    with pytest.raises(InputError, match=r"Norton: dt = .* must be finite and >= 0"):
        law.integrate(random_strain(1, 0.01, 0), law.initial_state(1), dt)
