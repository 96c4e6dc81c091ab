"""First parameters: random ones, and those of trained networks."""

import pytest
import torch
from helpers.laminates import network_stiffness
from helpers.networks import UNEVEN, random_network, random_stiffness

from dmn_fe import InputError, mandel
from dmn_fe.homogenization import StiffnessDataset, sample_orthotropic
from dmn_fe.network import Network, with_volume_fractions
from dmn_fe.network.dmn import DMN
from dmn_fe.network.imn import IMN
from dmn_fe.network.tree import Tree
from dmn_fe.training import Settings, train, train_seeds
from dmn_fe.training.start import copies, random_start


def data_of(network: Network, samples: int = 10, seed: int = 1) -> StiffnessDataset:
    phases = sample_orthotropic(samples, seed=seed, contrast=10.0, phases=len(network.phase_names))
    effective = torch.stack([network_stiffness(network, c) for c in phases])
    return StiffnessDataset(phases, effective, {"phase_names": list(network.phase_names)})


def sample_isotropic(samples: int) -> torch.Tensor:
    pairs = [
        [mandel.isotropic_stiffness(1.0, 0.3), mandel.isotropic_stiffness(2.0 + i, 0.2)]
        for i in range(samples)
    ]
    return torch.stack([torch.stack(pair) for pair in pairs])


@pytest.mark.parametrize("kind", [IMN, DMN])
@pytest.mark.parametrize("start", ["uniform", "normal"])
def test_a_seed_has_its_start_whatever_the_others(kind, start):
    own = kind(Tree.complete(3), 3, torch.tensor([1, 2]))
    together = random_start(own, start, [3, 0, 5])
    assert together.shape == (3, own.size)
    for k, seed in enumerate((3, 0, 5)):
        assert torch.equal(random_start(own, start, [seed])[0], together[k])
        assert torch.equal(random_start(own, start, [9, seed])[1], together[k])
    assert not torch.equal(together[0], together[1])


def test_random_numbers_are_drawn_as_documented():
    own = IMN(Tree.complete(9), 3)
    x, leaves = random_start(own, "uniform", [0])[0], 512
    z, angles = x[:leaves], x[leaves:]
    assert 0.0 <= z.min() < 0.01 < 0.99 < z.max() <= 1.0
    assert 0.0 <= angles.min() < 0.01 < 0.99 < angles.max() <= 1.0
    z = random_start(own, "uniform", [0], 0.4, 0.5)[0, :leaves]
    assert 0.4 <= z.min() < 0.402 < 0.498 < z.max() <= 0.5
    x = random_start(own, "normal", [0])[0]
    z, angles = x[:leaves], x[leaves:]
    assert z.mean().item() == pytest.approx(0.5, abs=0.03)
    assert z.std().item() == pytest.approx(0.15, rel=0.1)
    assert angles.mean().item() == pytest.approx(0.5, abs=0.05)
    assert angles.std().item() == pytest.approx(0.25, rel=0.1)


