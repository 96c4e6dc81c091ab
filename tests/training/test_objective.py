"""The loss against its formula, sample by sample, and its gradient against differences."""

import pytest
import torch
from helpers.laminates import network_stiffness
from helpers.networks import random_network
from torch import Tensor

from dmn_fe.homogenization import StiffnessDataset, sample_orthotropic
from dmn_fe.training import Settings
from dmn_fe.training.problem import TrainingProblem

FRACTIONS = (0.7, 0.3)


def dataset(samples: int = 6, dimension: int = 3) -> StiffnessDataset:
    phases = sample_orthotropic(samples, seed=1, contrast=10.0)
    teacher = random_network(2, seed=2, dimension=dimension)
    effective = torch.stack([network_stiffness(teacher, c) for c in phases])
    meta = {"phase_names": ["matrix", "inclusion"], "volume_fractions": FRACTIONS}
    return StiffnessDataset(phases, effective, meta)


def problem(**changes) -> TrainingProblem:
    settings = Settings(**{"depth": 2, **changes})
    return TrainingProblem([dataset(dimension=changes.get("dimension", 3))], settings)


def parameters(own: TrainingProblem, networks: int, seed: int = 3) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    size = own.parametrisation.size
    return 0.2 + 0.6 * torch.rand(networks, size, generator=generator, dtype=torch.float64)


def error(own: TrainingProblem, x: Tensor, sample: int, loss: str) -> float:
    """Error of one network at one sample, from the plain recursion."""
    data = own.data[0]
    reference = data.effective[sample]
    stiffness = network_stiffness(own.network(x), data.phase_stiffness[sample])
    if loss == "relative":
        return float((stiffness - reference).norm() / reference.norm())
    lower = torch.linalg.cholesky(reference)
    white = torch.linalg.solve(lower, torch.linalg.solve(lower, stiffness).mT)
    return float((white - torch.eye(6, dtype=torch.float64)).norm())


