"""Compression: the same network without the parts that do nothing."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.network.network import Network

__all__ = ["compress"]

_SAME_AXES = 1e-9


@dataclass(frozen=True)
class _Leaf:
    weight: float
    phase: int
    rotation: Tensor  # [3, 3]


@dataclass(frozen=True)
class _Laminate:
    normal: Tensor  # [3]
    first: "_Node"
    second: "_Node"


_Node = _Leaf | _Laminate


def compress(network: Network, threshold: float = 1e-6) -> Network:
    """Prune, lift and merge.

    Leaves whose share in all weights is at or below ``threshold`` are pruned, and the weights of
    the others scaled so that the phases keep their volume fractions. A laminate with one child left
    is replaced by that child, and one of two leaves of one phase with the same material axes by one
    leaf, since equal phases give the phase. Without pruning (``threshold = 0``) the response is the
    same to round-off. Leaves of a void should not be pruned, since a void layer, however thin,
    separates what it lies between: give a threshold of 0 there.

    Raises
    ------
    InputError
        If the threshold is out of range, leaves no two leaves, or prunes a phase away.
    """
    if not 0.0 <= threshold < 1.0:
        raise InputError(f"threshold = {threshold} must lie between 0 and 1.")
    root = _reduced(network, threshold)
    if not isinstance(root, _Laminate):
        raise InputError(
            f"threshold = {threshold} leaves nothing to mix: the network has become one phase; "
            "give a smaller one."
        )
    is_leaf, normals, leaves = [], [], []
    row: list[_Node] = [root]
    while row:
        below: list[_Node] = []
        for node in row:
            is_leaf.append(isinstance(node, _Leaf))
            if isinstance(node, _Leaf):
                leaves.append(node)
            else:
                normals.append(node.normal)
                below += [node.first, node.second]
        row = below
    weights = torch.tensor([leaf.weight for leaf in leaves], dtype=torch.float64)
    phases = torch.tensor([leaf.phase for leaf in leaves])
    rotation = torch.stack([leaf.rotation for leaf in leaves])
    compressed = Network(
        weights,
        torch.stack(normals),
        phases,
        network.phase_names,
        torch.tensor(is_leaf),
        None if network.leaf_rotation is None else rotation,
        network.dimension,
        network.kind,
        network.metadata,
    )
    for name, before, after in zip(
        network.phase_names, network.volume_fractions, compressed.volume_fractions, strict=True
    ):
        if before > 0 and after == 0:
            raise InputError(
                f"threshold = {threshold} prunes all leaves of {name!r}; give a smaller one."
            )
    kept = network.volume_fractions / compressed.volume_fractions.clamp(min=1e-300)
    return replace(compressed, weights=weights * kept[phases])


def _reduced(network: Network, threshold: float) -> _Node | None:
    """The root of what is left, as nested nodes."""
    share = network.weights / network.weights.sum()
    rotations = network.rotations
    leaves: list[_Node | None] = [
        _Leaf(float(w), int(p), r) if s > threshold else None
        for w, s, p, r in zip(network.weights, share, network.leaf_phase, rotations, strict=True)
    ]
    # Breadth first backwards: the children of a laminate come before it.
    nodes: list[_Node | None] = [None] * len(network.tree.is_leaf)
    laminate, leaf = len(network.normals) - 1, len(leaves) - 1
    for number in range(len(nodes) - 1, -1, -1):
        if network.tree.is_leaf[number]:
            nodes[number] = leaves[leaf]
            leaf -= 1
            continue
        first, second = nodes[2 * laminate + 1], nodes[2 * laminate + 2]
        nodes[number] = _joined(network.normals[laminate], first, second)
        laminate -= 1
    return nodes[0]


def _joined(normal: Tensor, first: _Node | None, second: _Node | None) -> _Node | None:
    if first is None or second is None:
        return first or second
    if (
        isinstance(first, _Leaf)
        and isinstance(second, _Leaf)
        and first.phase == second.phase
        and (first.rotation - second.rotation).abs().max() < _SAME_AXES
    ):
        return replace(first, weight=first.weight + second.weight)
    return _Laminate(normal, first, second)
