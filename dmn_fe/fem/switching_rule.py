"""When a point leaves its network for the full RVE, and when it comes back."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from mpi4py import MPI
from numpy.typing import NDArray
from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.evaluate import StrainEnvelope

__all__ = ["Doubts", "SwitchingRule"]


@dataclass(frozen=True)
class SwitchingRule:
    """Thresholds of doubt in a network.

    Parameters
    ----------
    spread : float, optional
        Error bar of an ensemble's stress (see :func:`~dmn_fe.evaluate.spread_of`) at a point,
        relative to the largest stress of the part so far. None: does not count.
    envelope : float, optional
        Strain relative to that which the network was validated for (see
        :meth:`~dmn_fe.evaluate.StrainEnvelope.ratio`). None: does not count.
    back : float
        A point comes back when all that is counted is below this part of its threshold, and the
        network's stress differs from that of the RVE by less than the same part of ``spread``.
    most : float
        Largest share of all points that leave the network; those with most doubt do.

    Raises
    ------
    InputError
        If a number makes no sense, or nothing counts.
    """

    spread: float | None = 0.02
    envelope: float | None = 1.0
    back: float = 0.5
    most: float = 1.0

    def __post_init__(self):
        for name in ("spread", "envelope"):
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and value >= 0):
                raise InputError(f"switching: {name} = {value} must be a number from 0.")
        if self.spread is None and self.envelope is None:
            raise InputError("switching: give a threshold for the spread or for the envelope.")
        for name, value in (("back", self.back), ("most", self.most)):
            if not 0.0 <= value <= 1.0:
                raise InputError(f"switching: {name} = {value} must lie between 0 and 1.")

    def doubts(
        self,
        strain: Tensor,
        spread: Tensor | None,
        envelope: StrainEnvelope | None,
        largest_stress: float,
    ) -> Tensor:
        """Doubt ``[n]`` of points: the largest of what counts, over its threshold.

        Parameters
        ----------
        strain : Tensor ``[n, 6]``
        spread : Tensor ``[n]`` or None
            Error bar of the stress.
        envelope : StrainEnvelope or None
            What the network was validated for.
        largest_stress : float
            Largest norm of a stress in the part so far.
        """
        doubt = torch.zeros(len(strain), dtype=torch.float64)
        if self.spread is not None and spread is not None and largest_stress > 0:
            doubt = torch.maximum(doubt, _over(spread / largest_stress, self.spread))
        if self.envelope is not None and envelope is not None:
            doubt = torch.maximum(doubt, _over(envelope.ratio(strain), self.envelope))
        return doubt

    def error_doubt(self, error: Tensor, largest_stress: float) -> Tensor:
        """Doubt ``[m]`` by the true errors ``[m]`` of the stress, where the RVE is known."""
        if self.spread is None or not largest_stress > 0:
            return torch.zeros_like(error)
        return _over(error / largest_stress, self.spread)

    def choose(self, doubts: "Doubts", comm: MPI.Comm) -> NDArray[np.bool_]:
        """Which points ``[n]`` of this rank have the RVE in the next step (collective)."""
        wanted = doubts.value > np.where(doubts.active, self.back, 1.0)
        parts = comm.allgather(np.where(wanted, doubts.value, -1.0))
        every = np.concatenate(parts)
        most = math.floor(self.most * len(every) + 1e-9)
        chosen = np.zeros(len(every), dtype=bool)
        first = np.argsort(-every, kind="stable")[:most]
        chosen[first] = every[first] >= 0.0
        start = sum(len(part) for part in parts[: comm.rank])
        return chosen[start : start + len(doubts.value)]


@dataclass(frozen=True)
class Doubts:
    """Doubt ``[n]`` of the points of a rank, and which of them have the RVE already."""

    value: NDArray[np.float64]
    active: NDArray[np.bool_]


def _over(value: Tensor, threshold: float) -> Tensor:
    """Value over a threshold; with one of zero, infinite wherever there is anything."""
    if threshold > 0:
        return value / threshold
    return torch.where(value > 0, torch.inf, 0.0)
