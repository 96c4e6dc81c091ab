"""The law of a void: no stress, whatever the strain."""

from dataclasses import dataclass

import torch
from torch import Tensor

from dmn_fe.laws.base import Status, Update, check_points
from dmn_fe.laws.kernel import Kernel

__all__ = ["Void"]


@dataclass(frozen=True)
class Void:
    """A void: stress and tangent are zero; it has no parameters and no state.

    For the void phase of a network. Solvers on voxels and meshes do not take it.
    """

    is_isotropic = True
    symmetric_tangent = True

    @property
    def state_size(self) -> int:
        """No state."""
        return 0

    def initial_state(self, n: int) -> Tensor:
        """Empty state ``[n, 0]``."""
        return torch.zeros(n, 0, dtype=torch.float64)

    def integrate(self, strain: Tensor, state: Tensor, dt: float = 0.0) -> Update:
        """No stress at strains ``[n, 6]``; see :class:`~dmn_fe.laws.base.MaterialLaw`."""
        check_points(self, strain, state)
        finite = torch.isfinite(strain).all(-1)
        status = torch.where(finite, Status.CONVERGED, Status.NOT_FINITE).to(torch.int8)
        zero = strain.new_zeros(1, 6, 6)
        return Update(
            torch.zeros_like(strain), state, lambda: zero.expand(len(strain), 6, 6), status
        )

    def kernel(self) -> Kernel:
        """The compiled twin."""
        return Kernel("Void", ("laws/elastic.hpp",))
