"""The torch reference: Newton's iteration of a network in plain batches of torch operations."""

from collections.abc import Mapping

import torch
from torch import Tensor

from dmn_fe.evaluate.layout import StateLayout
from dmn_fe.evaluate.leaves import Leaves, LeavesUpdate
from dmn_fe.evaluate.linesearch import find_step
from dmn_fe.evaluate.sweep import Sweep
from dmn_fe.evaluate.virgin import NO_STRESS, VirginNetwork
from dmn_fe.laws import MaterialLaw, Status, Update, Void
from dmn_fe.network import Network

__all__ = ["TorchEngine"]

_CHUNK_BYTES = 2**23  # leaf tangents of a chunk of points: many points an operation, little memory
_OVERSHOOT = 0.5  # slope at a full step, relative to the start, from which a line search pays
_ROUND_OFF = 1e-10  # slope relative to |σ||Δε| that is round-off and tells nothing


class TorchEngine:
    """Solves points of a network; arguments as of :class:`~dmn_fe.evaluate.NetworkLaw`, checked.

    Each point starts from its committed leaf strains, takes Newton steps by
    :class:`~dmn_fe.evaluate.sweep.Sweep` with a line search on the incremental energy, and ends
    when the interface tractions are in equilibrium.
    """

    device = torch.device("cpu")

    def __init__(
        self,
        network: Network,
        laws: Mapping[str, MaterialLaw],
        tolerance: float,
        max_iterations: int,
        warm_start: bool = True,
    ):
        self.network = network
        self.tolerance, self.max_iterations = tolerance, max_iterations
        self.leaves = Leaves(network, laws)
        self.sweep = Sweep(network, self.leaves.symmetric)
        self.layout = StateLayout(network, laws, warm_start)
        self._virgin = None if warm_start else VirginNetwork.of(self.leaves, self.sweep)
        self._has_voids = any(isinstance(law, Void) for law in laws.values())
        self._chunk = max(16, _CHUNK_BYTES // (36 * 8 * self.leaves.count))

    def empty_states(self, n: int, size: int, dtype: torch.dtype) -> Tensor:
        """Memory for states ``[n, size]``, point by point."""
        return torch.empty(n, size, dtype=dtype)

    @torch.no_grad()
    def integrate(
        self,
        strain: Tensor,
        state: Tensor,
        dt: float,
        temperature: Tensor | None,
        new_state: Tensor | None = None,
    ) -> Update:
        """See :class:`~dmn_fe.evaluate.backends.Engine`."""
        n, given = strain.shape[0], state.dtype
        wanted = new_state
        state = state.double()
        stress, new_state = torch.empty_like(strain), torch.empty_like(state)
        status = torch.empty(n, dtype=torch.int8)
        iterations = torch.empty(n, dtype=torch.int32)
        jumps = strain.new_empty(3, self.leaves.count - 1, n)
        for chunk in self._chunks(n):
            warmth = None if temperature is None else temperature[chunk]
            macro, committed = strain[chunk].mT.contiguous(), state[chunk]
            history = self.layout.history(committed)
            start, update = self._start(macro, committed, history, dt, warmth)
            outcome = self._solve(macro, start, update, history, dt, warmth)
            stress[chunk], status[chunk], iterations[chunk] = outcome[0].mT, *outcome[3:]
            jumps[..., chunk] = self.sweep.jumps(outcome[1])
            new_state[chunk] = self.layout.state(macro, jumps[..., chunk], outcome[2])

        def tangent() -> Tensor:
            return self._tangent(strain, jumps, state, dt, temperature)

        updated = new_state.to(given) if wanted is None else wanted.copy_(new_state)
        return Update(stress, updated, tangent, status, iterations)

    def _chunks(self, n: int) -> list[slice]:
        return [slice(start, start + self._chunk) for start in range(0, n, self._chunk)]

    def leaf_strain(self, state: Tensor) -> Tensor:
        """Leaf strains ``[6, leaf, n]`` of states ``[n, size]`` with a warm start."""
        return self.sweep.leaf_strain(state[:, :6].mT.contiguous(), self.layout.jumps(state))

    def _start(
        self, macro: Tensor, state: Tensor, history: Tensor, dt: float, temperature: Tensor | None
    ) -> tuple[Tensor, LeavesUpdate]:
        """Leaf strains to begin with, and the laws there."""
        if self._virgin is None:
            strain = self.leaf_strain(state)
            update = self.leaves.integrate(strain, history, dt, temperature)
            strain = self._newton(macro, strain, update)
        else:
            jumps = (self._virgin.jumps[..., None] * macro).sum(2)
            strain = self.sweep.leaf_strain(macro, jumps)
        return strain, self.leaves.integrate(strain, history, dt, temperature)

    def _solve(
        self,
        macro_strain: Tensor,
        strain: Tensor,
        update: LeavesUpdate,
        history: Tensor,
        dt: float,
        temperature: Tensor | None,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Stress ``[6, p]``, leaf strains ``[6, leaf, p]``, history ``[history_size, p]``, status
        ``[p]`` and iterations ``[p]``."""
        stress, leaf_strain = torch.empty_like(macro_strain), torch.empty_like(strain)
        new_history = torch.empty_like(history)
        status = torch.empty(macro_strain.shape[1:], dtype=torch.int8)
        iterations = torch.zeros(macro_strain.shape[1:], dtype=torch.int32)
        limit = torch.tensor(Status.MAX_ITERATIONS, dtype=torch.int8)

        def keep(points: Tensor, update: LeavesUpdate, strain: Tensor, outcome: Tensor) -> None:
            stress[:, points] = self.sweep.average(update.stress)
            leaf_strain[..., points], new_history[:, points] = strain, update.history()
            status[points] = outcome
            iterations[points] = iteration

        points = torch.arange(macro_strain.shape[1])
        least = self._least_scale(update, strain)
        for iteration in range(1, self.max_iterations + 1):
            residual = self.sweep.residual(update.stress, least)
            finished = ~(residual > self.tolerance)  # also where it is not a number
            last = iteration == self.max_iterations
            if last or finished.any():
                keep(points, update, strain, torch.where(finished, update.status(), limit))
                points, strain, history, macro_strain, least = (
                    a[..., ~finished] for a in (points, strain, history, macro_strain, least)
                )
                if temperature is not None:
                    temperature = temperature[~finished]
                if last or len(points) == 0:
                    break
                update = self.leaves.integrate(strain, history, dt, temperature)
            strain, update = self._step(macro_strain, strain, history, dt, temperature, update)
        return stress, leaf_strain, new_history, status, iterations

    def _least_scale(self, update: LeavesUpdate, strain: Tensor) -> Tensor:
        """Least scale ``[point]`` of the residual: where voids take all of the strain, the stress
        is the round-off of a stiffness times a strain, and never in equilibrium to its own scale.
        """
        if not self._has_voids:
            return strain.new_zeros(strain.shape[-1])
        size = self.sweep.average(strain.square().sum(0)).sqrt()
        return NO_STRESS / self.tolerance * update.tangent().abs().amax((0, 1, 2)) * size

    def _newton(self, macro_strain: Tensor, strain: Tensor, update: LeavesUpdate) -> Tensor:
        """Leaf strains in equilibrium for the laws linearised at ``strain``."""
        tangent = update.tangent()
        offset = update.stress - (tangent * strain).sum(1)
        return self.sweep.localise(macro_strain, tangent, offset)

    def _step(
        self,
        macro_strain: Tensor,
        strain: Tensor,
        history: Tensor,
        dt: float,
        temperature: Tensor | None,
        update: LeavesUpdate,
    ) -> tuple[Tensor, LeavesUpdate]:
        """One Newton step, shortened where the energy would rise beyond its minimum."""
        direction = self._newton(macro_strain, strain, update) - strain
        start = self._slope(update, direction)
        squares = update.stress.square().sum(0) * direction.square().sum(0)
        work = self.sweep.average(squares.sqrt())
        new_strain = strain + direction
        new_update = self.leaves.integrate(new_strain, history, dt, temperature)
        full = self._slope(new_update, direction)
        far = (full > _OVERSHOOT * start.abs()) & (start < -_ROUND_OFF * work)
        if far.any():
            base, along, own = strain[..., far], direction[..., far], history[:, far]
            warmth = None if temperature is None else temperature[far]

            def slope(step: Tensor) -> Tensor:
                return self._slope(
                    self.leaves.integrate(base + step * along, own, dt, warmth), along
                )

            step = find_step(slope, start[far], full[far])
            new_strain[..., far] = base + step * along
            new_update = self.leaves.integrate(new_strain, history, dt, temperature)
        return new_strain, new_update

    def _slope(self, update: LeavesUpdate, along: Tensor) -> Tensor:
        """Slope of the incremental energy along leaf strains ``[6, leaf, point]``, ``[point]``."""
        return self.sweep.average((update.stress * along).sum(0))

    @torch.no_grad()
    def _tangent(
        self, strain: Tensor, jumps: Tensor, state: Tensor, dt: float, temperature: Tensor | None
    ) -> Tensor:
        """Consistent macroscopic tangent ``[n, 6, 6]`` of solved points."""
        tangent = strain.new_empty(len(strain), 6, 6)
        for chunk in self._chunks(len(strain)):
            leaf_strain = self.sweep.leaf_strain(strain[chunk].mT.contiguous(), jumps[..., chunk])
            warmth = None if temperature is None else temperature[chunk]
            history = self.layout.history(state[chunk])
            update = self.leaves.integrate(leaf_strain, history, dt, warmth)
            tangent[chunk] = self.sweep.linearise(update.tangent()).tangent.permute(2, 0, 1)
        return tangent