KINDS = [
    {"kind": "imn"},
    {"kind": "dmn"},
    {"kind": "imn", "oriented_phases": ("inclusion",)},
    {"kind": "imn", "oriented_phases": ("matrix", "inclusion")},
    {"kind": "imn", "dimension": 2},
    {"kind": "dmn", "dimension": 2},
    {"kind": "imn", "dimension": 2, "oriented_phases": ("matrix",)},
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("loss", ["relative", "whitened"])
def test_loss_is_the_formula(kind, loss):
    own = problem(loss=loss, regularisation=0.0, **kind)
    x, samples = parameters(own, 2), torch.tensor([4, 0, 3])
    value, _ = own.objective(x, samples)
    for k in range(2):
        squares = [error(own, x[k], s, loss) ** 2 for s in samples.tolist()]
        assert value[k].item() == pytest.approx(0.5 * sum(squares) / 3, rel=1e-10)
    held_out = own.objective.validation_loss(x, samples)
    torch.testing.assert_close(held_out, value, rtol=1e-12, atol=0)


@pytest.mark.parametrize("loss", ["relative", "whitened"])
def test_errors_are_relative_whatever_the_loss(loss):
    own = problem(loss=loss)
    x, samples = parameters(own, 2), torch.tensor([1, 5])
    errors = own.objective.errors(x, samples)
    for k in range(2):
        for position, sample in enumerate(samples.tolist()):
            expected = error(own, x[k], sample, "relative")
            assert errors[k, position].item() == pytest.approx(expected, rel=1e-10)


def test_penalties_are_the_formula():
    plain, samples = problem(regularisation=0.0), torch.tensor([0, 1])
    own = problem(regularisation=0.3, leaf_sum=1.7, fraction_penalty=5.0)
    x = parameters(own, 3)
    extra = own.objective(x, samples)[0] - plain.objective(x, samples)[0]
    for k in range(3):
        weights = own.network(x[k]).weights
        shares = [float(weights[p::2].sum() / weights.sum()) for p in (0, 1)]
        misfit = sum((s - f) ** 2 for s, f in zip(shares, FRACTIONS, strict=True))
        expected = 0.3 * (float(weights.sum()) - 1.7) ** 2 + 5.0 * misfit
        assert extra[k].item() == pytest.approx(expected, rel=1e-10)
    # They are no part of the validation.
    torch.testing.assert_close(
        own.objective.validation_loss(x, samples), plain.objective.validation_loss(x, samples)
    )


def test_half_the_leaves_is_the_sum_of_weights_by_default():
    own = problem(regularisation=1.0)
    assert own.settings.leaf_sum == 2.0
    x, samples = parameters(own, 1), torch.tensor([0])
    extra = own.objective(x, samples)[0] - problem(regularisation=0.0).objective(x, samples)[0]
    weights = own.network(x[0]).weights
    assert extra.item() == pytest.approx((weights.sum().item() - 2.0) ** 2, rel=1e-10)


def differences(own: TrainingProblem, x: Tensor, samples: Tensor, along: Tensor) -> Tensor:
    """Central differences of the loss along directions ``[directions, K, size]``."""
    h, found = 1e-5, []
    for d in along:
        upper, lower = (own.objective(x + s * h * d, samples)[0] for s in (1.0, -1.0))
        found.append((upper - lower) / (2 * h))
    return torch.stack(found)


def checked_gradient(own: TrainingProblem, x: Tensor, samples: Tensor) -> Tensor:
    """The gradient, which equals central differences along four directions."""
    _, gradient = own.objective(x, samples)
    generator = torch.Generator().manual_seed(4)
    along = torch.randn(4, *x.shape, generator=generator, dtype=torch.float64)
    slopes = (along * gradient).sum(-1)
    expected = differences(own, x, samples, along)
    torch.testing.assert_close(slopes, expected, rtol=1e-6, atol=1e-8 * float(slopes.abs().max()))
    return gradient


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("loss", ["relative", "whitened"])
@pytest.mark.parametrize("batches", ["shared", "own"])
def test_gradient_equals_central_differences(kind, loss, batches):
    own = problem(loss=loss, regularisation=0.1, fraction_penalty=1.0, **kind)
    x = parameters(own, 2)
    samples = torch.tensor([4, 0, 3])
    if batches == "own":
        samples = torch.tensor([[4, 0, 3], [2, 5, 0]])
    gradient = checked_gradient(own, x, samples)
    assert gradient.abs().amax(0).min() > 0  # every parameter counts


@pytest.mark.parametrize("kind", KINDS[:3])
@pytest.mark.parametrize("loss", ["relative", "whitened"])
def test_mini_batches_of_networks_are_those_of_each(kind, loss):
    own = problem(loss=loss, **kind)
    x, samples = parameters(own, 3), torch.tensor([[4, 0], [2, 5], [1, 1]])
    value, gradient = own.objective(x, samples)
    for k in range(3):
        one, slope = own.objective(x[k : k + 1], samples[k])
        torch.testing.assert_close(value[k], one[0], rtol=1e-12, atol=0)
        torch.testing.assert_close(gradient[k], slope[0], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("kind", KINDS[:3])
def test_parts_give_the_whole(kind, monkeypatch):
    """Samples one after the other, where they are too many to evaluate at once."""
    own = problem(regularisation=0.1, **kind)
    x, samples = parameters(own, 2), torch.tensor([4, 0, 3, 1, 2])
    each = samples.expand(2, -1)
    whole = [own.objective(x, samples), own.objective(x, each)]
    others = own.objective.errors(x, samples), own.objective.validation_loss(x, samples)
    torch.testing.assert_close(own.objective.errors(x, each), others[0], rtol=1e-12, atol=0)
    monkeypatch.setattr("dmn_fe.training.objective._CHUNK", 2 * 4 * 2)
    parts = [own.objective(x, samples), own.objective(x, each)]
    for a, b in zip(whole, parts, strict=True):
        torch.testing.assert_close(a[0], b[0], rtol=1e-12, atol=0)
        torch.testing.assert_close(a[1], b[1], rtol=1e-9, atol=1e-12)
    again = own.objective.errors(x, samples), own.objective.validation_loss(x, samples)
    torch.testing.assert_close(own.objective.errors(x, each), others[0], rtol=1e-12, atol=0)
    for a, b in zip(others, again, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-12, atol=0)


def test_a_leaf_without_weight_of_a_dmn_has_a_gradient_that_equals_differences():
    """Its weight is zero for all z below zero, also where both leaves of a laminate have none."""
    own = problem(kind="dmn", regularisation=0.1)
    x = parameters(own, 2)
    x[0, 1] = -0.3
    x[1, 2:4] = -0.3
    assert own.network(x[1]).weights[2:].tolist() == [0.0, 0.0]
    samples = torch.tensor([4, 0, 3])
    gradient = checked_gradient(own, x, samples)
    assert gradient[0, 1] == 0.0
    assert (gradient[1, 2:4] == 0.0).all()


def test_an_anisotropic_phase_of_a_dmn_turns_and_an_isotropic_one_does_not():
    data = dataset()
    phases = data.phase_stiffness.clone()
    phases[:, 1] = torch.eye(6, dtype=torch.float64)
    for stiffness, turned in ((data.phase_stiffness, [0, 1, 2, 3]), (phases, [0, 2])):
        own = TrainingProblem(
            [StiffnessDataset(stiffness, data.effective, data.meta)], Settings(depth=2, kind="dmn")
        )
        assert own.parametrisation.turned_leaves.tolist() == turned
        assert own.parametrisation.size == 4 + 3 * 3 + 3 * len(turned)


def test_the_stiffness_of_a_perfect_network_has_no_loss():
    teacher = random_network(2, seed=2)
    for loss in ("relative", "whitened"):
        own = problem(loss=loss, regularisation=0.0)
        x = own.parametrisation.parameters(teacher)[None]
        value, gradient = own.objective(x, torch.arange(6))
        assert value.item() < 1e-25
        assert gradient.abs().max() < 1e-11
