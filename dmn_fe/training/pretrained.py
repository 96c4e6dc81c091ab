"""What a trained network must have to be the start of another training."""

from collections.abc import Sequence

import torch

from dmn_fe.errors import InputError
from dmn_fe.network import Network
from dmn_fe.training.start import check_copies

__all__ = ["check_axes", "check_pretrained"]


def check_pretrained(
    network: Network, phase_names: tuple[str, ...], dimension: int, depth: int
) -> None:
    """Raise ``InputError`` unless a training of these phases can start from the network."""
    if not isinstance(network, Network):
        raise InputError(f"pretrained is a {type(network).__name__}; give a Network.")
    for what, own, other in (
        ("phases", phase_names, network.phase_names),
        ("dimension", dimension, network.dimension),
    ):
        if own != other:
            raise InputError(
                f"the network to start from has the {what} {other}, the training {own}; give a "
                "network of the same microstructure."
            )
    check_copies(network, depth - network.depth)


def check_axes(network: Network, anisotropic: Sequence[int], turned: Sequence[int]) -> None:
    """Refuse a network whose leaves have axes that anisotropic phases would lose.

    ``turned`` holds the phases whose leaves have axes in the training.
    """
    identity = torch.eye(3, dtype=network.rotations.dtype)
    own_axes = (network.rotations - identity).abs().amax((1, 2)) > 1e-9
    for phase in anisotropic:
        if phase not in turned and own_axes[network.leaf_phase == phase].any():
            name = network.phase_names[phase]
            raise InputError(
                f"the leaves of {name!r} have material axes of their own in the network to start "
                f"from; name {name!r} in oriented_phases."
            )
