"""Random networks and stiffnesses."""

import torch

from dmn_fe.network import Network
from dmn_fe.network.dmn import DMN
from dmn_fe.network.imn import IMN
from dmn_fe.network.parametrisation import to_network
from dmn_fe.network.tree import Tree
from dmn_fe.training.start import random_start

# Nodes of a tree with leaves at the depths 2, 3 and 4, and pairs of leaves beside laminates.
UNEVEN = torch.tensor([0, 0, 0, 1, 0, 0, 0, 0, 1, 1, 1, 0, 1, 1, 1, 1, 1], dtype=torch.bool)


def random_network(
    depth: int = 3,
    seed: int = 0,
    tree: Tree | None = None,
    dimension: int = 3,
    kind: str = "imn",
    turned: bool = False,
) -> Network:
    """A network with random weights and normals and 30 % of inclusion or so."""
    tree = tree or Tree.complete(depth)
    leaves = torch.arange(tree.leaf_count)
    turned_leaves = leaves if turned else leaves[:0]
    parametrisation = (DMN if kind == "dmn" else IMN)(tree, dimension, turned_leaves)
    parameters = random_start(parametrisation, "uniform", [seed], 0.2, 0.8)[0]
    network = to_network(parametrisation, parameters, leaves % 2, ("matrix", "inclusion"))
    network.weights[1::2] *= 0.45
    return network


def random_stiffness(*shape: int, seed: int = 0) -> torch.Tensor:
    """Symmetric positive definite matrices ``[*shape, 6, 6]``."""
    generator = torch.Generator().manual_seed(seed)
    matrix = torch.randn(*shape, 6, 6, generator=generator, dtype=torch.float64)
    return matrix @ matrix.mT + torch.eye(6, dtype=torch.float64)


def layers(fraction: float, axis: int) -> Network:
    """The network of depth 1 that is this laminate."""
    return Network(
        torch.tensor([1.0 - fraction, fraction], dtype=torch.float64),
        torch.eye(3, dtype=torch.float64)[axis, None],
        torch.tensor([0, 1]),
        ("matrix", "inclusion"),
    )
