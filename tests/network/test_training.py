"""Training on data whose answer is known: the effective stiffness of another network."""

import pytest
import torch
from helpers.networks import random_network

from dmn_fe import InputError
from dmn_fe.homogenization import StiffnessDataset, sample_tangent_like
from dmn_fe.network import relative_errors, train
from dmn_fe.network.tree import tree_stiffness


@pytest.fixture(scope="module")
def dataset() -> StiffnessDataset:
    phase_stiffness = sample_tangent_like(60, seed=3)
    effective = random_network(2, seed=5).stiffness(phase_stiffness)
    meta = {"kind": "teacher", "phase_names": ["matrix", "inclusion"]}
    return StiffnessDataset(phase_stiffness, effective, meta)


def test_a_network_learns_another_network(dataset):
    reports = []
    result = train(
        dataset, depth=3, seed=0, iterations=200, progress=lambda *report: reports.append(report)
    )
    validation = result.network.metadata["validation"]
    assert validation["linear_mean"] < 0.005
    assert result.history[0][2] > 5 * validation["linear_mean"]
    assert reports[-1][0] == result.history[-1][0] <= 200
    # The teacher's fractions come out although only stiffnesses were shown.
    teacher = random_network(2, seed=5).volume_fractions
    torch.testing.assert_close(result.network.volume_fractions, teacher, rtol=0, atol=0.01)


def test_the_best_parameters_are_kept(dataset):
    result = train(dataset, depth=2, seed=1, iterations=60)
    best = min(row[2] for row in result.history)
    assert result.network.metadata["validation"]["linear_mean"] == pytest.approx(best, rel=1e-12)


def test_the_same_seed_gives_the_same_network(dataset):
    first, second = (train(dataset, depth=2, seed=4, iterations=20).network for _ in range(2))
    assert torch.equal(first.weights, second.weights)
    assert torch.equal(first.normals, second.normals)
    other = train(dataset, depth=2, seed=5, iterations=20).network
    assert not torch.equal(first.weights, other.weights)


def test_gradient_of_the_stiffness_equals_differences(dataset):
    """Autograd through the level-batched tree, for weights and normals."""
    network = random_network(3, seed=2)
    samples = dataset.phase_stiffness[:3]

    def total(weights, normals):
        return tree_stiffness(samples, weights, normals, network.leaf_phase)

    weights = network.weights.clone().requires_grad_()
    normals = network.normals.clone().requires_grad_()
    assert torch.autograd.gradcheck(total, (weights, normals), eps=1e-6, atol=1e-6)


def test_relative_errors():
    reference = torch.eye(6, dtype=torch.float64).expand(2, 6, 6)
    errors = relative_errors(1.1 * reference, reference)
    torch.testing.assert_close(errors, torch.full((2,), 0.1, dtype=torch.float64))


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"depth": 0}, "depth"),
        ({"iterations": 0}, "iterations"),
        ({"validation_fraction": 1.0}, "validation_fraction"),
        ({"validation_fraction": 0.001}, "split"),
        ({"seed": 2**70}, "seed"),
    ],
)
def test_wrong_arguments_are_named(dataset, arguments, word):
    with pytest.raises(InputError, match=word):
        train(dataset, **arguments)
