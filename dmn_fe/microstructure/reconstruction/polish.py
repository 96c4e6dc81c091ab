"""Exchange of voxels at the interfaces, where the gradient of the loss promises most."""

from collections.abc import Callable
from itertools import combinations

import numpy as np
import torch

from dmn_fe.microstructure.reconstruction.objective import Distance
from dmn_fe.microstructure.reconstruction.phase_partition import one_hot

__all__ = ["polish"]

_FIRST_SHARE, _LAST_SHARE = 0.02, 1e-3  # of the voxels at an interface that are exchanged at once


def polish(
    phase: np.ndarray,
    phases: int,
    distance: Distance,
    rounds: int,
    device: torch.device,
    tick: Callable[[], None] = lambda: None,
) -> tuple[np.ndarray, float]:
    """Exchange voxels of two phases next to their interface as long as the loss falls.

    What the indicators had between 0 and 1 is lost when every voxel takes one phase; this brings
    half of it back. Volume fractions stay.

    Parameters
    ----------
    phase : array ``[…]``
        Of a periodic image or volume.
    phases : int
        Number of phases.
    distance : Distance
    rounds : int
        At most; each takes one or two evaluations.
    device : torch.device
    tick : callable, optional
        Called after each round.

    Returns
    -------
    phase, loss
    """
    share, phase = _FIRST_SHARE, phase.copy()
    best, gradient = _loss(phase, phases, distance, device)
    for _ in range(rounds):
        trial = _exchanged(phase, gradient, share)
        if trial is None:
            break
        loss, trial_gradient = _loss(trial, phases, distance, device)
        tick()
        if loss < best:
            phase, best, gradient = trial, loss, trial_gradient
        else:
            share /= 2.0
            if share < _LAST_SHARE:
                break
    return phase, best


def _loss(
    phase: np.ndarray, phases: int, distance: Distance, device: torch.device
) -> tuple[float, np.ndarray]:
    """Loss and its gradient ``[k, …]``."""
    indicator = one_hot(phase, phases).to(device).requires_grad_()
    loss = distance.backward(indicator)
    assert indicator.grad is not None
    return float(loss), indicator.grad[0].cpu().numpy()


def _exchanged(phase: np.ndarray, gradient: np.ndarray, share: float) -> np.ndarray | None:
    """The phases after exchanges that promise a smaller loss; None if there is none."""
    new, found = phase.copy(), False
    for a, b in combinations(range(len(gradient)), 2):
        cost = (gradient[b] - gradient[a]).ravel()  # of turning a voxel from a to b
        near_a, near_b = _next_to(phase == a), _next_to(phase == b)
        to_b = np.flatnonzero(((new == a) & (phase == a) & near_b).ravel())
        to_a = np.flatnonzero(((new == b) & (phase == b) & near_a).ravel())
        count = min(len(to_a), len(to_b))
        if not count:
            continue
        count = max(1, int(share * count))
        to_b = to_b[np.argsort(cost[to_b], kind="stable")[:count]]
        to_a = to_a[np.argsort(-cost[to_a], kind="stable")[:count]]
        gain = cost[to_a] - cost[to_b]  # falls from the first pair to the last
        count = int(np.count_nonzero(gain > 0.0))
        new.ravel()[to_b[:count]] = b
        new.ravel()[to_a[:count]] = a
        found = found or count > 0
    return new if found else None


def _next_to(inside: np.ndarray) -> np.ndarray:
    """Voxels with a neighbour inside, through periodic faces too."""
    shifted = [np.roll(inside, step, axis) for axis in range(inside.ndim) for step in (-1, 1)]
    return np.logical_or.reduce(shifted)
