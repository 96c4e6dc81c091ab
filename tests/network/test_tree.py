"""Trees of laminates: their description, their levels, and the stiffness by plain recursion."""

import pytest
import torch
from helpers import laminates
from helpers.networks import UNEVEN, random_stiffness

from dmn_fe import InputError
from dmn_fe.homogenization import sample_orthotropic
from dmn_fe.network.tree import Tree, level_fractions, tree_stiffness

# A chain: every first child is a leaf.
CHAIN = torch.tensor([0, 1, 0, 1, 0, 1, 1], dtype=torch.bool)
TREES = [torch.arange(15) >= 7, UNEVEN, CHAIN, torch.tensor([False, True, True])]


def normals(dimension: int, laminates: int, networks: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    vectors = torch.randn(dimension, laminates, networks, generator=generator, dtype=torch.float64)
    return vectors / vectors.norm(dim=0)


def weights(leaves: int, networks: int, seed: int = 1) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return 0.1 + torch.rand(leaves, networks, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("is_leaf", TREES)
def test_levels_hold_the_laminates_and_leaves_of_each_depth(is_leaf):
    tree = Tree(is_leaf)
    depths: dict[str, dict[int, int]] = {"laminates": {}, "leaves": {}}

    def visit(node, depth):
        kind = "leaves" if len(node) == 1 else "laminates"
        depths[kind][node[0]] = depth
        for child in node[1:]:
            visit(child, depth + 1)

    visit(laminates.nested(is_leaf.tolist()), 0)
    assert tree.leaf_count == len(depths["leaves"])
    assert tree.depth == max(depths["leaves"].values())
    assert len(tree.levels) == tree.depth
    for depth, level in enumerate(tree.levels):
        own = range(tree.leaf_count)[level.laminates]
        assert [n for n, d in depths["laminates"].items() if d == depth] == list(own)
        below = range(tree.leaf_count)[level.leaves]
        assert sorted(n for n, d in depths["leaves"].items() if d == depth + 1) == list(below)


def test_complete_trees_have_all_leaves_at_one_depth():
    for depth in (1, 2, 4):
        tree = Tree.complete(depth)
        assert (tree.leaf_count, tree.depth) == (2**depth, depth)
        assert tree.is_leaf.tolist() == [False] * (2**depth - 1) + [True] * 2**depth


@pytest.mark.parametrize(
    "is_leaf",
    [
        [],
        [True],
        [False],
        [True, False, True],
        [False, True],
        [False, True, True, True, True],  # five nodes, four of them leaves
        [False, True, True, False, True],  # the tree is complete before the list ends
        [False, True, False, False, True],  # more children than nodes
        [[False, True, True]],
    ],
)
def test_lists_that_are_no_tree_are_refused(is_leaf):
    with pytest.raises(InputError, match="binary tree"):
        Tree(torch.tensor(is_leaf, dtype=torch.bool))


@pytest.mark.parametrize("is_leaf", TREES)
@pytest.mark.parametrize("axis", [0, 1])
def test_join_undoes_split(is_leaf, axis):
    tree = Tree(is_leaf)
    start = 1
    for level in tree.levels:
        count = 2 * (level.laminates.stop - level.laminates.start)
        children = torch.arange(start, start + count)
        start += count
        shape = (count, 1) if axis == 0 else (3, count)
        values = children.reshape(count, 1) if axis == 0 else children.expand(shape)
        at_laminates, at_leaves = level.split(values, axis)
        assert set(at_leaves.flatten().tolist()) == {n for n in children.tolist() if is_leaf[n]}
        everywhere = torch.zeros(
            [tree.leaf_count if a == axis else s for a, s in enumerate(shape)], dtype=torch.int64
        )
        everywhere.narrow(axis, level.leaves.start, at_leaves.shape[axis]).copy_(at_leaves)
        laminate_values = at_laminates if at_laminates.shape[axis] else None
        assert torch.equal(level.join(laminate_values, everywhere, axis), values)
    assert start == len(is_leaf)


@pytest.mark.parametrize("is_leaf", TREES)
def test_up_and_down_visit_every_node_in_its_place(is_leaf):
    """Words instead of numbers: the path from the root, and the way the leaves are combined."""
    tree = Tree(is_leaf)
    generator = torch.Generator().manual_seed(3)
    leaf = torch.randn(tree.leaf_count, 2, generator=generator, dtype=torch.float64)
    factor = torch.randn(tree.leaf_count, 2, generator=generator, dtype=torch.float64)

    def up(node):
        if len(node) == 1:
            return leaf[node[0]]
        return factor[node[0]] * up(node[1]) - up(node[2]) ** 2

    def combine(level, first, second):
        return factor[level.laminates] * first - second**2

    root = laminates.nested(is_leaf.tolist())
    torch.testing.assert_close(tree.up(leaf, combine), up(root), rtol=1e-14, atol=0)
    torch.testing.assert_close(
        tree.up(leaf.mT, lambda *a: combine(a[0], a[1].mT, a[2].mT).mT, axis=1),
        up(root),
        rtol=1e-14,
        atol=0,
    )

    found = {}

    def down(node, value):
        if len(node) == 1:
            found[node[0]] = value
            return
        down(node[1], value + factor[node[0]])
        down(node[2], value * factor[node[0]])

    def divide(level, values):
        own = factor[level.laminates]
        return torch.stack([values + own, values * own], 1).flatten(0, 1)

    start = torch.tensor([1.0, -2.0], dtype=torch.float64)
    down(root, start)
    expected = torch.stack([found[n] for n in range(tree.leaf_count)])
    torch.testing.assert_close(tree.down(start, divide), expected, rtol=1e-14, atol=0)


@pytest.mark.parametrize("is_leaf", TREES)
def test_fractions_are_those_of_the_weights_below(is_leaf):
    tree = Tree(is_leaf)
    w = weights(tree.leaf_count, 3)
    expected = {}

    def total(node):
        if len(node) == 1:
            return w[node[0]]
        first, second = total(node[1]), total(node[2])
        expected[node[0]] = first / (first + second)
        return first + second

    total(laminates.nested(is_leaf.tolist()))
    fractions = torch.cat(level_fractions(tree, w))
    for number, fraction in expected.items():
        torch.testing.assert_close(fractions[number], fraction, rtol=1e-14, atol=0)


def test_children_without_weight_share_equally():
    w = torch.tensor([0.0, 0.0, 1.0, 3.0], dtype=torch.float64, requires_grad=True)
    root, below = level_fractions(Tree.complete(2), w)
    assert root.tolist() == [0.0]
    assert below.tolist() == [0.5, 0.25]
    (gradient,) = torch.autograd.grad(below.sum() + root.sum(), w)
    assert torch.isfinite(gradient).all()


@pytest.mark.parametrize("is_leaf", TREES)
def test_stiffness_of_several_networks_and_samples_is_the_plain_recursion(is_leaf):
    tree = Tree(is_leaf)
    leaves, networks, samples = tree.leaf_count, 3, 4
    stiffness = random_stiffness(leaves, networks, samples, seed=7)
    w, n = weights(leaves, networks), normals(3, leaves - 1, networks)
    effective = tree_stiffness(tree, stiffness.permute(3, 4, 0, 1, 2), w, n)
    assert effective.shape == (6, 6, networks, samples)
    root = laminates.nested(is_leaf.tolist())
    for k in range(networks):
        for s in range(samples):
            expected, _ = laminates.tree_stiffness(root, stiffness[:, k, s], w[:, k], n[:, :, k].mT)
            torch.testing.assert_close(effective[:, :, k, s], expected, rtol=1e-11, atol=1e-11)


def test_leaves_that_all_networks_share_are_given_once():
    tree = Tree(UNEVEN)
    stiffness = random_stiffness(tree.leaf_count, 1, 4, seed=8).permute(3, 4, 0, 1, 2)
    w, n = weights(tree.leaf_count, 3), normals(3, tree.leaf_count - 1, 3)
    once = tree_stiffness(tree, stiffness, w, n)
    each = tree_stiffness(tree, stiffness.expand(6, 6, -1, 3, 4).contiguous(), w, n)
    torch.testing.assert_close(once, each, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("is_leaf", TREES)
def test_the_plane_is_the_block_of_space_for_orthotropic_phases(is_leaf):
    """With normals in the plane the components 33, 23, 13 do not enter 11, 22, 12."""
    tree = Tree(is_leaf)
    phases = sample_orthotropic(5, seed=2)  # [5, 2, 6, 6]
    leaves = phases[:, torch.arange(tree.leaf_count) % 2].permute(2, 3, 1, 0)[:, :, :, None]
    w, plane = weights(tree.leaf_count, 2), normals(2, tree.leaf_count - 1, 2)
    space = torch.cat([plane, torch.zeros_like(plane[:1])])
    expected = tree_stiffness(tree, leaves, w, space)[laminates.PLANE][:, laminates.PLANE]
    in_plane = leaves[laminates.PLANE][:, laminates.PLANE]
    result = tree_stiffness(tree, in_plane, w, plane)
    torch.testing.assert_close(result, expected, rtol=1e-12, atol=1e-13)
    root = laminates.nested(is_leaf.tolist())
    closed, _ = laminates.tree_stiffness(
        root, in_plane[:, :, :, 0, 0].permute(2, 0, 1), w[:, 0], plane[:, :, 0].mT
    )
    torch.testing.assert_close(result[:, :, 0, 0], closed, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("dimension", [3, 2])
def test_the_gradient_is_that_of_the_plain_recursion(dimension):
    """Automatic differentiation of the plain recursion; its stiffness gradient is symmetrised."""
    c = 6 if dimension == 3 else 3
    tree = Tree(UNEVEN)
    stiffness = random_stiffness(tree.leaf_count, seed=4)[:, :c, :c].clone().requires_grad_()
    w = weights(tree.leaf_count, 1).requires_grad_()
    n = normals(dimension, tree.leaf_count - 1, 1).requires_grad_()
    direction = random_stiffness(1, seed=5)[0, :c, :c]
    batch = stiffness.permute(1, 2, 0)[:, :, :, None, None]
    own = (tree_stiffness(tree, batch, w, n)[:, :, 0, 0] * direction).sum()
    root = laminates.nested(UNEVEN.tolist())
    plain, _ = laminates.tree_stiffness(root, stiffness, w[:, 0], n[:, :, 0].mT)
    found = torch.autograd.grad(own, (stiffness, w, n))
    expected = torch.autograd.grad((plain * direction).sum(), (stiffness, w, n))
    symmetric = [0.5 * (g[0] + g[0].mT) for g in (found, expected)]
    torch.testing.assert_close(symmetric[0], symmetric[1], rtol=1e-9, atol=1e-9)
    for a, b in zip(found[1:], expected[1:], strict=True):
        torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-9)
