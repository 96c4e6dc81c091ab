"""Networks between networks: another volume fraction, or a value between those trained at."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.network.envelope import common_envelope
from dmn_fe.network.network import Network
from dmn_fe.network.tree import Level

__all__ = ["blend", "check_alike", "interpolate", "with_volume_fractions"]

_MEAN_STEPS = 50  # of the mean of directions, of which two need one, and three some five to ten


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
    # The other metadata tells the errors of the network as it was.
    weights = network.weights * ratio[network.leaf_phase]
    return replace(network, weights=weights, metadata=common_envelope([network]))


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
    check_alike(networks)
    right = int(torch.searchsorted(at, value).clamp(1, len(at) - 1))
    share = float((value - at[right - 1]) / (at[right] - at[right - 1]))
    return blend(networks[right - 1 : right + 1], [1.0 - share, share])


def check_alike(networks: Sequence[Network]) -> None:
    """Raise ``InputError`` unless networks are on one tree, with the same phases."""
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


def blend(networks: Sequence[Network], shares: Sequence[float]) -> Network:
    """The mean of networks that :func:`check_alike` has passed, with shares ≥ 0 that add up to 1:
    as of :func:`interpolate`; of several normals their mean on the sphere."""
    parts = torch.tensor(list(shares), dtype=torch.float64)[:, None]
    weights = torch.stack([network.weights / network.weights.sum() for network in networks])
    influence = _mixed(parts, torch.stack([_influence(network) for network in networks]))
    normals = _mean_direction(torch.stack([network.normals for network in networks]), influence)
    rotation = None
    if networks[0].leaf_rotation is not None:
        axes = torch.stack([network.rotations for network in networks])
        rotation = _nearest_rotation((_mixed(parts, weights)[..., None, None] * axes).sum(0))
    return replace(
        networks[0],
        weights=(parts * weights).sum(0),
        normals=normals,
        leaf_rotation=rotation,
        metadata=common_envelope(networks),
    )


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


def _mixed(parts: Tensor, influence: Tensor) -> Tensor:
    """Shares ``[networks, m]`` of what has an influence ``[networks, m]`` in networks with shares
    ``[networks, 1]``; these where it has none."""
    each = parts * influence
    total = each.sum(0)
    return torch.where(total > 0, each / torch.where(total > 0, total, 1.0), parts)


def _mean_direction(normals: Tensor, shares: Tensor) -> Tensor:
    """Weighted mean ``[m, 3]`` of directions ±n, ``[networks, m, 3]``, on the sphere: of two the
    point on the arc between them.

    Signs are chosen towards the direction of the largest share. From there the mean is moved along
    the mean of the arcs to all directions, until it does not move (Buss & Fillmore, ACM Trans.
    Graph. 20 (2001) 95).
    """
    largest = shares.argmax(0)
    mean = normals[largest, torch.arange(len(largest))]
    normals = torch.where((normals * mean).sum(-1, keepdim=True) < 0, -normals, normals)
    for _ in range(_MEAN_STEPS):
        cosine = (normals * mean).sum(-1, keepdim=True)
        across = normals - cosine * mean
        sine = torch.linalg.vector_norm(across, dim=-1, keepdim=True)
        arc = torch.atan2(sine, cosine) / torch.where(sine > 0, sine, 1.0)
        move = (shares[..., None] * arc * across).sum(0)
        angle = torch.linalg.vector_norm(move, dim=-1, keepdim=True)
        mean = torch.cos(angle) * mean + torch.sinc(angle / torch.pi) * move
        mean = torch.nn.functional.normalize(mean, dim=-1)
        if not (angle > 1e-14).any():
            break
    return mean


def _nearest_rotation(matrix: Tensor) -> Tensor:
    """Rotations ``[n, 3, 3]`` that are nearest to matrices (Frobenius)."""
    left, _, right = torch.linalg.svd(matrix)
    sign = torch.ones(*matrix.shape[:-2], 3, dtype=matrix.dtype)
    sign[..., 2] = torch.linalg.det(left @ right)
    return left @ (sign[..., :, None] * right)
