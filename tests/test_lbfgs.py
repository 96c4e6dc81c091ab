"""L-BFGS for many problems at once: known minima, independence of the rows, hard functions."""

import pytest
import torch
from torch import Tensor

from dmn_fe.lbfgs import LBFGS


def numbers(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def differentiated(function):
    """``(parameters [k, P], rows [k])`` to values and gradients, of a function of the same."""

    def both(parameters: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
        x = parameters.detach().requires_grad_()
        value = function(x, rows)
        return value.detach(), torch.autograd.grad(value.sum(), x)[0]

    return both


def quadratics(problems: int, size: int):
    """Convex quadratic functions of condition number 100 and their minima."""
    axes, _ = torch.linalg.qr(numbers(problems, size, size, seed=1))
    matrix = axes @ torch.diag(torch.logspace(-1, 1, size, dtype=torch.float64)) @ axes.mT
    minimum = numbers(problems, size, seed=2)

    def function(x, rows):
        d = x - minimum[rows]
        return 0.5 * torch.einsum("ki,kij,kj->k", d, matrix[rows], d)

    return differentiated(function), minimum


@differentiated
def rosenbrock(x, rows):
    return 100.0 * (x[:, 1] - x[:, 0] ** 2) ** 2 + (1.0 - x[:, 0]) ** 2


STARTS = torch.tensor([[-1.2, 1.0], [0.0, 0.0], [2.0, -1.0], [-3.0, 4.0]], dtype=torch.float64)


def minimise(function, start: Tensor, steps: int) -> LBFGS:
    optimiser = LBFGS(function, start)
    for _ in range(steps):
        optimiser.step()
    return optimiser


def test_quadratics_are_minimised_in_a_few_iterations_more_than_parameters():
    size = 6
    function, minimum = quadratics(5, size)
    optimiser = minimise(function, torch.zeros(5, size, dtype=torch.float64), 4 * size)
    torch.testing.assert_close(optimiser.parameters, minimum, rtol=0, atol=1e-6)
    assert optimiser.value.max() < 1e-12
    # Steepest descent would have lost no more than this factor.
    assert optimiser.evaluations < 2 * 4 * size


def test_rosenbrock_is_minimised_from_all_sides():
    optimiser = minimise(rosenbrock, STARTS, 80)
    torch.testing.assert_close(optimiser.parameters, torch.ones_like(STARTS), rtol=0, atol=1e-6)
    assert optimiser.value.max() < 1e-13


def test_every_step_keeps_the_weak_wolfe_conditions():
    optimiser = LBFGS(rosenbrock, STARTS)
    rows = torch.arange(len(STARTS))
    for _ in range(25):
        before = optimiser.parameters
        value, gradient = rosenbrock(before, rows)
        optimiser.step()
        new_value, new_gradient = rosenbrock(optimiser.parameters, rows)
        step = optimiser.parameters - before
        slope = (gradient * step).sum(-1)
        moved = step.abs().amax(-1) > 0
        assert (slope[moved] < 0).all()
        assert (new_value <= value + 1e-4 * slope + 1e-15).all()
        assert ((new_gradient * step).sum(-1) >= 0.9 * slope - 1e-15).all()
        torch.testing.assert_close(optimiser.value, new_value, rtol=1e-14, atol=0)


def test_rows_do_not_depend_on_each_other():
    """Each row goes alone as in the batch: same parameters and values at every iteration."""
    batch = LBFGS(rosenbrock, STARTS)
    alone = [LBFGS(rosenbrock, STARTS[k : k + 1]) for k in range(4)]
    for _ in range(60):
        batch.step()
        for k, one in enumerate(alone):
            one.step()
            assert torch.equal(one.parameters[0], batch.parameters[k])
            assert torch.equal(one.value[0], batch.value[k])
            assert one.active[0] == batch.active[k]


def test_the_function_is_told_its_rows():
    seen = []
    function, minimum = quadratics(3, 2)

    def told(parameters, rows):
        seen.append(rows.tolist())
        return function(parameters, rows)

    start = torch.zeros(3, 2, dtype=torch.float64)
    start[1] = minimum[1]  # nothing to do for this row
    minimise(told, start, 5)
    assert seen[0] == [0, 1, 2]
    assert all(set(rows) <= {0, 2} for rows in seen[1:])


@differentiated
def barrier(x, rows):
    """Minimum at one; not a number below zero."""
    return (x - torch.log(x)).sum(-1)


@pytest.mark.parametrize("start", [1e-3, 30.0, 1.0 + 1e-9])
def test_a_function_may_be_undefined_beyond_a_border(start):
    optimiser = minimise(barrier, torch.full((1, 3), start, dtype=torch.float64), 60)
    assert optimiser.parameters[0].tolist() == pytest.approx([1.0] * 3, abs=1e-6)


def test_a_row_that_is_no_number_at_the_start_stops_and_harms_no_other():
    start = torch.tensor([[-1.0, 2.0], [2.0, 3.0]], dtype=torch.float64)
    optimiser = minimise(barrier, start, 30)
    assert optimiser.active[0].item() is False
    assert torch.equal(optimiser.parameters[0], start[0])
    assert not torch.isfinite(optimiser.value[0])
    alone = minimise(barrier, start[1:], 30)
    assert torch.equal(optimiser.parameters[1], alone.parameters[0])
    assert optimiser.parameters[1].tolist() == pytest.approx([1.0, 1.0], abs=1e-6)


def test_a_gradient_that_is_no_number_is_no_step():
    def function(parameters, rows):
        value, gradient = barrier(parameters, rows)
        return value, torch.where((parameters > 1.5).any(-1)[:, None], torch.nan, gradient)

    optimiser = minimise(function, torch.full((1, 2), 0.2, dtype=torch.float64), 40)
    assert optimiser.parameters[0].tolist() == pytest.approx([1.0, 1.0], abs=1e-6)


def test_at_a_minimum_there_is_nothing_to_do():
    function, minimum = quadratics(2, 3)
    optimiser = minimise(function, minimum, 3)
    assert not optimiser.active.any()
    assert torch.equal(optimiser.parameters, minimum)
    assert optimiser.value.tolist() == [0.0, 0.0]


def test_a_stall_ends_a_row():
    """A gradient that points uphill: no step lowers the function."""

    def wrong(parameters, rows):
        value, gradient = rosenbrock(parameters, rows)
        return value, torch.where((rows == 0)[:, None], -gradient, gradient)

    optimiser = minimise(wrong, STARTS[:2], 60)
    assert optimiser.active[0].item() is False
    assert torch.equal(optimiser.parameters[0], STARTS[0])
    assert optimiser.parameters[1].tolist() == pytest.approx([1.0, 1.0], abs=1e-6)


@pytest.mark.parametrize("scale", [1e-12, 1e12])
def test_the_unit_of_the_function_does_not_matter(scale):
    def scaled(parameters, rows):
        value, gradient = rosenbrock(parameters, rows)
        return scale * value, scale * gradient

    optimiser = minimise(scaled, STARTS, 150)
    torch.testing.assert_close(optimiser.parameters, torch.ones_like(STARTS), rtol=0, atol=1e-4)


def test_it_goes_on_from_its_state():
    whole = minimise(rosenbrock, STARTS, 30)
    first = minimise(rosenbrock, STARTS, 13)
    state = {name: value.clone() for name, value in first.state().items()}
    second = LBFGS(rosenbrock, torch.zeros_like(STARTS))
    second.set_state(state)
    for _ in range(17):
        second.step()
    for name, value in whole.state().items():
        assert torch.equal(second.state()[name], value), name