@pytest.mark.parametrize("kind", ["imn", "dmn"])
@pytest.mark.parametrize("dimension", [2, 3])
@pytest.mark.parametrize("levels", [0, 1, 2, 3])
def test_copies_keep_the_stiffness(kind, dimension, levels):
    network = random_network(2, kind=kind, dimension=dimension, turned=True, seed=4)
    larger, c = copies(network, levels), random_stiffness(2, seed=5)
    assert larger.depth == 2 + levels
    assert len(larger.weights) == 4 * 2**levels
    expected = network_stiffness(network, c)
    torch.testing.assert_close(network_stiffness(larger, c), expected, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(larger.stiffness(c), expected, rtol=1e-12, atol=1e-12)
    assert (larger.kind, larger.dimension) == (kind, dimension)
    assert larger.weights.sum().item() == pytest.approx(network.weights.sum().item())
    # Four copies stand under laminates of the normals e1 and e2.
    axes = torch.eye(3, dtype=torch.float64)
    for level in range(levels):
        own = larger.normals[2**level - 1 : 2 ** (level + 1) - 1]
        assert torch.equal(own, axes[level % dimension].expand_as(own))


def test_the_noise_of_copies_is_small_and_of_its_seed():
    network, c = random_network(2, seed=4), random_stiffness(2, seed=5)
    first, second, other = (copies(network, 2, seed) for seed in (1, 1, 2))
    assert torch.equal(first.weights, second.weights)
    assert not torch.equal(first.weights, other.weights)
    relative = first.weights / copies(network, 2).weights - 1.0
    assert 1e-8 < relative.abs().max() <= 1e-6
    error = (first.stiffness(c) - network.stiffness(c)).norm() / network.stiffness(c).norm()
    assert error < 1e-5


def test_networks_that_cannot_be_copied_are_refused():
    uneven = random_network(tree=Tree(UNEVEN))
    with pytest.raises(InputError, match="uncompressed"):
        copies(uneven, 1)
    with pytest.raises(InputError, match="same or a smaller depth"):
        copies(random_network(3), -1)


@pytest.mark.parametrize("kind", ["imn", "dmn"])
@pytest.mark.parametrize("depth", [2, 3, 4])
@pytest.mark.parametrize("origin", ["imn", "dmn"])
def test_training_goes_on_from_a_network(kind, depth, origin):
    """Of data that the network fits exactly there is nothing left to learn."""
    network = random_network(2, kind=origin, seed=6)
    data = data_of(network)
    if kind == "dmn" or origin == "dmn":  # no leaves to turn
        phases = sample_isotropic(10)
        effective = torch.stack([network_stiffness(network, c) for c in phases])
        data = StiffnessDataset(phases, effective, data.meta)
    result = train(
        data, depth=depth, kind=kind, pretrained=network, iterations=1, regularisation=0.0
    )
    assert result.network.depth == depth
    assert result.history[-1].validation_max < 1e-5
    assert result.network.weights.sum().item() == pytest.approx(2 ** (depth - 1), rel=1e-3)


@pytest.mark.parametrize("depth", [2, 3])
def test_a_start_is_scaled_to_the_volume_fractions_of_the_data(depth):
    """The network of the data itself, but at other fractions, is at once the answer."""
    network = random_network(2, seed=6)
    data = data_of(network)
    start = with_volume_fractions(network, {"matrix": 0.5, "inclusion": 0.5})
    changes = {"depth": depth, "iterations": 1, "regularisation": 0.0}
    unknown = train(data, pretrained=start, **changes)
    assert unknown.history[-1].validation_max > 0.01
    meta = {**data.meta, "volume_fractions": network.volume_fractions.tolist()}
    known = StiffnessDataset(data.phase_stiffness, data.effective, meta)
    result = train(known, pretrained=start, **changes)
    assert result.history[-1].validation_max < 1e-5


def test_oriented_leaves_are_kept():
    network = random_network(2, turned=True, seed=7)
    result = train(
        data_of(network),
        depth=3,
        oriented_phases=("matrix", "inclusion"),
        pretrained=network,
        iterations=1,
    )
    assert result.history[-1].validation_max < 1e-5
    with pytest.raises(InputError, match="oriented_phases"):
        train(data_of(network), depth=3, pretrained=network, iterations=1)


@pytest.mark.parametrize("phases", [2, 3])
def test_a_start_of_three_phases_is_copied_too(phases):
    weights = random_network(2, seed=8)
    network = Network(
        weights.weights,
        weights.normals,
        torch.arange(4) % phases,
        tuple("abc"[:phases]),
    )
    result = train(data_of(network), depth=4, pretrained=network, iterations=1)
    assert result.history[-1].validation_max < 1e-5
    assert result.network.leaf_phase.tolist() == (torch.arange(4) % phases).tolist() * 4


@pytest.mark.parametrize("phases", [2, 3])
@pytest.mark.parametrize("kind", ["imn", "dmn"])
def test_quilting_starts_where_the_smaller_network_ended(phases, kind):
    """From the loss that the smaller network has reached."""
    teacher = random_network(3, seed=9)
    teacher = Network(
        teacher.weights, teacher.normals, torch.arange(8) % phases, tuple("abc"[:phases])
    )
    data = data_of(teacher, 12)
    changes = {"seeds": [1, 2], "kind": kind, "iterations": 10, "regularisation": 0.0}
    smaller = train_seeds(data, depth=2, **changes)
    quilted = train_seeds(data, Settings(depth=4, start="quilting"), **changes)
    for small, large in zip(smaller, quilted, strict=True):
        assert small.chosen.loss < 0.8 * small.history[0].loss
        assert large.history[0].loss == pytest.approx(small.chosen.loss, rel=0.02)


@pytest.mark.parametrize(
    ("start", "changes", "word"),
    [
        (lambda: "net.dmn", {}, "is a str"),
        (lambda: random_network(3), {"depth": 2}, "smaller depth"),
        (lambda: random_network(2, dimension=2), {}, "dimension"),
        (lambda: random_network(tree=Tree(UNEVEN)), {"depth": 4}, "uncompressed"),
        (
            lambda: Network(
                torch.ones(2, dtype=torch.float64),
                torch.eye(3, dtype=torch.float64)[:1],
                torch.tensor([0, 1]),
                ("matrix", "fibre"),
            ),
            {},
            "phases",
        ),
    ],
)
def test_a_start_that_does_not_fit_is_named(start, changes, word):
    data = data_of(random_network(2))
    with pytest.raises(InputError, match=word):
        train(data, pretrained=start(), **{"depth": 3, "iterations": 1, **changes})
