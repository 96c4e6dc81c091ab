"""Linear elasticity with any symmetric positive definite stiffness."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.laws.base import Update, check_points
from dmn_fe.laws.engineering import (
    ORTHOTROPIC_CONSTANTS,
    orthotropic_stiffness,
    transversely_isotropic_stiffness,
)
from dmn_fe.laws.kernel import Kernel
from dmn_fe.mandel import DEVIATORIC, VOLUMETRIC, isotropic_part, isotropic_stiffness

__all__ = ["Elastic", "check_stiffness"]


@dataclass(frozen=True, eq=False)
class Elastic:
    """Linear elastic law ``σ = C ε``; it has no state.

    Parameters
    ----------
    stiffness : Tensor ``[6, 6]``
        Symmetric positive definite stiffness (Mandel), in the stress unit of the model.
    """

    stiffness: Tensor

    symmetric_tangent = True

    def __post_init__(self):
        stiffness = torch.as_tensor(self.stiffness, dtype=torch.float64).clone()
        check_stiffness(stiffness, "Elastic: stiffness")
        object.__setattr__(self, "stiffness", stiffness)

    @classmethod
    def isotropic(cls, young: float, poisson: float) -> "Elastic":
        """Isotropic law from Young's modulus and Poisson's ratio."""
        check_isotropic("Elastic", young, poisson)
        return cls(isotropic_stiffness(young, poisson))

    @classmethod
    def transversely_isotropic(
        cls,
        *,
        young_axial: float,
        young_transverse: float,
        poisson_axial: float,
        poisson_transverse: float,
        shear_axial: float,
        axis: int = 1,
    ) -> "Elastic":
        """Law with an axis of symmetry, such as that of a fibre or of a unidirectional ply.

        Parameters
        ----------
        young_axial, young_transverse : float
            Young's moduli along the axis and across it.
        poisson_axial : float
            Contraction across the axis under tension along it.
        poisson_transverse : float
            Contraction across the axis under tension across it.
        shear_axial : float
            Shear modulus of planes that hold the axis.
        axis : int
            1, 2 or 3: the axis is e1, e2 or e3.
        """
        constants = {
            "young_axial": young_axial,
            "young_transverse": young_transverse,
            "poisson_axial": poisson_axial,
            "poisson_transverse": poisson_transverse,
            "shear_axial": shear_axial,
        }
        who = "Elastic.transversely_isotropic"
        return cls(transversely_isotropic_stiffness(who, constants, axis))

    @classmethod
    def orthotropic(cls, **constants: float) -> "Elastic":
        """Law with three planes of symmetry, across e1, e2 and e3.

        Parameters
        ----------
        young_1, young_2, young_3 : float
            Young's moduli along the axes.
        poisson_12, poisson_13, poisson_23 : float
            Contraction along the second axis under tension along the first.
        shear_12, shear_13, shear_23 : float
            Shear moduli of the planes of two axes.
        """
        who = "Elastic.orthotropic"
        if set(constants) != set(ORTHOTROPIC_CONSTANTS):
            raise InputError(
                f"{who}: got {', '.join(constants) or 'nothing'}; give each of "
                f"{', '.join(ORTHOTROPIC_CONSTANTS)}."
            )
        return cls(orthotropic_stiffness(who, constants))

    @property
    def is_isotropic(self) -> bool:
        """Whether the stiffness is the same in all directions."""
        bulk, shear = isotropic_part(self.stiffness)
        isotropic = 3.0 * bulk * VOLUMETRIC + 2.0 * shear * DEVIATORIC
        return bool((self.stiffness - isotropic).abs().max() <= 1e-9 * self.stiffness.abs().max())

    @property
    def state_size(self) -> int:
        """No state."""
        return 0

    def initial_state(self, n: int) -> Tensor:
        """Empty state ``[n, 0]``."""
        return torch.zeros(n, 0, dtype=torch.float64)

    def integrate(self, strain: Tensor, state: Tensor, dt: float = 0.0) -> Update:
        """Stress ``C ε`` of strains ``[n, 6]``; see :class:`~dmn_fe.laws.base.MaterialLaw`."""
        check_points(self, strain, state)
        n = strain.shape[0]
        return Update(strain @ self.stiffness, state, lambda: self.stiffness.expand(n, 6, 6))

    def kernel(self) -> Kernel:
        """The compiled twin."""
        return Kernel("Elastic", ("laws/elastic.hpp",), tuple(self.stiffness.flatten().tolist()))


def check_stiffness(stiffness: Tensor, where: str) -> None:
    """Raise ``InputError`` unless ``stiffness`` is a symmetric positive definite 6×6 matrix."""
    if stiffness.shape != (6, 6):
        raise InputError(f"{where} has shape {tuple(stiffness.shape)}, expected (6, 6).")
    if not torch.isfinite(stiffness).all():
        raise InputError(f"{where} holds a value that is not finite; give finite numbers.")
    if not torch.allclose(
        stiffness, stiffness.mT, rtol=1e-9, atol=1e-12 * float(stiffness.abs().max())
    ):
        raise InputError(f"{where} is not symmetric; give a symmetric matrix in Mandel order.")
    smallest = torch.linalg.eigvalsh(stiffness)[0]
    if smallest <= 0:
        raise InputError(
            f"{where} is not positive definite (smallest eigenvalue {smallest:.3g}); "
            "all eigenvalues must be above zero."
        )


def check_isotropic(law: str, young: float, poisson: float) -> None:
    """Raise ``InputError`` unless ``young > 0`` and ``-1 < poisson < 0.5``."""
    for name, value in (("young", young), ("poisson", poisson)):
        if not isinstance(value, (int, float)):
            raise InputError(f"{law}: {name} = {value!r} is not a number; give one.")
    if not 0 < young < math.inf:
        raise InputError(f"{law}: young = {young} must be finite and above zero.")
    if not -1.0 < poisson < 0.5:
        raise InputError(f"{law}: poisson = {poisson} must lie between -1 and 0.5 (exclusive).")
