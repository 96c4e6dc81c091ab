"""A network at every point, and the full RVE at those where it is in doubt.

All points begin with the network. After each step that was committed, those where the spread of an
ensemble or the distance from the validated strains passes a threshold go on with the RVE, whose
history is made up for along the strains the point has had; and they come back when they are safe.
The network is evaluated at all points all the same: so it knows the history when a point comes
back, and its error is seen where the RVE is there.
"""

import hashlib
import logging
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from mpi4py import MPI
from numpy.typing import NDArray
from torch import Tensor

from dmn_fe.collective import RaiseTogether
from dmn_fe.errors import InputError
from dmn_fe.evaluate import StrainEnvelope, spread_of, strain_envelope
from dmn_fe.fem.balanced_law import BalancedLaw
from dmn_fe.fem.switched_state import SwitchedState, SwitchingUpdate
from dmn_fe.fem.switching_rule import Doubts, SwitchingRule
from dmn_fe.laws import MaterialLaw, Status, laws_fingerprint, stress_error
from dmn_fe.laws import takes_temperature as _takes_temperature

__all__ = ["SwitchingLaw"]

_log = logging.getLogger(__name__)

_TO_RVE, _TO_NETWORK = 1, 2  # of SwitchedState.bound
_MOST_DOUBT = 1e300  # of points that the rule decides on


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
        Time that this rank has worked on RVEs since the beginning, replays included.
    switched : tuple of int
        In the last commit: points of all ranks with the RVE, those that left the network, those
        that came back to it.

    Raises
    ------
    InputError
        If the laws of the phases differ, the network takes a temperature or is on a device, or the
        rule counts nothing that this network tells.
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
        if network.initial_state(0).device.type != "cpu":
            raise InputError("SwitchingLaw: the network is on a device; give it backend = 'cpu'.")
        self.envelope: StrainEnvelope | None = strain_envelope(network)
        tells_spread = rule.spread is not None and _spread_of_rest(network) is not None
        if not tells_spread and (rule.envelope is None or self.envelope is None):
            raise InputError(
                "the rule counts nothing that this network tells, so that no point would ever "
                "leave it; give an ensemble with a threshold for its 'spread', or a "
                "network that knows the strains it was validated for with one for the 'envelope'."
            )
        self.network, self.rve, self.rule = network, rve, rule
        self._comm, self._balanced = comm, BalancedLaw(rve, comm)
        self.symmetric_tangent = all(
            bool(getattr(one, "symmetric_tangent", False)) for one in (network, rve)
        )
        self.stress_error = max(stress_error(network), stress_error(rve))
        self.switched = (0, 0, 0)

    @property
    def seconds(self) -> float:
        """See the attributes."""
        return self._balanced.seconds

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
        nobody, free = torch.zeros(0, dtype=torch.int64), torch.zeros(n, dtype=torch.int8)
        return SwitchedState(self.network.initial_state(n), nobody, self.rve.initial_state(0), free)

    def integrate(self, strain: Tensor, state: SwitchedState, dt: float = 0.0) -> SwitchingUpdate:
        """Update the points ``[n, 6]`` of this rank (collective)."""
        with RaiseTogether(self._comm):
            of_network = self.network.integrate(strain, state.network, dt)
        active = state.active
        of_rve = self._balanced.integrate(strain[active], state.rve, dt)
        stress, status = of_network.stress.clone(), of_network.status.clone()
        iterations = of_network.iterations.clone()
        stress[active], status[active] = of_rve.stress, of_rve.status
        iterations[active] = of_rve.iterations

        def tangent() -> Tensor:
            own = of_rve.tangent
            tangents = of_network.tangent.clone()
            tangents[active] = own
            return tangents

        failed, kept = of_network.status != Status.CONVERGED, of_network.state
        if failed.any():  # beside the RVE it stays where it was, lest not-a-number spread
            kept = torch.where(failed[:, None], state.network, kept)
        bound = torch.where(failed, _TO_RVE, state.bound).to(torch.int8)
        new_state = replace(state, network=kept, rve=of_rve.state, bound=bound)
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
        # In plane stress with the strain out of the plane that was found.
        strain = getattr(update.of_network, "strain", update.strain)
        doubt = self.rule.doubts(strain, spread, self.envelope, largest)
        active, bound = state.active, state.bound.clone()
        error = (update.of_network.stress[active] - update.stress[active]).norm(dim=-1)
        doubt[active] = torch.maximum(doubt[active], self.rule.error_doubt(error, largest))
        doubt = torch.nan_to_num(doubt, nan=_MOST_DOUBT, posinf=_MOST_DOUBT)
        doubt[bound == _TO_RVE], doubt[bound == _TO_NETWORK] = torch.inf, 0.0
        has_rve = np.zeros(len(doubt), dtype=bool)
        has_rve[active.numpy()] = True
        chosen = self.rule.choose(Doubts(doubt.numpy(), has_rve), self._comm)
        wanted = np.flatnonzero(chosen & ~has_rve)
        new, rows = self._replayed(wanted, path)
        bound[np.setdiff1d(wanted, new.numpy())] = _TO_NETWORK
        stays = torch.from_numpy(chosen)[active]
        left = int((~stays).sum())
        points, rows = torch.cat([active[stays], new]), torch.cat([state.rve[stays], rows])
        order = points.argsort()
        self.switched = tuple(  # type: ignore[assignment]
            self._comm.allreduce(number) for number in (len(points), len(new), left)
        )
        return SwitchedState(state.network, points[order], rows[order], bound, path, largest)

    def _replayed(
        self, points: NDArray[np.int64], path: tuple[tuple[Tensor, float], ...]
    ) -> tuple[Tensor, Tensor]:
        """The points ``[m]`` whose RVE could follow the strains they have had, and its states
        (collective)."""
        going = torch.from_numpy(points)
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
        return going, rows

    def own_rows(self, state: SwitchedState) -> Tensor:
        """States as one row for each point; see :meth:`SwitchedState.rows`."""
        return state.rows()

    def with_rows(self, state: SwitchedState, rows: Tensor) -> SwitchedState:
        """States whose rows are these: the RVEs follow their strains again (collective)."""
        size = self.network.state_size
        count = self._comm.allreduce((rows.shape[1] - size - 3) // 7, MPI.MAX)
        if len(rows) == 0:  # a rank without points does not know the steps
            rows = rows.new_zeros(0, 3 + 7 * count + size)
        has_rve, network = rows[:, 0] > 0, rows[:, 3 + 7 * count :]
        bound = rows[:, 1].to(torch.int8)
        steps = rows[:, 3 : 3 + 7 * count].reshape(len(rows), count, 7)
        sizes = self._comm.allgather(steps[0, :, 6].tolist() if len(rows) else [])
        times = max(sizes, key=len)
        path = tuple((steps[:, k, :6].clone(), dt) for k, dt in enumerate(times))
        largest = float(rows[:, 2].max()) if len(rows) else 0.0
        wanted = np.flatnonzero(has_rve.numpy())
        active, states = self._replayed(wanted, path)
        bound[np.setdiff1d(wanted, active.numpy())] = _TO_NETWORK
        kept = network.to(state.network)
        everywhere = self._comm.allreduce(largest, MPI.MAX)
        return SwitchedState(kept, active, states, bound, path, everywhere)


def _spread_of_rest(network: MaterialLaw) -> Tensor | None:
    """The spread of a virgin point, of laws that tell one."""
    rest = torch.zeros(1, 6, dtype=torch.float64)
    return spread_of(network.integrate(rest, network.initial_state(1)))
