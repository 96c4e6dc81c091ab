"""A law from a function: its tangent, and what it says of functions that do not fit."""

import math

import pytest
import torch
from helpers.laws import random_strain

from dmn_fe import InputError, laws

PLASTIC = laws.J2(3000.0, 0.35, laws.VoceHardening(30.0, 20.0, 50.0))


def plastic(strain, state, dt):
    """With a loop that ends when all points are done."""
    update = PLASTIC.integrate(strain, state, dt)
    return update.stress, update.state


def test_it_is_the_law_that_the_function_is():
    law = laws.Batched(plastic, 7, is_isotropic=True, symmetric=True)
    state = PLASTIC.integrate(random_strain(100, 0.01, 0), PLASTIC.initial_state(100)).state
    strain = random_strain(100, 0.02, 1)
    update, expected = law.integrate(strain, state), PLASTIC.integrate(strain, state)
    assert torch.equal(update.stress, expected.stress)
    assert torch.equal(update.state, expected.state)
    torch.testing.assert_close(update.tangent, expected.tangent)
    assert (law.is_isotropic, law.symmetric_tangent) == (True, True)


def test_the_tangent_does_not_need_gradients_around_it():
    law, strain = laws.Batched(plastic, 7), random_strain(5, 0.02, 2)
    expected = PLASTIC.integrate(strain, law.initial_state(5)).tangent
    with torch.no_grad():
        torch.testing.assert_close(law.integrate(strain, law.initial_state(5)).tangent, expected)


def test_the_time_step_and_the_virgin_state_reach_the_function():
    law = laws.Batched(lambda e, s, dt: (s[:, :1] * dt * e, s), 2, virgin=torch.tensor([3.0, 4.0]))
    strain, state = random_strain(4, 1.0, 3), law.initial_state(4)
    assert torch.equal(state[0], torch.tensor([3.0, 4.0], dtype=torch.float64))
    update = law.integrate(strain, state, 2.0)
    torch.testing.assert_close(update.stress, 6.0 * strain)
    torch.testing.assert_close(update.tangent[1], 6.0 * torch.eye(6, dtype=torch.float64))


def test_a_tangent_that_is_not_symmetric_as_said_is_refused():
    law = laws.Batched(lambda e, s, dt: (e + 0.1 * e.roll(1, -1), s), symmetric=True)
    update = law.integrate(random_strain(30, 0.01, 0), law.initial_state(30))
    with pytest.raises(InputError, match="says symmetric of a tangent that is not"):
        _ = update.tangent


def test_a_function_may_write_into_what_it_gets():
    def doubled(strain, state, dt):
        state += 1.0
        return strain.mul_(2.0), state

    law, strain = laws.Batched(doubled, 1), random_strain(3, 0.01, 4)
    state, copy = law.initial_state(3), strain.clone()
    update = law.integrate(strain, state)
    torch.testing.assert_close(update.stress, 2.0 * copy)
    torch.testing.assert_close(update.tangent[0], 2.0 * torch.eye(6, dtype=torch.float64))
    assert torch.equal(strain, copy)
    assert not state.any()


def test_a_point_that_is_not_finite_gets_its_status():
    law = laws.Batched(lambda e, s, dt: (e.sqrt(), s / (e[:, :1] - 4.0)), 1)
    strain = torch.ones(3, 6, dtype=torch.float64)
    strain[1, 2], strain[2, 0] = -1.0, 4.0
    status = law.integrate(strain, torch.ones(3, 1, dtype=torch.float64)).status
    assert status.tolist() == [0, laws.Status.NOT_FINITE, laws.Status.NOT_FINITE]


@pytest.mark.parametrize(
    ("function", "sentence"),
    [
        (lambda e, s, dt: e, r"the function returned a Tensor; return \(stress, new_state\)"),
        (lambda e, s, dt: (e, s, e), "the function returned a tuple of 3; return"),
        (lambda e, s, dt: (e, None), "the new state is a NoneType; return a tensor"),
        (
            lambda e, s, dt: (e[:, :3], s),
            r"the stress is torch.float64 with the shape \(2, 3\), exp",
        ),
        (lambda e, s, dt: (e.float(), s), "the stress is torch.float32 with the shape"),
        (
            lambda e, s, dt: (e, e),
            r"new state is .* \(2, 6\), expected torch.float64 with \(2, 1\)",
        ),
    ],
)
def test_a_function_that_returns_something_else_is_named(function, sentence):
    law = laws.Batched(function, 1)
    with pytest.raises(InputError, match=rf"Batched\(.*<lambda>, state_size=1\): .*{sentence}"):
        law.integrate(random_strain(2, 0.01, 5), law.initial_state(2))


def test_a_function_outside_torch_has_no_tangent():
    def outside(strain, state, dt):
        return torch.from_numpy(2.0 * strain.numpy()), state

    update = laws.Batched(outside).integrate(random_strain(2, 0.01, 6), torch.zeros(2, 0).double())
    assert update.stress.any()
    with pytest.raises(InputError, match=r"torch\.func\.jvp cannot differentiate the function"):
        _ = update.tangent


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: laws.Batched("J2"), "function = 'J2' cannot be called"),
        (lambda: laws.Batched(plastic, -1), "state_size = -1 must be a whole number >= 0"),
        (lambda: laws.Batched(plastic, 7.0), "state_size = 7.0 must be a whole number"),
        (lambda: laws.Batched(plastic, 7, virgin=torch.zeros(6)), r"virgin has the shape \(6,\)"),
        (lambda: laws.Batched(plastic, 1, virgin=math.pi), r"virgin has the shape \(\)"),
    ],
)
def test_bad_parameters_are_named(make, sentence):
    with pytest.raises(InputError, match=sentence):
        make()
