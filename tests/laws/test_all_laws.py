"""What every law keeps to."""

import math

import pytest
import torch
from helpers.differences import tangent_error
from helpers.laws import LAWS, AtFixedStep, random_strain, strains_up_to

from dmn_fe import InputError, laws

RATE_DEPENDENT = ["Norton", "Perzyna", "Maxwell", "Crystal"]
each_law = pytest.mark.parametrize(("law", "dt"), LAWS.values(), ids=list(LAWS))


def stiffest(law) -> float:
    """Largest entry of the tangent of a virgin point at once."""
    zero = torch.zeros(1, 6, dtype=torch.float64)
    return max(law.integrate(zero, law.initial_state(1)).tangent.abs().max().item(), 1.0)


@each_law
def test_a_law_follows_the_protocol(law, dt):
    assert isinstance(law, laws.MaterialLaw)
    assert law.initial_state(3).shape == (3, law.state_size)
    assert law.is_isotropic in (True, False)
    update = law.integrate(torch.zeros(3, 6, dtype=torch.float64), law.initial_state(3), dt)
    assert not update.stress.any()
    assert torch.equal(update.state, law.initial_state(3))
    assert update.status.tolist() == [0] * 3


@each_law
def test_tangent_equals_central_differences(law, dt):
    committed = law.integrate(random_strain(150, 0.01, 1), law.initial_state(150), dt).state
    strain = random_strain(150, 0.015, 2)
    error = tangent_error(AtFixedStep(law, dt), strain, committed, scale=stiffest(law))
    assert error.max() < 1e-6
    tangent = law.integrate(strain, committed, dt).tangent
    skew = (tangent - tangent.mT).abs().max()
    assert (skew < 1e-9 * stiffest(law)) == law.symmetric_tangent


@each_law
def test_integrate_leaves_its_arguments_alone(law, dt):
    state = law.integrate(random_strain(10, 0.01, 3), law.initial_state(10), dt).state
    strain = random_strain(10, 0.02, 4)
    copies = strain.clone(), state.clone()
    _ = law.integrate(strain, state, dt).tangent
    assert torch.equal(strain, copies[0])
    assert torch.equal(state, copies[1])


@each_law
def test_many_points_are_as_one_by_one(law, dt):
    strain = random_strain(20, 0.02, 5) * torch.logspace(-4, 0, 20, dtype=torch.float64)[:, None]
    state = law.integrate(random_strain(20, 0.01, 6), law.initial_state(20), dt).state
    together = law.integrate(strain, state, dt)
    scale = stiffest(law)
    for i in range(20):
        alone = law.integrate(strain[i, None], state[i, None], dt)
        for ours, other, size in (
            (together.stress, alone.stress, scale),
            (together.state, alone.state, 1.0),
            (together.tangent, alone.tangent, 1e3 * scale),
        ):
            torch.testing.assert_close(ours[i], other[0], rtol=1e-11, atol=1e-14 * size)


@each_law
def test_a_strain_that_is_not_finite_gets_its_status(law, dt):
    strain = random_strain(4, 0.01, 7)
    strain[1, 2], strain[3, 0] = torch.nan, torch.inf
    status = law.integrate(strain, law.initial_state(4), dt).status
    assert status.tolist() == [0, laws.Status.NOT_FINITE, 0, laws.Status.NOT_FINITE]


@each_law
def test_large_strains_in_one_step(law, dt):
    """Up to 3 %, from the virgin state and from the state after such a step."""
    state = law.initial_state(10_000)
    for seed in (8, 9):
        update = law.integrate(strains_up_to(0.03, 10_000, seed), state, dt)
        assert not update.status.any()
        assert torch.isfinite(update.state).all()
        state = update.state


@each_law
def test_a_path_from_the_virgin_state_takes_work(law, dt):
    state, strain = law.initial_state(50), torch.zeros(50, 6, dtype=torch.float64)
    work = torch.zeros(50, dtype=torch.float64)
    for step in range(30):
        change = random_strain(50, 0.003, 100 + step)
        strain = strain + change
        update = law.integrate(strain, state, dt)
        work = work + (update.stress * change).sum(-1)
        assert (work >= 0).all()
        state = update.state


@pytest.mark.parametrize("name", RATE_DEPENDENT)
def test_without_time_a_law_is_elastic(name):
    law, dt = LAWS[name]
    committed = law.integrate(random_strain(20, 0.01, 10), law.initial_state(20), dt)
    zero = torch.zeros(1, 6, dtype=torch.float64)
    elastic = law.integrate(zero, law.initial_state(1)).tangent
    change = random_strain(20, 0.01, 11)
    update = law.integrate(random_strain(20, 0.01, 10) + change, committed.state)
    expected = committed.stress + (elastic @ change[..., None])[..., 0]
    torch.testing.assert_close(update.stress, expected, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(update.tangent, elastic.expand(20, 6, 6))
    if name != "Maxwell":  # whose state is its strain and stresses
        assert torch.equal(update.state, committed.state)


@pytest.mark.parametrize("name", RATE_DEPENDENT)
@pytest.mark.parametrize("dt", [-1.0, math.nan, math.inf])
def test_a_bad_time_step_is_named(name, dt):
    law, _ = LAWS[name]
    with pytest.raises(InputError, match=rf"{type(law).__name__}: dt = .* must be finite and >= 0"):
        law.integrate(random_strain(1, 0.01, 0), law.initial_state(1), dt)
