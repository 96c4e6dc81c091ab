"""The fixed-point online solver, to compare Newton's iteration with."""

from collections.abc import Mapping

import torch
from torch import Tensor

from dmn_fe.evaluate.leaves import LeavesUpdate
from dmn_fe.evaluate.network_law import NetworkLaw
from dmn_fe.evaluate.torch_engine import TorchEngine
from dmn_fe.laws import MaterialLaw
from dmn_fe.network import Network

__all__ = ["FixedPointLaw"]


class FixedPointLaw(NetworkLaw):
    """A network whose iteration keeps the elastic stiffness of its leaves.

    Every iteration is one sweep of stresses with the stiffness of the virgin state, which is
    homogenised once for all points: cheap, but there are many of them, the more the softer the
    phases become. The solution and the tangent are those of
    :class:`~dmn_fe.evaluate.NetworkLaw`.
    """

    def __init__(
        self,
        network: Network,
        laws: Mapping[str, MaterialLaw],
        tolerance: float = 1e-8,
        max_iterations: int = 10000,
    ):
        super().__init__(network, laws, tolerance, max_iterations, "torch")
        self.engine = _FixedPointEngine(network, self.laws, tolerance, max_iterations)


class _FixedPointEngine(TorchEngine):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        strain = torch.zeros(6, self.leaves.count, 1, dtype=torch.float64)
        update = self.leaves.integrate(strain, self.leaves.virgin_history(), 0.0)
        self._elastic = update.tangent()
        self._linearised = self.sweep.linearise(self._elastic)

    def _newton(self, macro_strain: Tensor, strain: Tensor, update: LeavesUpdate) -> Tensor:
        offset = update.stress - (self._elastic * strain).sum(1)
        return self._linearised.localise(macro_strain, offset)

    def _step(
        self,
        macro_strain: Tensor,
        strain: Tensor,
        history: Tensor,
        dt: float,
        temperature: Tensor | None,
        update: LeavesUpdate,
    ) -> tuple[Tensor, LeavesUpdate]:
        new_strain = self._newton(macro_strain, strain, update)
        return new_strain, self.leaves.integrate(new_strain, history, dt, temperature)
