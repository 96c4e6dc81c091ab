"""Laminates and trees by plain matrix algebra: slow, and independent of the package's sweeps."""

import torch

from dmn_fe import mandel

PLANE = [0, 1, 5]  # components 11, 22, 12


def rank_one(c1, c2, f1, normal):
    """Closed form of a laminate of two phases; in the plane if the normal has two components."""
    if len(normal) == 2:
        in_space = torch.cat([normal, torch.zeros_like(normal[:1])])
        h = mandel.interface_matrix(in_space)[PLANE][:, :2]
    else:
        h = mandel.interface_matrix(normal)
    mean, difference = (1 - f1) * c1 + f1 * c2, c1 - c2
    q = h @ torch.linalg.inv(h.mT @ mean @ h) @ h.mT
    return f1 * c1 + (1 - f1) * c2 - f1 * (1 - f1) * difference @ q @ difference


def nested(is_leaf) -> list:
    """A tree as nested lists, read breadth first: ``[leaf]`` or ``[laminate, first, second]``."""
    root: list = []
    waiting, laminates, leaves = [root], 0, 0
    for leaf in is_leaf:
        node = waiting.pop(0)
        if leaf:
            node.append(leaves)
            leaves += 1
        else:
            children: list = [[], []]
            node += [laminates, *children]
            waiting += children
            laminates += 1
    assert not waiting
    return root


def tree_stiffness(node: list, leaf_stiffness, weights, normals):
    """Stiffness and weight of a nested tree, leaf by leaf and laminate by laminate."""
    if len(node) == 1:
        return leaf_stiffness[node[0]], weights[node[0]]
    number, first, second = node
    c1, w1 = tree_stiffness(first, leaf_stiffness, weights, normals)
    c2, w2 = tree_stiffness(second, leaf_stiffness, weights, normals)
    if w1 + w2 == 0:
        return c1, w1  # without weight: of no consequence
    return rank_one(c1, c2, w1 / (w1 + w2), normals[number]), w1 + w2


def network_stiffness(network, phase_stiffness):
    """Stiffness ``[6, 6]`` of a network for phases ``[phases, 6, 6]``."""
    turn = mandel.rotation_matrix(network.rotations)
    leaves = turn @ phase_stiffness[network.leaf_phase] @ turn.mT
    tree = nested(network.is_leaf.tolist())
    return tree_stiffness(tree, leaves, network.weights, network.normals)[0]
