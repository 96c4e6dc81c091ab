"""IMN and DMN: sizes, geometry, round trips, and the recursion that turns stiffnesses."""

import math

import pytest
import torch
from helpers.laminates import nested, network_stiffness, rank_one
from helpers.networks import UNEVEN, random_network, random_stiffness

from dmn_fe import mandel
from dmn_fe.homogenization import sample_orthotropic
from dmn_fe.network import Network
from dmn_fe.network.dmn import DMN
from dmn_fe.network.imn import IMN
from dmn_fe.network.parametrisation import to_network
from dmn_fe.network.tree import Tree

KINDS = [IMN, DMN]
TREES = [Tree.complete(1), Tree.complete(3), Tree(UNEVEN)]
NAMES = ("matrix", "inclusion")


def parameters(size: int, networks: int = 1, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(networks, size, generator=generator, dtype=torch.float64)


def make(kind, tree: Tree, dimension: int, turned) -> IMN | DMN:
    return kind(tree, dimension, torch.as_tensor(turned, dtype=torch.int64))


def isotropic_pair() -> torch.Tensor:
    return torch.stack(
        [mandel.isotropic_stiffness(1.0, 0.3), mandel.isotropic_stiffness(20.0, 0.2)]
    )


def a_rotation(dimension: int, seed: int = 5) -> torch.Tensor:
    if dimension == 2:
        c, s = math.cos(0.7), math.sin(0.7)
        return torch.tensor([[c, -s, 0], [s, c, 0], [0, 0, 1]], dtype=torch.float64)
    generator = torch.Generator().manual_seed(seed)
    q, _ = torch.linalg.qr(torch.randn(3, 3, generator=generator, dtype=torch.float64))
    return q * torch.linalg.det(q)


# Sizes and geometry -------------------------------------------------------------------------------


@pytest.mark.parametrize("tree", TREES)
@pytest.mark.parametrize("turned", [0, 1, 2])
def test_numbers_of_parameters(tree, turned):
    """The counts of the literature: a DMN has angles at laminates and turned leaves."""
    leaves, nodes = tree.leaf_count, tree.leaf_count - 1
    some = range(turned)
    assert make(IMN, tree, 3, some).size == leaves + 2 * nodes + 3 * turned
    assert make(IMN, tree, 2, some).size == leaves + nodes + turned
    assert make(DMN, tree, 3, some).size == leaves + 3 * (nodes + turned)
    assert make(DMN, tree, 2, some).size == leaves + nodes + turned


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("tree", TREES)
@pytest.mark.parametrize("dimension", [2, 3])
def test_geometry_is_that_of_a_network(kind, tree, dimension):
    turned = [0, tree.leaf_count - 1]
    own = make(kind, tree, dimension, turned)
    geometry = own.geometry(4.0 * parameters(own.size, 5) - 2.0)
    leaves = tree.leaf_count
    assert geometry.weights.shape == (leaves, 5)
    assert geometry.normals.shape == (dimension, leaves - 1, 5)
    assert geometry.rotation.shape == (3, 3, leaves, 5)
    assert (geometry.weights >= 0).all()
    torch.testing.assert_close(
        geometry.normals.square().sum(0),
        torch.ones(leaves - 1, 5, dtype=torch.float64),
        rtol=1e-14,
        atol=0,
    )
    rotation = geometry.rotation.permute(2, 3, 0, 1)
    identity = torch.eye(3, dtype=torch.float64)
    torch.testing.assert_close(
        rotation @ rotation.mT, identity.expand_as(rotation), rtol=0, atol=1e-14
    )
    assert (torch.linalg.det(rotation) > 0.999).all()
    if dimension == 2:
        assert (rotation[..., 2, :] == identity[2]).all()
    if kind is IMN:  # leaves without parameters are not turned
        assert (rotation[1:-1] == identity).all()


def test_weights_are_softplus_and_relu():
    z = torch.tensor([[-3.0, -0.01, 0.2, 1.5]], dtype=torch.float64)
    tree = Tree.complete(2)
    rest = [torch.zeros(1, make(kind, tree, 3, []).size - 4, dtype=torch.float64) for kind in KINDS]
    imn = make(IMN, tree, 3, []).geometry(torch.cat([z, rest[0]], 1)).weights[:, 0]
    dmn = make(DMN, tree, 3, []).geometry(torch.cat([z, rest[1]], 1)).weights[:, 0]
    assert imn.tolist() == pytest.approx([math.log1p(math.exp(10 * v)) / 10 for v in z[0]])
    assert dmn.tolist() == [0.0, 0.0, 0.2, 1.5]


def test_normals_of_an_imn_are_spherical_and_polar():
    tree = Tree.complete(2)
    phi, theta = [0.1, 0.25, 0.7], [0.3, 0.5, 0.9]
    space = torch.tensor([[1.0] * 4 + phi + theta], dtype=torch.float64)
    plane = torch.tensor([[1.0] * 4 + phi], dtype=torch.float64)
    in_space = make(IMN, tree, 3, []).geometry(space).normals[:, :, 0].mT
    in_plane = make(IMN, tree, 2, []).geometry(plane).normals[:, :, 0].mT
    for row, (p, t) in enumerate(zip(phi, theta, strict=True)):
        azimuth, polar = 2 * math.pi * p, math.pi * t
        expected = [
            math.cos(azimuth) * math.sin(polar),
            math.sin(azimuth) * math.sin(polar),
            math.cos(polar),
        ]
        assert in_space[row].tolist() == pytest.approx(expected, abs=1e-15)
        assert in_plane[row].tolist() == pytest.approx(
            [math.cos(azimuth), math.sin(azimuth)], abs=1e-15
        )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dimension", [2, 3])
def test_gradient_of_the_geometry(kind, dimension):
    own = make(kind, Tree(UNEVEN), dimension, [0, 3, 8])
    x = parameters(own.size, 2, seed=3).requires_grad_()
    assert torch.autograd.gradcheck(lambda p: tuple(own.geometry(p)), (x,), fast_mode=True)


@pytest.mark.parametrize("kind", KINDS)
def test_networks_of_a_batch_are_independent(kind):
    own = make(kind, Tree(UNEVEN), 3, range(9))
    x = parameters(own.size, 4)
    batch = own.geometry(x)
    for k in range(4):
        for together, alone in zip(batch, own.geometry(x[k : k + 1]), strict=True):
            torch.testing.assert_close(together[..., k], alone[..., 0], rtol=0, atol=1e-15)


# Networks to parameters and back ------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("origin", ["imn", "dmn"])
@pytest.mark.parametrize("tree", TREES)
@pytest.mark.parametrize("dimension", [2, 3])
def test_a_network_of_turned_leaves_comes_back(kind, origin, tree, dimension):
    network = random_network(tree=tree, dimension=dimension, kind=origin, turned=True, seed=2)
    own = make(kind, tree, dimension, range(tree.leaf_count))
    x = own.parameters(network)
    assert x.shape == (own.size,)
    again = to_network(own, x, network.leaf_phase, network.phase_names)
    assert (again.kind, again.dimension) == (own.kind, dimension)
    c = random_stiffness(2, seed=11)
    expected = network_stiffness(network, c)
    torch.testing.assert_close(again.stiffness(c), expected, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("kind", KINDS)
def test_normals_along_the_axes_come_back(kind, axis, sign):
    normals = torch.zeros(3, 3, dtype=torch.float64)
    normals[:, axis] = sign
    weights = torch.tensor([0.2, 0.3, 0.4, 0.5], dtype=torch.float64)
    network = Network(weights, normals, torch.tensor([0, 1, 0, 1]), NAMES)
    for dimension in (3, 2) if axis < 2 else (3,):
        own = make(kind, network.tree, dimension, [])
        again = to_network(own, own.parameters(network), network.leaf_phase, NAMES)
        torch.testing.assert_close(again.normals, normals, rtol=0, atol=1e-15)
        torch.testing.assert_close(again.weights, weights, rtol=1e-13, atol=0)


@pytest.mark.parametrize("kind", KINDS)
def test_leaves_without_weight_stay_without(kind):
    network = random_network(2)
    network.weights[1] = 0.0
    own = make(kind, network.tree, 3, [])
    x = own.parameters(network)
    assert torch.isfinite(x).all()
    again = to_network(own, x, network.leaf_phase, NAMES)
    assert again.weights[1] <= 2e-12


# The DMN is its recursion -------------------------------------------------------------------------


def elementary(turns: list[float]) -> torch.Tensor:
    """``Rz Ry Rx``, or ``Rz`` of a single angle, each written out."""
    if len(turns) == 1:
        turns = [0.0, 0.0, *turns]
    (a, b, c) = (2 * math.pi * t for t in turns)
    x = [[1, 0, 0], [0, math.cos(a), -math.sin(a)], [0, math.sin(a), math.cos(a)]]
    y = [[math.cos(b), 0, math.sin(b)], [0, 1, 0], [-math.sin(b), 0, math.cos(b)]]
    z = [[math.cos(c), -math.sin(c), 0], [math.sin(c), math.cos(c), 0], [0, 0, 1]]
    x, y, z = (torch.tensor(m, dtype=torch.float64) for m in (x, y, z))
    return z @ y @ x


def classical(own: DMN, x: torch.Tensor, phases: torch.Tensor, leaf_phase) -> torch.Tensor:
    """The stiffness by turning the homogenised stiffness of every node by a 6×6 rotation."""
    leaves, angles = own.tree.leaf_count, 3 if own.dimension == 3 else 1
    weights = x[:leaves].clamp(min=0)
    of_laminates = x[leaves : leaves + angles * (leaves - 1)].reshape(angles, -1)
    of_leaves = x[leaves + angles * (leaves - 1) :].reshape(angles, -1)
    normal = torch.eye(3, dtype=torch.float64)[2 if own.dimension == 3 else 1]
    turned = own.turned_leaves.tolist()

    def turn(c, turns):
        q = mandel.rotation_matrix(elementary(turns.tolist()))
        return q @ c @ q.mT

    def visit(node):
        if len(node) == 1:
            (leaf,) = node
            c = phases[leaf_phase[leaf]]
            if leaf in turned:
                c = turn(c, of_leaves[:, turned.index(leaf)])
            return c, weights[leaf]
        number, first, second = node
        (c1, w1), (c2, w2) = visit(first), visit(second)
        mixed = rank_one(c1, c2, w1 / (w1 + w2), normal)
        return turn(mixed, of_laminates[:, number]), w1 + w2

    return visit(nested(own.tree.is_leaf.tolist()))[0]


@pytest.mark.parametrize("tree", TREES)
@pytest.mark.parametrize("dimension", [2, 3])
@pytest.mark.parametrize("turned", ["all", "some"])
def test_a_dmn_is_the_recursion_that_turns_stiffnesses(tree, dimension, turned):
    leaf_phase = torch.arange(tree.leaf_count) % 2
    own = make(DMN, tree, dimension, range(0, tree.leaf_count, 1 if turned == "all" else 2))
    x = parameters(own.size, seed=4)[0]
    phases = random_stiffness(2, seed=12)
    if turned == "some":  # the leaves that have no rotation of their own are of an isotropic phase
        leaf_phase, phases[1] = torch.arange(tree.leaf_count) % 2, isotropic_pair()[1]
    network = to_network(own, x, leaf_phase, NAMES)
    expected = classical(own, x, phases, leaf_phase)
    torch.testing.assert_close(network.stiffness(phases), expected, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("tree", TREES)
def test_leaves_of_a_dmn_turn_with_the_laminates_above_them(tree):
    """Once one leaf has axes of its own, all others take those of their laminate."""
    own = make(DMN, tree, 3, [0])
    x = parameters(own.size, seed=6)[0]
    leaf_phase, phases = torch.arange(tree.leaf_count) % 2, random_stiffness(2, seed=13)
    expected = classical(own, x, phases, leaf_phase)
    found = to_network(own, x, leaf_phase, NAMES).stiffness(phases)
    torch.testing.assert_close(found, expected, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("tree", TREES)
@pytest.mark.parametrize("dimension", [2, 3])
def test_a_dmn_of_matching_rotations_is_the_imn_for_isotropic_phases(tree, dimension):
    network = random_network(tree=tree, dimension=dimension, seed=7)
    own = make(DMN, tree, dimension, [])
    x, phases = own.parameters(network), isotropic_pair()
    expected = network.stiffness(phases)
    for stiffness in (
        to_network(own, x, network.leaf_phase, NAMES).stiffness(phases),
        classical(own, x, phases, network.leaf_phase),
    ):
        torch.testing.assert_close(stiffness, expected, rtol=1e-12, atol=1e-12)


# Networks -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["imn", "dmn"])
@pytest.mark.parametrize("dimension", [2, 3])
@pytest.mark.parametrize("tree", TREES)
def test_stiffness_of_a_network_is_the_plain_recursion(kind, dimension, tree):
    network = random_network(tree=tree, dimension=dimension, kind=kind, turned=True, seed=8)
    c = random_stiffness(2, 3, 2, seed=14)
    found = network.stiffness(c)
    assert found.shape == (2, 3, 6, 6)
    for i in range(2):
        for j in range(3):
            expected = network_stiffness(network, c[i, j])
            torch.testing.assert_close(found[i, j], expected, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("dimension", [2, 3])
def test_objectivity(dimension):
    """Turning normals, leaf axes and phase stiffnesses by one rotation turns the result."""
    network = random_network(tree=Tree(UNEVEN), dimension=dimension, turned=True, seed=9)
    r, c = a_rotation(dimension), random_stiffness(2, seed=15)
    q = mandel.rotation_matrix(r)
    turned = Network(
        network.weights,
        network.normals @ r.mT,
        network.leaf_phase,
        NAMES,
        network.is_leaf,
        # A phase stiffness that is turned itself has its axes turned back and forth.
        r @ network.rotations @ r.mT,
        dimension,
    )
    expected = q @ network.stiffness(c) @ q.mT
    torch.testing.assert_close(turned.stiffness(q @ c @ q.mT), expected, rtol=1e-11, atol=1e-11)
    # With the phases as they are, turning the axes of the leaves does the same.
    axes = Network(
        network.weights,
        network.normals @ r.mT,
        network.leaf_phase,
        NAMES,
        network.is_leaf,
        r @ network.rotations,
        dimension,
    )
    torch.testing.assert_close(axes.stiffness(c), expected, rtol=1e-11, atol=1e-11)


def test_plane_strain_of_a_network_of_dimension_2():
    network = random_network(tree=Tree(UNEVEN), dimension=2, turned=True, seed=10)
    c, plane = sample_orthotropic(3, seed=1), [0, 1, 5]
    expected = network.stiffness(c)[:, plane][:, :, plane]
    found = network.stiffness(c[:, :, plane][:, :, :, plane])
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-13)
