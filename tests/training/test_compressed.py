"""Trained networks as they are exported."""

import pytest
import torch
from helpers.laminates import network_stiffness
from helpers.networks import random_network
from helpers.training_data import stiffness_data

from dmn_fe import InputError, load, save
from dmn_fe.homogenization import StiffnessDataset
from dmn_fe.training import compressed, train, train_ensemble
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


@pytest.mark.parametrize(("threshold", "weight"), [(None, 0.0), (0.0, 0.0), (None, 9e-7)])
def test_a_network_that_has_lost_a_phase_stays_as_it_is(data, threshold, weight):
    network = train(data, depth=3, iterations=2).network
    network.weights[network.leaf_phase == 1] = weight  # of a sum of some units
    small = compressed(network, data, threshold)
    assert len(small.weights) == 8
    assert small.metadata["validation"]["linear_mean"] > 0.01
    with pytest.raises(InputError, match="threshold"):
        compressed(network, data, threshold=0.9)


def test_a_network_without_a_training_is_refused(data):
    with pytest.raises(InputError, match=r"network\.compress"):
        compressed(random_network(3), data)


def test_other_data_than_those_it_learnt_from_are_refused(data):
    """Other samples would be held out, and the errors be those of what it has learnt."""
    network = train(data, depth=2, iterations=2).network
    for change in ({"rve_hash": "another"}, {"samples": 30}):
        other = StiffnessDataset(data.phase_stiffness, data.effective, {**data.meta, **change})
        with pytest.raises(InputError, match="not those that the network was trained on"):
            compressed(network, other)


def test_a_trained_ensemble_comes_back_from_its_file(data, tmp_path):
    ensemble, _ = train_ensemble(data, k=2, depth=2, iterations=2)
    save(ensemble, tmp_path / "both.dmn")
    for member, found in zip(ensemble.networks, load(tmp_path / "both.dmn").networks, strict=True):
        assert torch.equal(member.weights, found.weights)
        assert torch.equal(member.leaf_phase, found.leaf_phase)
        assert member.metadata == found.metadata
