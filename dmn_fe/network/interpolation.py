"""Networks between networks: another volume fraction, or a value between those trained at."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.network.network import Network
from dmn_fe.network.tree import Level

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
    # The metadata tells the errors of the network as it was.
    return replace(network, weights=network.weights * ratio[network.leaf_phase], metadata={})


def interpolate(networks: Sequence[Network], values: Sequence[float], value: float) -> Network:
    """The network at ``value``, linear between the two neighbours that were trained at ``values``.

    All networks must come from one start, each trained from the one before (``pretrained`` of
    :func:`dmn_fe.training.train`), so that a leaf or laminate has the same meaning in all of them;
    some 40 iterations are enough, and more let them drift apart.

    Weights are interpolated as shares; normals along the shorter arc of directions ±n; material
    axes by the nearest rotation to the linear mean. A network counts for a normal or for axes as
    much as these matter in it: a laminate or leaf that is empty at one end takes them from the
    other, where they mean something.

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
    shares = _shares(_influence(left), _influence(right), share)
    normals = _along_arc(left.normals, sign * right.normals, shares[:, None])
    rotation = None
    if left.leaf_rotation is not None and right.leaf_rotation is not None:
        shares = _shares(
            left.weights / left.weights.sum(), right.weights / right.weights.sum(), share
        )
        rotation = _nearest_rotation(
            torch.lerp(left.leaf_rotation, right.leaf_rotation, shares[:, None, None])
        )
    return replace(left, weights=weights, normals=normals, leaf_rotation=rotation, metadata={})


def _influence(network: Network) -> Tensor:
    """How much the normal of each laminate matters, ``[laminates]``.

    ``w c (1 − c) (1 − Σ m²)`` with its weight, the fraction of its first child and the shares m of
    the phases in it: zero where a child is empty or all is one phase.
    """
    one_hot = torch.nn.functional.one_hot(network.leaf_phase, len(network.phase_names))
    leaves = one_hot * (network.weights / network.weights.sum())[:, None]
    levels: list[Tensor] = []

    def combine(level: Level, first: Tensor, second: Tensor) -> Tensor:
        both = first + second
        total = both.sum(-1)
        total = torch.where(total > 0, total, 1.0)
        mixed = 1.0 - (both / total[:, None]).square().sum(-1)
        levels.append(first.sum(-1) * second.sum(-1) / total * mixed)
        return both

    network.tree.up(leaves, combine)
    return torch.cat(levels[::-1])


def _shares(left: Tensor, right: Tensor, share: float) -> Tensor:
    """Share of the right in what is weighted by left and right; ``share`` where both are zero."""
    both = (1.0 - share) * left + share * right
    return torch.where(both > 0, share * right / torch.where(both > 0, both, 1.0), share)


def _along_arc(start: Tensor, end: Tensor, share: Tensor) -> Tensor:
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
