"""Training on data whose answer is known: the effective stiffness of another network."""

import pytest
import torch
from helpers.networks import random_network

from dmn_fe import InputError
from dmn_fe.homogenization import StiffnessDataset, sample_tangent_like
from dmn_fe.training import train


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
    assert result.history[0].validation_mean > 5 * validation["linear_mean"]
    assert reports[-1][0] == result.history[-1].iteration <= 200
    # The teacher's fractions come out although only stiffnesses were shown.
    teacher = random_network(2, seed=5).volume_fractions
    torch.testing.assert_close(result.network.volume_fractions, teacher, rtol=0, atol=0.01)


def test_the_best_parameters_are_kept(dataset):
    result = train(dataset, depth=2, seed=1, iterations=60)
    best = min(result.history, key=lambda row: row.validation_loss)
    assert result.chosen == best
    validation = result.network.metadata["validation"]
    assert validation["linear_mean"] == pytest.approx(best.validation_mean, rel=1e-12)


def test_the_same_seed_gives_the_same_network(dataset):
    first, second = (train(dataset, depth=2, seed=4, iterations=20).network for _ in range(2))
    assert torch.equal(first.weights, second.weights)
    assert torch.equal(first.normals, second.normals)
    other = train(dataset, depth=2, seed=5, iterations=20).network
    assert not torch.equal(first.weights, other.weights)


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
