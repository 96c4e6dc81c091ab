"""Trained networks as they are exported."""

import pytest
import torch
from helpers.laminates import network_stiffness
from helpers.networks import random_network
from helpers.training_data import stiffness_data

from dmn_fe import InputError
from dmn_fe.training import compressed, train
from dmn_fe.training.samples import split


@pytest.fixture(scope="module")
def data():
    return stiffness_data()


def test_the_errors_before_and_after_are_told(data):
    result = train(data, depth=3, iterations=30, seed=1)
    small = compressed(result.network, data, threshold=0.06)
    assert len(small.weights) < 8
    told = small.metadata["validation"]
    assert told["before_compression"] == {
        "leaves": 8,
        "linear_mean": result.chosen.validation_mean,
        "linear_max": result.chosen.validation_max,
    }
    errors = []
    for number in split(20, 0.2)[1].tolist():  # one by one, by plain recursion
        reference = data.effective[number]
        found = network_stiffness(small, data.phase_stiffness[number])
        errors.append(((found - reference).norm() / reference.norm()).item())
    assert told["linear_mean"] == pytest.approx(sum(errors) / 4, rel=1e-9)
    assert told["linear_max"] == pytest.approx(max(errors), rel=1e-9)
    assert told["linear_mean"] > 1.5 * result.chosen.validation_mean  # it matters


def test_by_default_only_what_does_nothing_is_left_out(data):
    result = train(data, depth=3, iterations=30, seed=1)
    result.network.weights[0] = 1e-9
    small = compressed(result.network, [data])
    assert len(small.weights) == 7
    before, after = (n.stiffness(data.phase_stiffness) for n in (result.network, small))
    torch.testing.assert_close(after, before, rtol=1e-6, atol=1e-6 * float(before.max()))


def test_a_network_without_a_training_is_refused(data):
    with pytest.raises(InputError, match=r"network\.compress"):
        compressed(random_network(3), data)
