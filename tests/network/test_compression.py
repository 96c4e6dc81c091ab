"""Compression keeps the response where nothing but idle parts goes."""

import pytest
import torch
from helpers.laminates import network_stiffness
from helpers.networks import UNEVEN, random_network, random_stiffness

from dmn_fe import InputError
from dmn_fe.network import Network, compress
from dmn_fe.network.tree import Tree


def assert_same_response(first: Network, second: Network, rtol: float = 1e-11) -> None:
    c = random_stiffness(2, seed=21)
    torch.testing.assert_close(
        network_stiffness(first, c), network_stiffness(second, c), rtol=rtol, atol=rtol
    )


@pytest.mark.parametrize("tree", [Tree.complete(3), Tree(UNEVEN)])
@pytest.mark.parametrize("turned", [False, True])
def test_without_idle_parts_nothing_changes(tree, turned):
    network = random_network(tree=tree, turned=turned, seed=1)
    phases = torch.arange(tree.leaf_count) % 2
    small = compress(network, 0.0)
    assert torch.equal(small.is_leaf, network.is_leaf)
    assert torch.equal(small.leaf_phase, phases)
    assert_same_response(small, network)


def test_leaves_without_weight_are_lifted_away():
    network = random_network(3, seed=2)
    network.weights[[0, 1, 5]] = 0.0
    small = compress(network, 0.0)
    # 0 and 1 are a pair, so that their laminate goes and that above becomes its other child;
    # without 5, its sibling 4 takes the place of their laminate.
    assert len(small.weights) == 5
    # Breadth first: the leaf that was lifted comes first.
    assert sorted(small.weights.tolist()) == pytest.approx(
        sorted(w for w in network.weights.tolist() if w), rel=1e-14
    )
    assert_same_response(small, network)
    torch.testing.assert_close(small.volume_fractions, network.volume_fractions)


def test_pairs_of_one_phase_are_merged_upwards():
    """Four leaves of one phase under three laminates become one leaf."""
    network = random_network(3, seed=3)
    phase = torch.tensor([0, 0, 0, 0, 0, 1, 1, 1])
    network = Network(network.weights, network.normals, phase, ("a", "b"))
    small = compress(network, 0.0)
    assert small.is_leaf.tolist() == [False, True, False, False, True, True, True]
    assert small.leaf_phase.tolist() == [0, 1, 0, 1]
    w = network.weights
    assert small.weights.tolist() == pytest.approx(
        [w[:4].sum().item(), w[6:].sum().item(), w[4].item(), w[5].item()], rel=1e-14
    )
    torch.testing.assert_close(small.normals, network.normals[[0, 2, 5]])
    assert_same_response(small, network)


def test_leaves_of_different_axes_are_not_merged():
    network = random_network(2, turned=True, seed=4)
    phase, rotation = torch.tensor([0, 0, 1, 1]), network.rotations.clone()
    rotation[3] = rotation[2]
    network = Network(network.weights, network.normals, phase, ("a", "b"), leaf_rotation=rotation)
    small = compress(network, 0.0)
    assert small.is_leaf.tolist() == [False, False, True, True, True]
    assert small.leaf_phase.tolist() == [1, 0, 0]
    torch.testing.assert_close(small.leaf_rotation, rotation[[2, 0, 1]])
    assert_same_response(small, network)


def test_pruning_keeps_the_volume_fractions():
    network = random_network(3, seed=5)
    network.weights[2] = 1e-3 * network.weights.sum()
    network.weights[5] = 2e-3 * network.weights.sum()
    small = compress(network, 0.01)
    assert len(small.weights) == 6
    torch.testing.assert_close(small.volume_fractions, network.volume_fractions, rtol=1e-13, atol=0)
    assert_same_response(small, network, rtol=0.1)
    # Within a phase the ratios stay.
    kept = network.weights[[0, 4, 6]]
    own = small.weights[small.leaf_phase == 0]
    assert sorted((own / own.sum()).tolist()) == pytest.approx(sorted((kept / kept.sum()).tolist()))


def test_kind_dimension_and_metadata_stay():
    network = random_network(2, dimension=2, kind="dmn").with_metadata(seed=3)
    network.weights[0] = 0.0
    small = compress(network)
    assert (small.kind, small.dimension, small.metadata) == ("dmn", 2, {"seed": 3})


def test_compressing_twice_changes_nothing_more():
    network = random_network(4, seed=6)
    network.weights[::3] *= 1e-6
    once = compress(network)
    twice = compress(once)
    assert torch.equal(once.is_leaf, twice.is_leaf)
    torch.testing.assert_close(once.weights, twice.weights, rtol=1e-14, atol=0)


@pytest.mark.parametrize("threshold", [-0.1, 1.0, float("nan")])
def test_a_threshold_out_of_range_is_named(threshold):
    with pytest.raises(InputError, match="between 0 and 1"):
        compress(random_network(2), threshold)


@pytest.mark.parametrize("threshold", [0.99, 0.5])
def test_a_threshold_that_leaves_one_phase_is_named(threshold):
    network = random_network(1)
    network.weights[:] = torch.tensor([0.8, 0.2])
    with pytest.raises(InputError, match="one phase"):
        compress(network, threshold)


def test_a_phase_is_not_pruned_away():
    """Its volume fraction could not be kept: two leaves of the other phase are left."""
    network = random_network(2, turned=True)
    network.weights[:] = torch.tensor([0.5, 1e-6, 0.5, 1e-6])
    with pytest.raises(InputError, match="'inclusion'"):
        compress(network, 1e-3)
