"""Networks of other volume fractions, and between trained ones."""

import math

import pytest
import torch
from helpers.networks import UNEVEN, random_network, random_stiffness

from dmn_fe import InputError
from dmn_fe.network import Network, interpolate, with_volume_fractions
from dmn_fe.network.tree import Tree


def replaced(network: Network, **changes) -> Network:
    entries = {
        name: getattr(network, name)
        for name in (
            "weights",
            "normals",
            "leaf_phase",
            "phase_names",
            "is_leaf",
            "leaf_rotation",
            "dimension",
        )
    }
    return Network(**{**entries, **changes})


def about_e3(turns: float) -> torch.Tensor:
    c, s = math.cos(2 * math.pi * turns), math.sin(2 * math.pi * turns)
    return torch.tensor([[c, -s, 0], [s, c, 0], [0, 0, 1]], dtype=torch.float64)


@pytest.mark.parametrize("tree", [Tree.complete(2), Tree(UNEVEN)])
def test_volume_fractions_are_as_asked_for(tree):
    network = random_network(tree=tree).with_metadata(seed=1)
    other = with_volume_fractions(network, {"inclusion": 0.25, "matrix": 0.75})
    assert other.volume_fractions.tolist() == pytest.approx([0.75, 0.25], rel=1e-14)
    for phase in (0, 1):
        ratio = (other.weights / network.weights)[network.leaf_phase == phase]
        torch.testing.assert_close(ratio, ratio[:1].expand_as(ratio), rtol=1e-14, atol=0)
    assert torch.equal(other.normals, network.normals)
    same = dict(zip(network.phase_names, network.volume_fractions.tolist(), strict=True))
    c = random_stiffness(2)
    torch.testing.assert_close(
        with_volume_fractions(network, same).stiffness(c), network.stiffness(c)
    )


def test_a_phase_may_vanish():
    c = random_stiffness(2)
    network = with_volume_fractions(random_network(3), {"matrix": 0.0, "inclusion": 1.0})
    torch.testing.assert_close(network.stiffness(c), c[1], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("fractions", "word"),
    [
        ({"matrix": 1.0}, "matrix, inclusion"),
        ({"matrix": 0.5, "inclusion": 0.5, "void": 0.0}, "matrix, inclusion"),
        ({"matrix": 0.5, "inclusion": 0.4}, "add up"),
        ({"matrix": 1.5, "inclusion": -0.5}, "between 0 and 1"),
        ({"matrix": float("nan"), "inclusion": 1.0}, "between 0 and 1"),
    ],
)
def test_wrong_fractions_are_named(fractions, word):
    with pytest.raises(InputError, match=word):
        with_volume_fractions(random_network(2), fractions)


def test_a_phase_without_leaves_cannot_grow():
    network = Network(
        torch.ones(2, dtype=torch.float64),
        torch.eye(3, dtype=torch.float64)[:1],
        torch.tensor([0, 0]),
        ("a", "b"),
    )
    with pytest.raises(InputError, match="'b'"):
        with_volume_fractions(network, {"a": 0.5, "b": 0.5})


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("dimension", [2, 3])
def test_at_the_given_values_are_the_given_networks(turned, dimension):
    tree = Tree(UNEVEN)
    networks = [
        random_network(tree=tree, seed=s, turned=turned, dimension=dimension) for s in range(3)
    ]
    c, values = random_stiffness(2), [0.1, 0.2, 0.4]
    for network, value in zip(networks, values, strict=True):
        found = interpolate(networks, values, value)
        torch.testing.assert_close(found.stiffness(c), network.stiffness(c), rtol=1e-12, atol=1e-12)
        # The sign of a normal has no meaning.
        cosine = (found.normals * network.normals).sum(-1)
        torch.testing.assert_close(cosine.abs(), torch.ones_like(cosine), rtol=1e-14, atol=0)
        torch.testing.assert_close(found.volume_fractions, network.volume_fractions)


def test_between_two_values_weights_are_mixed_as_shares():
    first, second = random_network(2, seed=1), random_network(2, seed=2)
    tripled = replaced(first, weights=3.0 * first.weights)
    found = interpolate([tripled, second], [0.0, 1.0], 0.25)
    expected = 0.75 * first.weights / first.weights.sum()
    expected = expected + 0.25 * second.weights / second.weights.sum()
    torch.testing.assert_close(found.weights / found.weights.sum(), expected, rtol=1e-14, atol=0)
    assert found.volume_fractions.tolist() == pytest.approx(
        (0.75 * first.volume_fractions + 0.25 * second.volume_fractions).tolist()
    )


def test_normals_go_along_the_arc_whatever_their_sign():
    network = random_network(1)
    angles = [0.2, 1.0]
    ends = [
        replaced(
            network,
            normals=torch.tensor([[math.cos(a), math.sin(a), 0.0]], dtype=torch.float64),
        )
        for a in angles
    ]
    flipped = replaced(ends[1], normals=-ends[1].normals)
    angle = 0.2 + 0.3 * 0.8
    for second in (ends[1], flipped):
        found = interpolate([ends[0], second], [1.0, 2.0], 1.3).normals[0]
        sign = torch.sign(found[0])
        assert (sign * found).tolist() == pytest.approx(
            [math.cos(angle), math.sin(angle), 0.0], abs=1e-15
        )


def test_all_signs_of_all_normals_give_one_network():
    first, second = (random_network(tree=Tree(UNEVEN), seed=s) for s in (3, 4))
    c, signs = random_stiffness(2), torch.ones(8, 1, dtype=torch.float64)
    signs[::2] = -1.0
    expected = interpolate([first, second], [0.0, 1.0], 0.4).stiffness(c)
    for a, b in ((signs, 1.0), (1.0, signs), (-signs, signs)):
        pair = [
            replaced(first, normals=a * first.normals),
            replaced(second, normals=b * second.normals),
        ]
        found = interpolate(pair, [0.0, 1.0], 0.4).stiffness(c)
        torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.5, 1.0])
