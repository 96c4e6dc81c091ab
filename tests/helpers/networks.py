"""Random networks and stiffnesses."""

import torch

from dmn_fe.network import Network
from dmn_fe.network.imn import imn_normals, imn_weights, initial_parameters


def random_network(depth: int, seed: int = 0) -> Network:
    """A network with random weights and normals and 30 % of inclusion or so."""
    parameters = initial_parameters(depth, torch.Generator().manual_seed(seed))
    weights = imn_weights(parameters)
    weights[1::2] *= 0.45
    leaf_phase = torch.arange(2**depth) % 2
    return Network(weights, imn_normals(parameters), leaf_phase, ("matrix", "inclusion"))


def random_stiffness(*shape: int, seed: int = 0) -> torch.Tensor:
    """Symmetric positive definite matrices ``[*shape, 6, 6]``."""
    generator = torch.Generator().manual_seed(seed)
    matrix = torch.randn(*shape, 6, 6, generator=generator, dtype=torch.float64)
    return matrix @ matrix.mT + torch.eye(6, dtype=torch.float64)
