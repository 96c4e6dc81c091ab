"""States and updates of points of which some have a network and some the full RVE."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from dmn_fe.evaluate import spread_of
from dmn_fe.laws import Update

__all__ = ["SwitchedState", "SwitchingUpdate"]


@dataclass(frozen=True)
class SwitchedState:
    """State of n points.

    Attributes
    ----------
    network : Tensor ``[n, network.state_size]``
        Of the network, at all points.
    active : Tensor ``[m]`` of int64
        Points that have the RVE, rising.
    rve : Tensor ``[m, rve.state_size]``
        State of the RVE there.
    bound : Tensor ``[n]`` of int8
        0: the rule decides. 1: the RVE for good, since the network has failed there. 2: the network
        for good, since the RVE could not follow the strains of the point.
    path : tuple of (Tensor ``[n, 6]``, float)
        Strain at the end of each committed step, and its size in time.
    largest_stress : float
        Largest norm of a stress of all ranks' points so far.
    """

    network: Tensor
    active: Tensor
    rve: Tensor
    bound: Tensor
    path: tuple[tuple[Tensor, float], ...] = ()
    largest_stress: float = 0.0

    def rows(self) -> Tensor:
        """One row for each point: whether it has the RVE, and is bound to it or to the network;
        strain and size of each step, from which the RVE's own is found again; and the state of the
        network."""
        has_rve = torch.zeros(len(self.network), 1, dtype=torch.float64)
        has_rve[self.active] = 1.0
        bound = self.bound[:, None].to(torch.float64)
        steps = [
            torch.cat([strain, torch.full((len(strain), 1), dt, dtype=torch.float64)], dim=1)
            for strain, dt in self.path
        ]
        largest = torch.full_like(has_rve, self.largest_stress)
        network = self.network.to(torch.float64)
        return torch.cat([has_rve, bound, largest, *steps, network], dim=1)


class SwitchingUpdate(Update):
    """Result of a switching law.

    Attributes
    ----------
    point_spread : Tensor ``[n]`` or None
        Error bar of the stress: that of the network, and zero where the RVE is.
    of_network : Update
        Of the network alone, at all points.
    strain, dt : Tensor ``[n, 6]``, float
        What the step ended with, and its size in time.
    new_state : SwitchedState
        The same as ``state``.
    """

    def __init__(
        self,
        of_network: Update,
        strain: Tensor,
        dt: float,
        active: Tensor,
        stress: Tensor,
        new_state: SwitchedState,
        *arguments: Any,
    ):
        super().__init__(stress, new_state, *arguments)  # type: ignore[arg-type]
        self.of_network, self.strain, self.dt = of_network, strain, dt
        self.new_state = new_state
        spread = spread_of(of_network)
        if spread is not None:
            spread = spread.clone()
            spread[active] = 0.0
        self.point_spread = spread