def test_leaf_axes_stay_proper_rotations(share):
    first, second = (random_network(3, turned=True, seed=s) for s in (5, 6))
    rotation = interpolate([first, second], [0.0, 1.0], share).leaf_rotation
    identity = torch.eye(3, dtype=torch.float64)
    torch.testing.assert_close(
        rotation @ rotation.mT, identity.expand_as(rotation), rtol=0, atol=1e-13
    )
    torch.testing.assert_close(torch.linalg.det(rotation), torch.ones(8, dtype=torch.float64))


def test_half_way_between_two_rotations_is_half_the_angle():
    network = random_network(1, turned=True)
    ends = [replaced(network, leaf_rotation=about_e3(t).expand(2, 3, 3)) for t in (0.05, 0.25)]
    found = interpolate(ends, [0.0, 2.0], 1.0).leaf_rotation
    torch.testing.assert_close(found, about_e3(0.15).expand(2, 3, 3), rtol=0, atol=1e-14)


def one_direction(network: Network, angle: float) -> Network:
    """All normals in the plane at one angle to e1."""
    normal = torch.tensor([math.cos(angle), math.sin(angle), 0.0], dtype=torch.float64)
    return replaced(network, normals=normal.expand(len(network.normals), 3).contiguous())


def angles(network: Network) -> list[float]:
    return torch.atan2(network.normals[:, 1], network.normals[:, 0]).tolist()


def test_a_normal_without_meaning_is_taken_from_the_other_end():
    """At one end a leaf is empty or a laminate all of one phase: its normal there is arbitrary."""
    whole = random_network(2)  # leaves: matrix, inclusion, matrix, inclusion
    for dead, free in ((0, 1), (1, 1), (2, 2), (3, 2)):
        weights = whole.weights.clone()
        weights[dead] = 0.0
        lost = one_direction(replaced(whole, weights=weights), 0.2)
        ends = [lost, one_direction(whole, 0.9)]
        found = angles(interpolate(ends, [0.0, 1.0], 0.25))
        assert found[free] == pytest.approx(0.9, abs=1e-12)
        assert 0.2 < found[0] < 0.9
        back = angles(interpolate(ends[::-1], [0.0, 1.0], 0.75))
        assert back == pytest.approx(found, abs=1e-12)
    one_phase = replaced(whole, leaf_phase=torch.tensor([0, 0, 0, 1]))
    found = interpolate(
        [one_direction(one_phase, 0.2), one_direction(one_phase, 0.9)], [0, 1], 0.25
    )
    assert angles(found)[1] == pytest.approx(0.2 + 0.25 * 0.7)  # at neither end: as the value says


@pytest.mark.parametrize("share", [0.1, 0.5, 0.8])
def test_a_network_counts_for_a_normal_by_what_is_mixed_there(share):
    """Of one laminate: c (1 − c) (1 − c² − (1 − c)²) = 2 c² (1 − c)²."""
    first, second = (
        one_direction(
            replaced(random_network(1), weights=torch.tensor(w, dtype=torch.float64)), angle
        )
        for w, angle in (([0.5, 0.5], 0.2), ([1.8, 0.2], 0.9))
    )
    left, right = (1.0 - share) * 0.25**2, share * 0.09**2
    found = angles(interpolate([first, second], [0.0, 1.0], share))
    assert found == pytest.approx([0.2 + 0.7 * right / (left + right)], rel=1e-12)


def test_axes_of_an_empty_leaf_are_taken_from_the_other_end():
    network = random_network(1, turned=True)
    empty = torch.tensor([1.0, 0.0], dtype=torch.float64)
    ends = [
        replaced(network, leaf_rotation=about_e3(0.05).expand(2, 3, 3), weights=empty),
        replaced(network, leaf_rotation=about_e3(0.25).expand(2, 3, 3), weights=empty.flip(0)),
    ]
    found = interpolate(ends, [0.0, 1.0], 0.5).leaf_rotation
    expected = torch.stack([about_e3(0.05), about_e3(0.25)])
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-14)


def test_the_neighbours_of_a_value_are_taken():
    networks = [random_network(2, seed=s) for s in range(3)]
    found = interpolate(networks, [0.0, 1.0, 3.0], 2.0)
    expected = interpolate(networks[1:], [1.0, 3.0], 2.0)
    assert torch.equal(found.weights, expected.weights)
    assert torch.equal(found.normals, expected.normals)


@pytest.mark.parametrize(
    ("networks", "values", "value", "word"),
    [
        ([random_network(2)], [0.0], 0.0, "two or more"),
        ([random_network(2)] * 2, [0.0, 1.0, 2.0], 0.5, "two or more"),
        ([random_network(2)] * 2, [1.0, 0.0], 0.5, "rise"),
        ([random_network(2)] * 2, [1.0, 1.0], 1.0, "rise"),
        ([random_network(2)] * 2, [0.0, 1.0], 1.1, "outside"),
        ([random_network(2)] * 2, [0.0, 1.0], float("nan"), "outside"),
        ([random_network(2), random_network(3)], [0.0, 1.0], 0.5, "differ in tree"),
        ([random_network(2), random_network(2, turned=True)], [0.0, 1.0], 0.5, "differ"),
        ([random_network(2), random_network(2, dimension=2)], [0.0, 1.0], 0.5, "differ"),
    ],
)
def test_what_cannot_be_interpolated_is_named(networks, values, value, word):
    with pytest.raises(InputError, match=word):
        interpolate(networks, values, value)
