"""Linear viscoelasticity: a spring and Maxwell branches side by side.

Simo & Hughes, Computational Inelasticity (1998), section 10.3, after Taylor, Pister & Goudreau,
Int. J. Numer. Meth. Engng 2 (1970) 45. The stress h of a branch follows

    dh/dt = C dε/dt − h / time
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.laws.base import Update, check_points
from dmn_fe.laws.checks import check_time_step, store_number
from dmn_fe.laws.isotropic import Isotropic
from dmn_fe.laws.kernel import Kernel
from dmn_fe.mandel import DEVIATORIC, VOLUMETRIC

__all__ = ["Maxwell", "MaxwellBranch"]


@dataclass(frozen=True)
class MaxwellBranch:
    """A spring and a damper in a row; its stress relaxes with ``exp(−t / time)``.

    Parameters
    ----------
    shear : float
        Shear modulus ≥ 0 of the spring.
    time : float
        Relaxation time > 0, in the unit of ``dt``.
    bulk : float
        Bulk modulus ≥ 0 of the spring; zero where pressure does not relax.
    """

    shear: float
    time: float
    bulk: float = 0.0

    def __post_init__(self):
        store_number(self, "shear", at_least=0)
        store_number(self, "time", above=0)
        store_number(self, "bulk", at_least=0)

    @property
    def stiffness(self) -> Tensor:
        """Stiffness ``[6, 6]`` of the spring (Mandel)."""
        return 3.0 * self.bulk * VOLUMETRIC + 2.0 * self.shear * DEVIATORIC


@dataclass(frozen=True)
class Maxwell(Isotropic):
    """Isotropic linear viscoelasticity, the generalised Maxwell model (a Prony series).

    Exact where the strain is linear in time within a step, whatever its size; ``dt = 0`` is a jump.
    State per point: strain (Mandel, 6 numbers), then the stress of each branch (Mandel, 6 numbers).

    Parameters
    ----------
    young, poisson : float
        Elastic constants of the spring that is left when all branches have relaxed.
    branches : sequence of MaxwellBranch
        At least one.
    """

    branches: tuple[MaxwellBranch, ...]

    symmetric_tangent = True

    def __post_init__(self):
        super().__post_init__()
        given = self.branches
        parts = tuple(given) if isinstance(given, Sequence) else ()
        if not parts or not all(isinstance(part, MaxwellBranch) for part in parts):
            raise InputError(
                f"Maxwell: branches = {given!r}; give at least one in a tuple, "
                "e.g. (MaxwellBranch(shear, time),)."
            )
        object.__setattr__(self, "branches", parts)

    @property
    def state_size(self) -> int:
        """Strain, and the stress of each branch."""
        return 6 + 6 * len(self.branches)

    def initial_state(self, n: int) -> Tensor:
        """Virgin state ``[n, state_size]``."""
        return torch.zeros(n, self.state_size, dtype=torch.float64)

    def integrate(self, strain: Tensor, state: Tensor, dt: float = 0.0) -> Update:
        """Step to strains ``[n, 6]``; see :class:`~dmn_fe.laws.base.MaterialLaw`.

        With ``x = dt / time``, the old stress of a branch is kept by ``exp(−x)`` and the change of
        strain adds ``(1 − exp(−x)) / x`` of what its spring would.

        Raises
        ------
        InputError
            Also if ``dt`` is negative or not finite.
        """
        check_points(self, strain, state)
        check_time_step(self, dt)
        change = strain - state[:, :6]
        tangent = 3.0 * self.bulk * VOLUMETRIC + 2.0 * self.shear * DEVIATORIC
        stress, blocks = strain @ tangent, [strain]
        for branch, old in zip(self.branches, state[:, 6:].split(6, dim=-1), strict=True):
            kept, added = _relaxation(dt / branch.time)
            stiffness = added * branch.stiffness
            new = kept * old + change @ stiffness
            stress, tangent = stress + new, tangent + stiffness
            blocks.append(new)
        n = len(strain)
        return Update(stress, torch.cat(blocks, dim=-1), lambda: tangent.expand(n, 6, 6))

    def kernel(self) -> Kernel:
        """The compiled twin."""
        parts = [n for part in self.branches for n in (part.shear, part.time, part.bulk)]
        kind = f"Maxwell<{len(self.branches)}>"
        return Kernel(kind, ("laws/maxwell.hpp",), (self.bulk, self.shear, *parts))


def _relaxation(x: float) -> tuple[float, float]:
    """``exp(−x)`` and ``(1 − exp(−x)) / x`` for x ≥ 0, without loss of digits for small x."""
    return math.exp(-x), -math.expm1(-x) / x if x > 0 else 1.0
