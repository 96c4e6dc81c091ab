"""Indicators of phases that sum up to one: free while they are optimised, exact at the end."""

import numpy as np
import torch
from torch import Tensor

__all__ = ["labels", "mixing", "one_hot", "outside", "partition"]


def partition(free: Tensor) -> Tensor:
    """Indicators ``[n, k, …]`` with the sum 1 of free numbers of the same shape.

    They may leave [0, 1], against which :func:`outside` works. A softmax, which keeps them inside,
    saturates: its gradients vanish at pixels that have decided, and the optimisation stops early.
    """
    return free - free.mean(dim=1, keepdim=True) + 1.0 / free.shape[1]


def outside(indicator: Tensor) -> Tensor:
    """Mean square of how far indicators ``[n, k, …]`` lie outside [0, 1]: ``[n]``."""
    above, below = (indicator - 1.0).relu(), (-indicator).relu()
    return (above.square() + below.square()).flatten(1).mean(1)


def mixing(indicator: Tensor) -> Tensor:
    """Mean of p (1 − p), which is zero where every pixel has one phase: ``[n]``."""
    return (indicator * (1.0 - indicator)).clamp(min=0.0).flatten(1).mean(1)


def labels(indicator: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """The phase ``[…]`` of each voxel from indicators ``[k, …]``, each phase on its exact count.

    Of two phases it is the one whose indicator is above a threshold. Of more, each indicator has
    an offset, found so that the phase with the largest sum is about right on the count; the few
    voxels too many then change where that costs least.
    """
    flat = indicator.reshape(len(counts), -1).astype(np.float64)
    if len(counts) == 2:
        phase = np.zeros(flat.shape[1], dtype=np.uint8)
        phase[np.argsort(flat[0] - flat[1], kind="stable")[: counts[1]]] = 1
        return phase.reshape(indicator.shape[1:])
    shifted = flat + _offsets(flat, counts)[:, None]
    phase = shifted.argmax(0)
    while True:
        surplus = np.bincount(phase, minlength=len(counts)) - counts
        if not surplus.any():
            return phase.reshape(indicator.shape[1:]).astype(np.uint8)
        source, sink = int(surplus.argmax()), int(surplus.argmin())
        members = np.flatnonzero(phase == source)
        cost = shifted[source, members] - shifted[sink, members]
        change = min(surplus[source], -surplus[sink])
        phase[members[np.argsort(cost, kind="stable")[:change]]] = sink


def _offsets(flat: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Offsets ``[k]`` with which the largest of the indicators ``[k, n]`` is on the counts."""
    offsets, step = np.zeros(len(counts)), 0.5
    for _ in range(100):
        found = np.bincount((flat + offsets[:, None]).argmax(0), minlength=len(counts))
        offsets -= step * (found - counts) / flat.shape[1]
        step *= 0.97
    return offsets


def one_hot(phase: np.ndarray, count: int) -> Tensor:
    """Indicators ``[1, count, …]`` (float32) of phases ``[…]``."""
    return torch.from_numpy(np.stack([phase == k for k in range(count)]).astype(np.float32))[None]
