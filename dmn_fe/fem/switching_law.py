"""A network at every point, and the full RVE at those where it is in doubt.

All points begin with the network. After each step that was committed, those where the spread of an
ensemble or the distance from the validated strains passes a threshold go on with the RVE, whose
history is made up for along the strains the point has had; and they come back when they are safe.
The network is evaluated at all points all the same: so it knows the history when a point comes
back, and its error is seen where the RVE is there.
"""

import hashlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from mpi4py import MPI
from numpy.typing import NDArray
from torch import Tensor

from dmn_fe.collective import RaiseTogether
from dmn_fe.errors import InputError
from dmn_fe.evaluate import StrainEnvelope, spread_of, strain_envelope
from dmn_fe.fem.balanced_law import BalancedLaw
from dmn_fe.fem.switching_rule import Doubts, SwitchingRule
from dmn_fe.laws import MaterialLaw, Status, Update, laws_fingerprint, stress_error
from dmn_fe.laws import takes_temperature as _takes_temperature

__all__ = ["SwitchedState", "SwitchingLaw"]

_log = logging.getLogger(__name__)


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
    path : tuple of (Tensor ``[n, 6]``, float)
        Strain at the end of each committed step, and its size in time.
    largest_stress : float
        Largest norm of a stress of all ranks' points so far.
    """

    network: Tensor
    active: Tensor
    rve: Tensor
    path: tuple[tuple[Tensor, float], ...] = ()
    largest_stress: float = 0.0


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


class SwitchingLaw:
    """A network whose points go on with the full RVE where the rule says so.

    As :class:`~dmn_fe.laws.MaterialLaw`, but the state is a :class:`SwitchedState`, of which
    :meth:`own_rows` gives one row for each point; and all calls are collective. Give it to a
    :class:`~dmn_fe.fem.QuadratureMap`, which switches at each commit.

    Parameters
    ----------
    network : MaterialLaw
        That of a network or of an ensemble, whose state lies on the processor.
    rve : RVELaw
        The RVE that it stands for, with the same laws of the phases.
    rule : SwitchingRule
    comm : MPI.Comm
        Ranks of the simulation; the quadrature map sets them.

    Attributes
    ----------
    seconds : float
        Time of this rank in the RVEs since the beginning, replays included.
    switched : tuple of int
        In the last commit: points of all ranks with the RVE, those that left the network, those
        that came back to it.

    Raises
    ------
    InputError
        If the laws of the phases differ, the network takes a temperature, or the rule counts
        nothing that this network tells.
    """

    is_isotropic = False

    def __init__(
        self,
        network: MaterialLaw,
        rve: MaterialLaw,
        rule: SwitchingRule,
        comm: MPI.Comm = MPI.COMM_SELF,
    ):
        if _takes_temperature(network):
            raise InputError("SwitchingLaw: full RVEs know no temperature; leave it out.")
        phases = [getattr(one, "laws", {}) for one in (network, rve)]
        if laws_fingerprint(phases[0]) != laws_fingerprint(phases[1]):
            raise InputError(
                "SwitchingLaw: the phases of network and RVE have other names or other laws; give "
                "both the same."
            )
        self.network, self.rve, self.rule = network, rve, rule
        self._comm, self._balanced = comm, BalancedLaw(rve, comm)
        self.symmetric_tangent = all(
            bool(getattr(one, "symmetric_tangent", False)) for one in (network, rve)
        )
        self.stress_error = max(stress_error(network), stress_error(rve))
        self.seconds, self.switched = 0.0, (0, 0, 0)
        self.envelope: StrainEnvelope | None = strain_envelope(network)

    def on(self, comm: MPI.Comm) -> "SwitchingLaw":
        """The same on these ranks."""
        return SwitchingLaw(self.network, self.rve, self.rule, comm)

    def wrapped(self, wrapper: Callable[[MaterialLaw], MaterialLaw]) -> "SwitchingLaw":
        """The same with another law around both, e.g. ``PlaneStress``."""
        return SwitchingLaw(wrapper(self.network), wrapper(self.rve), self.rule, self._comm)

    @property
    def state_size(self) -> int:
        """Numbers of a point that has the network."""
        return self.network.state_size

    def fingerprint(self) -> str:
        """SHA-256 (hex) of network and RVE; the rule may change."""
        parts = laws_fingerprint({"network": self.network, "rve": self.rve})
        return hashlib.sha256(f"switching {parts}".encode()).hexdigest()

    def initial_state(self, n: int) -> SwitchedState:
        """Virgin state: all points have the network."""
        nobody = torch.zeros(0, dtype=torch.int64)
        return SwitchedState(self.network.initial_state(n), nobody, self.rve.initial_state(0))

    def integrate(self, strain: Tensor, state: SwitchedState, dt: float = 0.0) -> SwitchingUpdate:
        """Update the points ``[n, 6]`` of this rank (collective)."""
        with RaiseTogether(self._comm):
            of_network = self.network.integrate(strain, state.network, dt)
        active, start = state.active, time.perf_counter()
        of_rve = self._balanced.integrate(strain[active], state.rve, dt)
        self.seconds += time.perf_counter() - start
        stress, status = of_network.stress.clone(), of_network.status.clone()
        iterations = of_network.iterations.clone()
        stress[active], status[active] = of_rve.stress, of_rve.status
        iterations[active] = of_rve.iterations

        def tangent() -> Tensor:
            begin = time.perf_counter()
            own = of_rve.tangent
            self.seconds += time.perf_counter() - begin
            tangents = of_network.tangent.clone()
            tangents[active] = own
            return tangents

        new_state = replace(state, network=of_network.state, rve=of_rve.state)
        return SwitchingUpdate(
            of_network,
            strain.clone(),
            dt,
            active,
            stress,
            new_state,
            tangent,
            status,
            iterations,
        )

    def commit(self, update: SwitchingUpdate) -> SwitchedState:
        """The state to go on from after a converged step: points may switch (collective)."""
        state = update.new_state
        own = float(update.stress.norm(dim=-1).max()) if len(update.stress) else 0.0
        largest = max(state.largest_stress, self._comm.allreduce(own, MPI.MAX))
        path = (*state.path, (update.strain, update.dt))
        spread = spread_of(update.of_network)
        doubt = self.rule.doubts(update.strain, spread, self.envelope, largest)
        active = state.active
        error = (update.of_network.stress[active] - update.stress[active]).norm(dim=-1)
        doubt[active] = torch.maximum(doubt[active], self.rule.error_doubt(error, largest))
        has_rve = np.zeros(len(doubt), dtype=bool)
        has_rve[active.numpy()] = True
        chosen = self.rule.choose(Doubts(doubt.numpy(), has_rve), self._comm)
        new, rows = self._replayed(np.flatnonzero(chosen & ~has_rve), path)
        stays = torch.from_numpy(chosen)[active]
        left = int((~stays).sum())
        points, rows = torch.cat([active[stays], new]), torch.cat([state.rve[stays], rows])
        order = points.argsort()
        self.switched = tuple(  # type: ignore[assignment]
            self._comm.allreduce(number) for number in (len(points), len(new), left)
        )
        return SwitchedState(state.network, points[order], rows[order], path, largest)

    def _replayed(
        self, points: NDArray[np.int64], path: tuple[tuple[Tensor, float], ...]
    ) -> tuple[Tensor, Tensor]:
        """The points ``[m]`` whose RVE could follow the strains they have had, and its states
        (collective)."""
        going, start = torch.from_numpy(points), time.perf_counter()
        rows = self.rve.initial_state(len(points))
        for strain, dt in path if self._comm.allreduce(len(points)) else ():
            update = self._balanced.integrate(strain[going], rows, dt)
            good = update.status == Status.CONVERGED
            going, rows = going[good], update.state[good]
        lost = self._comm.allreduce(len(points) - len(going))
        if lost and self._comm.rank == 0:
            _log.warning(
                "the RVE does not converge along the strains of %d points, which stay with the "
                "network.",
                lost,
            )
        self.seconds += time.perf_counter() - start
        return going, rows

    def own_rows(self, state: SwitchedState) -> Tensor:
        """States as one row for each point: whether it has the RVE, strain and size of each step,
        from which the RVE's own is found again, and the state of the network."""
        has_rve = torch.zeros(len(state.network), 1, dtype=torch.float64)
        has_rve[state.active] = 1.0
        steps = [
            torch.cat([strain, torch.full((len(strain), 1), dt, dtype=torch.float64)], dim=1)
            for strain, dt in state.path
        ]
        largest = torch.full_like(has_rve, state.largest_stress)
        return torch.cat([has_rve, largest, *steps, state.network.to(torch.float64)], dim=1)

    def with_rows(self, state: SwitchedState, rows: Tensor) -> SwitchedState:
        """States whose rows are these: the RVEs follow their strains again (collective)."""
        size = self.network.state_size
        count = self._comm.allreduce((rows.shape[1] - size - 2) // 7, MPI.MAX)
        if len(rows) == 0:  # a rank without points does not know the steps
            rows = rows.new_zeros(0, 2 + 7 * count + size)
        has_rve, network = rows[:, 0] > 0, rows[:, 2 + 7 * count :]
        steps = rows[:, 2 : 2 + 7 * count].reshape(len(rows), count, 7)
        sizes = self._comm.allgather(steps[0, :, 6].tolist() if len(rows) else [])
        times = max(sizes, key=len)
        path = tuple((steps[:, k, :6].clone(), dt) for k, dt in enumerate(times))
        largest = float(rows[:, 1].max()) if len(rows) else 0.0
        active, states = self._replayed(np.flatnonzero(has_rve.numpy()), path)
        kept = network.to(state.network)
        everywhere = self._comm.allreduce(largest, MPI.MAX)
        return SwitchedState(kept, active, states, path, everywhere)
