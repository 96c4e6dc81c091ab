"""Networks between networks: another volume fraction, or a value between those trained at."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.network.network import Network

__all__ = ["interpolate", "with_volume_fractions"]


def with_volume_fractions(network: Network, fractions: Mapping[str, float]) -> Network:
    """The network with other volume fractions: the leaf weights of each phase are scaled.

    Good for small changes; for larger ones :func:`interpolate` between networks that were trained
    at several fractions.

    Parameters
    ----------
    network : Network
    fractions : mapping of phase name to float
        Of all phases; they add up to one.

    Raises
    ------
    InputError
        If a phase is missing, a fraction is out of range or they do not add up to one, or a phase
        without leaves is to have some.
    """
    names = network.phase_names
    if set(fractions) != set(names):
        raise InputError(f"give a volume fraction for each of {', '.join(names)}.")
    wanted = torch.tensor([float(fractions[name]) for name in names], dtype=torch.float64)
    if not ((wanted >= 0).all() and abs(float(wanted.sum()) - 1.0) < 1e-6):
        raise InputError(
            f"the volume fractions {[fractions[n] for n in names]} must lie between 0 and 1 and "
            "add up to one."
        )
    present = network.volume_fractions
    for name, now, then in zip(names, present, wanted, strict=True):
        if now == 0 and then > 0:
            raise InputError(f"the network has no leaves of {name!r}; its fraction must stay 0.")
    ratio = wanted / torch.where(present > 0, present, 1.0)
    return replace(network, weights=network.weights * ratio[network.leaf_phase])


def interpolate(networks: Sequence[Network], values: Sequence[float], value: float) -> Network:
    """The network at ``value``, linear between the two neighbours that were trained at ``values``.

    All networks must come from one start, each trained from the one before (``pretrained`` of
    :func:`dmn_fe.training.train`), so that a leaf or laminate has the same meaning in all of them.
    Weights are interpolated as shares; normals along the shorter arc of directions ±n; material
    axes by the nearest rotation to the linear mean.

    Parameters
    ----------
    networks : sequence of Network
        On one tree, with the same phases.
    values : sequence of float
        Volume fraction, orientation parameter, … of each network; rising.
    value : float
        Between the first and the last.

    Raises
    ------
    InputError
        If the networks differ in tree or phases, or the value lies outside.
    """
    if len(networks) < 2 or len(networks) != len(values):
        raise InputError(
            f"{len(networks)} networks and {len(values)} values; give a value for each of two or "
            "more networks."
        )
    at = torch.tensor(list(values), dtype=torch.float64)
    if not (at.diff() > 0).all():
        raise InputError(f"the values {list(values)} must rise.")
    if not at[0] <= value <= at[-1]:
        raise InputError(
            f"value = {value} lies outside {float(at[0])} … {float(at[-1])}; train a network there."
        )
    first = networks[0]
    for other in networks[1:]:
        same = (
            other.phase_names == first.phase_names
            and other.dimension == first.dimension
            and torch.equal(other.tree.is_leaf, first.tree.is_leaf)
            and torch.equal(other.leaf_phase, first.leaf_phase)
            and (other.leaf_rotation is None) == (first.leaf_rotation is None)
        )
        if not same:
            raise InputError(
                "the networks differ in tree or phases; train each from the one before, and "
                "compress afterwards."
            )
    right = int(torch.searchsorted(at, value).clamp(1, len(at) - 1))
    share = float((value - at[right - 1]) / (at[right] - at[right - 1]))
    return _between(networks[right - 1], networks[right], share)


def _between(left: Network, right: Network, share: float) -> Network:
    weights = torch.lerp(
        left.weights / left.weights.sum(), right.weights / right.weights.sum(), share
    )
    sign = torch.where((left.normals * right.normals).sum(-1, keepdim=True) < 0, -1.0, 1.0)
    normals = _along_arc(left.normals, sign * right.normals, share)
    rotation = None
    if left.leaf_rotation is not None and right.leaf_rotation is not None:
        rotation = _nearest_rotation(torch.lerp(left.leaf_rotation, right.leaf_rotation, share))
    return replace(left, weights=weights, normals=normals, leaf_rotation=rotation, metadata={})


def _along_arc(start: Tensor, end: Tensor, share: float) -> Tensor:
    """Unit vectors between unit vectors ``[n, 3]``, at most a quarter turn apart."""
    angle = torch.acos((start * end).sum(-1, keepdim=True).clamp(-1.0, 1.0))
    sine = torch.where(angle < 1e-6, 1.0, torch.sin(angle))
    first = torch.where(angle < 1e-6, 1.0 - share, torch.sin((1.0 - share) * angle) / sine)
    second = torch.where(angle < 1e-6, share, torch.sin(share * angle) / sine)
    return torch.nn.functional.normalize(first * start + second * end, dim=-1)


def _nearest_rotation(matrix: Tensor) -> Tensor:
    """Rotations ``[n, 3, 3]`` that are nearest to matrices (Frobenius)."""
    left, _, right = torch.linalg.svd(matrix)
    sign = torch.ones(*matrix.shape[:-2], 3, dtype=matrix.dtype)
    sign[..., 2] = torch.linalg.det(left @ right)
    return left @ (sign[..., :, None] * right)
