"""A material network as a material law: the torch reference of the online evaluation."""

from collections.abc import Mapping

import torch
from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.evaluate.leaves import Leaves, LeavesUpdate
from dmn_fe.evaluate.linesearch import find_step
from dmn_fe.evaluate.sweep import Sweep
from dmn_fe.laws import MaterialLaw, Status, Update, Void, check_points
from dmn_fe.network import Network

__all__ = ["NetworkLaw"]

_CHUNK_BYTES = 2**23  # leaf tangents of a chunk of points: many points an operation, little memory
_OVERSHOOT = 0.5  # slope at a full step, relative to the start, from which a line search pays
_ROUND_OFF = 1e-10  # slope relative to |σ||Δε| that is round-off and tells nothing
_NO_STRESS = 1e-13  # traction relative to |C||ε| that is round-off


class NetworkLaw:
    """A network whose leaves carry laws: Newton iteration over the leaf strains at every point.

    Implements :class:`~dmn_fe.laws.MaterialLaw`. The iteration starts from the committed leaf
    strains, takes Newton steps by :class:`~dmn_fe.evaluate.sweep.Sweep` with a line search on the
    incremental energy, and ends when the interface tractions are in equilibrium.

    Parameters
    ----------
    network : Network
        A trained network, e.g. from ``dmn_fe.load``.
    laws : mapping of str to MaterialLaw
        One law for every phase name of the network.
    tolerance : float
        Largest relative traction jump at an interface.
    max_iterations : int
        Limit of sweeps per point; a point that needs more gets ``Status.MAX_ITERATIONS``.
    """

    def __init__(
        self,
        network: Network,
        laws: Mapping[str, MaterialLaw],
        tolerance: float = 1e-8,
        max_iterations: int = 50,
    ):
        if not isinstance(network, Network):
            raise InputError(
                f"NetworkLaw takes one network, but this is of type {type(network).__name__}; give "
                "dmn_fe.load(file), and where the file holds several networks, give it to "
                "evaluate.network_law."
            )
        if not 0 < tolerance < 1:
            raise InputError(f"NetworkLaw: tolerance = {tolerance} must lie between 0 and 1.")
        if max_iterations < 1:
            raise InputError(f"NetworkLaw: max_iterations = {max_iterations} must be at least 1.")
        self.network = network
        self.tolerance = tolerance
        self.max_iterations = max_iterations
        self.leaves = Leaves(network, laws)
        self.laws = dict(laws)
        self._has_voids = any(isinstance(law, Void) for law in laws.values())
        self.sweep = Sweep(network)
        self._chunk = max(16, _CHUNK_BYTES // (36 * 8 * self.leaves.count))

    @property
    def state_size(self) -> int:
        """Numbers of state per point: leaf strains and leaf states."""
        return self.leaves.state_size

    def initial_state(self, n: int) -> Tensor:
        """Virgin state ``[n, state_size]``."""
        return self.leaves.initial_state().repeat(n, 1)

    @torch.no_grad()
    def integrate(self, strain: Tensor, state: Tensor, dt: float = 0.0) -> Update:
        """Update ``n`` points; see :class:`~dmn_fe.laws.MaterialLaw`.

        ``iterations`` of the result counts the sweeps. The tangent is computed from ``state`` when
        first asked for: do not overwrite ``state`` before.
        """
        check_points(self, strain, state)
        n = strain.shape[0]
        stress, new_state = torch.empty_like(strain), torch.empty_like(state)
        status = torch.empty(n, dtype=torch.int8)
        iterations = torch.empty(n, dtype=torch.int32)
        for chunk in self._chunks(n):
            outcome = self._solve(strain[chunk].mT.contiguous(), state[chunk].mT.contiguous(), dt)
            stress[chunk], new_state[chunk] = outcome[0].mT, outcome[1].mT
            status[chunk], iterations[chunk] = outcome[2], outcome[3]
        return Update(
            stress, new_state, lambda: self._tangent(new_state, state, dt), status, iterations
        )

    def _chunks(self, n: int) -> list[slice]:
        return [slice(start, start + self._chunk) for start in range(0, n, self._chunk)]

    def _solve(
        self, macro_strain: Tensor, committed: Tensor, dt: float
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Stress ``[6, p]``, state ``[state_size, p]``, status ``[p]``, iterations ``[p]``."""
        stress, state = torch.empty_like(macro_strain), torch.empty_like(committed)
        status = torch.empty(macro_strain.shape[1:], dtype=torch.int8)
        iterations = torch.zeros(macro_strain.shape[1:], dtype=torch.int32)
        limit = torch.tensor(Status.MAX_ITERATIONS, dtype=torch.int8)

        def keep(points: Tensor, update: LeavesUpdate, strain: Tensor, outcome: Tensor) -> None:
            stress[:, points] = self.sweep.average(update.stress)
            state[:, points] = update.state(strain)
            status[points] = outcome
            iterations[points] = iteration

        points = torch.arange(macro_strain.shape[1])
        start = self.leaves.committed_strain(committed)
        update = self.leaves.integrate(start, committed, dt)
        strain = self._newton(macro_strain, start, update)
        least = self._least_scale(update, strain)
        update = self.leaves.integrate(strain, committed, dt)
        for iteration in range(1, self.max_iterations + 1):
            residual = self.sweep.residual(update.stress, least)
            finished = ~(residual > self.tolerance)  # also where it is not a number
            last = iteration == self.max_iterations
            if last or finished.any():
                keep(points, update, strain, torch.where(finished, update.status(), limit))
                points, strain, committed, macro_strain, least = (
                    a[..., ~finished] for a in (points, strain, committed, macro_strain, least)
                )
                if last or len(points) == 0:
                    break
                update = self.leaves.integrate(strain, committed, dt)
            strain, update = self._step(macro_strain, strain, committed, dt, update)
        return stress, state, status, iterations

    def _least_scale(self, update: LeavesUpdate, strain: Tensor) -> Tensor:
        """Least scale ``[point]`` of the residual: where voids take all of the strain, the stress
        is the round-off of a stiffness times a strain, and never in equilibrium to its own scale.
        """
        if not self._has_voids:
            return strain.new_zeros(strain.shape[-1])
        size = self.sweep.average(strain.square().sum(0)).sqrt()
        return _NO_STRESS / self.tolerance * update.tangent().abs().amax((0, 1, 2)) * size

    def _newton(self, macro_strain: Tensor, strain: Tensor, update: LeavesUpdate) -> Tensor:
        """Leaf strains in equilibrium for the laws linearised at ``strain``."""
        tangent = update.tangent()
        offset = update.stress - (tangent * strain).sum(1)
        return self.sweep.localise(macro_strain, tangent, offset)

    def _step(
        self,
        macro_strain: Tensor,
        strain: Tensor,
        committed: Tensor,
        dt: float,
        update: LeavesUpdate,
    ) -> tuple[Tensor, LeavesUpdate]:
        """One Newton step, shortened where the energy would rise beyond its minimum."""
        direction = self._newton(macro_strain, strain, update) - strain
        start = self._slope(update, direction)
        squares = update.stress.square().sum(0) * direction.square().sum(0)
        work = self.sweep.average(squares.sqrt())
        new_strain = strain + direction
        new_update = self.leaves.integrate(new_strain, committed, dt)
        full = self._slope(new_update, direction)
        far = (full > _OVERSHOOT * start.abs()) & (start < -_ROUND_OFF * work)
        if far.any():
            base, along, history = strain[..., far], direction[..., far], committed[:, far]

            def slope(step: Tensor) -> Tensor:
                return self._slope(self.leaves.integrate(base + step * along, history, dt), along)

            step = find_step(slope, start[far], full[far])
            new_strain[..., far] = base + step * along
            new_update = self.leaves.integrate(new_strain, committed, dt)
        return new_strain, new_update

    def _slope(self, update: LeavesUpdate, along: Tensor) -> Tensor:
        """Slope of the incremental energy along leaf strains ``[6, leaf, point]``, ``[point]``."""
        return self.sweep.average((update.stress * along).sum(0))

    @torch.no_grad()
    def _tangent(self, new_state: Tensor, state: Tensor, dt: float) -> Tensor:
        """Consistent macroscopic tangent ``[n, 6, 6]`` at the leaf strains of ``new_state``."""
        tangent = new_state.new_empty(new_state.shape[0], 6, 6)
        for chunk in self._chunks(new_state.shape[0]):
            strain = self.leaves.committed_strain(new_state[chunk].mT.contiguous())
            update = self.leaves.integrate(strain, state[chunk].mT.contiguous(), dt)
            tangent[chunk] = self.sweep.linearise(update.tangent()).tangent.permute(2, 0, 1)
        return tangent
