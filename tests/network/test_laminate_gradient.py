"""The exact gradient of the laminate against automatic differentiation."""

import pytest
import torch
from helpers import laminates
from helpers.networks import random_stiffness

from dmn_fe.network.laminate import mix_stiffness
from dmn_fe.network.laminate_gradient import laminate_stiffness


def arguments(dimension: int, shape: tuple[int, ...], seed: int = 0) -> list[torch.Tensor]:
    """Two stiffnesses ``[c, c, *shape]``, fraction ``[*shape]`` and normal ``[dim, *shape]``."""
    c = 6 if dimension == 3 else 3
    generator = torch.Generator().manual_seed(seed)
    pair = random_stiffness(2, *shape, seed=seed)[..., :c, :c].movedim((-2, -1), (1, 2))
    fraction = 0.05 + 0.9 * torch.rand(shape, generator=generator, dtype=torch.float64)
    normal = torch.randn((dimension, *shape), generator=generator, dtype=torch.float64)
    return [*pair, fraction, normal / normal.norm(dim=0)]


def direction(like: torch.Tensor, seed: int = 9) -> torch.Tensor:
    """A symmetric derivative of a loss."""
    generator = torch.Generator().manual_seed(seed)
    matrix = torch.randn(like.shape, generator=generator, dtype=torch.float64)
    return matrix + matrix.transpose(0, 1)


def gradients(function, values: list[torch.Tensor]) -> list[torch.Tensor]:
    """Gradients of a loss; those of stiffnesses symmetrised, as only this part has a meaning."""
    values = [v.detach().clone().requires_grad_() for v in values]
    result = function(*values)
    loss = (result * direction(result)).sum()
    found = list(torch.autograd.grad(loss, values))
    found[:2] = [0.5 * (g + g.transpose(0, 1)) for g in found[:2]]
    return found


def assert_same(first: list[torch.Tensor], second: list[torch.Tensor]) -> None:
    for a, b in zip(first, second, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-10 * float(b.abs().max()))


@pytest.mark.parametrize("dimension", [3, 2])
def test_gradient_equals_automatic_differentiation(dimension):
    values = arguments(dimension, (4, 3))
    torch.testing.assert_close(
        laminate_stiffness(*values), mix_stiffness(*values)[0], rtol=0, atol=0
    )
    assert_same(
        gradients(laminate_stiffness, values), gradients(lambda *v: mix_stiffness(*v)[0], values)
    )


@pytest.mark.parametrize("dimension", [3, 2])
def test_gradient_equals_that_of_the_closed_form(dimension):
    values = arguments(dimension, (), seed=1)
    one = [v[..., None] for v in values]
    torch.testing.assert_close(
        laminate_stiffness(*one)[..., 0], laminates.rank_one(*values), rtol=1e-12, atol=1e-12
    )
    found = [g[..., 0] for g in gradients(laminate_stiffness, one)]
    assert_same(found, gradients(laminates.rank_one, values))


@pytest.mark.parametrize("dimension", [3, 2])
def test_shared_arguments_collect_the_gradients_of_all(dimension):
    """Stiffness of all networks at once, geometry of all samples at once."""
    nodes, networks, samples = 2, 3, 4
    c1, c2, _, _ = arguments(dimension, (nodes, 1, samples), seed=2)
    _, _, fraction, normal = arguments(dimension, (nodes, networks, 1), seed=3)
    values = [c1, c2, fraction, normal]
    shapes = [v.shape for v in values]
    found = gradients(laminate_stiffness, values)
    assert [g.shape for g in found] == shapes
    assert_same(found, gradients(lambda *v: mix_stiffness(*v)[0], values))


def test_only_what_is_asked_for_is_derived():
    c1, c2, fraction, normal = arguments(3, (2,), seed=4)
    fraction.requires_grad_()
    laminate_stiffness(c1, c2, fraction, normal).sum().backward()
    assert fraction.grad is not None
    assert c1.grad is None
    assert normal.grad is None


@pytest.mark.parametrize("dimension", [3, 2])
def test_void_siblings_give_zero_and_finite_gradients(dimension):
    """Two phases without stiffness beside a node of solid ones."""
    values = arguments(dimension, (2,), seed=5)
    for stiffness in values[:2]:
        stiffness[:, :, 0] = 0.0
    result = laminate_stiffness(*values)
    assert (result[:, :, 0] == 0).all()
    found = gradients(laminate_stiffness, values)
    assert all(torch.isfinite(g).all() for g in found)
    assert (found[2][0], found[3][:, 0].abs().max()) == (0.0, 0.0)
    w = direction(result)[..., 1]
    plain = [v[..., 1].detach().clone().requires_grad_() for v in values]
    loss = (laminates.rank_one(*plain) * w).sum()
    expected = torch.autograd.grad(loss, plain[2:])
    assert_same([found[2][1], found[3][:, 1]], list(expected))


@pytest.mark.parametrize("dimension", [3, 2])
def test_one_void_phase_has_a_finite_gradient(dimension):
    """A plate between voids: the closed form with the sibling's stiffness zero."""
    values = arguments(dimension, (1,), seed=6)
    values[1] = torch.zeros_like(values[1])
    found = gradients(laminate_stiffness, values)
    plain = gradients(laminates.rank_one, [v[..., 0] for v in values])
    assert_same([g[..., 0] for g in found], plain)
