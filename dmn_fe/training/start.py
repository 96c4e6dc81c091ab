"""First parameters of networks."""

from collections.abc import Sequence

import torch
from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.network.dmn import DMN
from dmn_fe.network.imn import IMN
from dmn_fe.network.network import Network
from dmn_fe.network.parametrisation import Parametrisation
from dmn_fe.network.tree import Tree

__all__ = ["check_copies", "copies", "parametrisation_of", "random_start"]

_QUILTING_NOISE = 1e-6


def parametrisation_of(
    kind: str, tree: Tree, dimension: int, turned_leaves: Tensor
) -> Parametrisation:
    """The parametrisation of a kind."""
    return (IMN if kind == "imn" else DMN)(tree, dimension, turned_leaves)


def random_start(
    parametrisation: Parametrisation,
    start: str,
    seeds: Sequence[int],
    low: float = 0.0,
    high: float = 1.0,
) -> Tensor:
    """Random parameters ``[seeds, size]``, the same for a seed whatever the others are.

    The activations z of a uniform start lie between ``low`` and ``high``.
    """
    leaves, rows = parametrisation.tree.leaf_count, []
    for seed in seeds:
        generator = torch.Generator().manual_seed(seed)
        size = parametrisation.size
        if start == "normal":
            row = torch.randn(size, generator=generator, dtype=torch.float64)
            row[:leaves] = 0.5 + 0.15 * row[:leaves]
            row[leaves:] = 0.5 + 0.25 * row[leaves:]
        else:
            row = torch.rand(size, generator=generator, dtype=torch.float64)
            row[:leaves] = low + (high - low) * row[:leaves]
        rows.append(row)
    return torch.stack(rows)


def check_copies(network: Network, levels: int) -> None:
    """Raise ``InputError`` unless :func:`copies` of a network can be made."""
    if levels < 0 or network.weights.shape[0] != 2**network.depth:
        raise InputError(
            f"a network of depth {network.depth} with {network.weights.shape[0]} leaves cannot be "
            f"the start of one of depth {network.depth + levels}; give an uncompressed network "
            "(dmn-fe train --compression 0) of the same or a smaller depth."
        )


def copies(network: Network, levels: int, noise_seed: int | None = None) -> Network:
    """``2**levels`` copies of a network under laminates with the normals e1, e2 and so on.

    Equal phases give the phase: the stiffness stays the same, and there is room to learn
    (quilting; Shin et al., npj Comput. Mater. 9 (2023) 128). The tree must be complete.
    """
    check_copies(network, levels)
    weights, normals = network.weights, network.normals
    rotation, phases = network.leaf_rotation, network.leaf_phase
    for level in reversed(range(levels)):
        axis = torch.zeros(1, 3, dtype=normals.dtype)
        axis[0, level % network.dimension] = 1.0
        depth = len(weights).bit_length() - 1
        below = [normals[2**k - 1 : 2 ** (k + 1) - 1].repeat(2, 1) for k in range(depth)]
        normals = torch.cat([axis, *below])
        weights, phases = weights.repeat(2) / 2.0, phases.repeat(2)
        rotation = None if rotation is None else rotation.repeat(2, 1, 1)
    if noise_seed is not None:
        generator = torch.Generator().manual_seed(noise_seed)
        noise = torch.rand(len(weights), generator=generator, dtype=torch.float64)
        weights = weights * (1.0 + _QUILTING_NOISE * (2.0 * noise - 1.0))
    return Network(
        weights,
        normals,
        phases,
        network.phase_names,
        leaf_rotation=rotation,
        dimension=network.dimension,
        kind=network.kind,
    )
