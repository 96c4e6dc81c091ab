"""Known answers."""

import torch
from numpy.typing import NDArray
from torch import Tensor

from dmn_fe.doctor.finding import WrongAnswer

__all__ = ["GLASS", "RESIN", "expect", "layers_along_e1"]

#: Young's modulus (MPa) and Poisson's ratio.
RESIN, GLASS = (3000.0, 0.37), (72000.0, 0.22)


Numbers = Tensor | NDArray | float


def expect(what: str, found: Numbers, right: Numbers, tolerance: float) -> None:
    """Raise ``WrongAnswer`` unless all numbers agree, relative to the largest one."""
    found, right = (torch.as_tensor(each, dtype=torch.float64).cpu() for each in (found, right))
    error = float((found - right).abs().max() / right.abs().max())
    if not error <= tolerance:  # also where it is not a number
        raise WrongAnswer(
            f"{what} differs by {error:.1e} of its largest entry from the right answer, more than "
            f"{tolerance:g}"
        )


def layers_along_e1(fraction: float) -> Tensor:
    """The stiffnesses 11–11, 12–12 and 23–23 (Mandel) of layers of resin and glass, normal to e1.

    Across the layers it is the harmonic mean of the constrained and of the shear modulus, along
    them the mean of the shear modulus: Backus, J. Geophys. Res. 67 (1962) 4427.

    Parameters
    ----------
    fraction : float
        Volume fraction of the glass.
    """
    young, poisson = torch.tensor([RESIN, GLASS], dtype=torch.float64).unbind(1)
    share = torch.tensor([1.0 - fraction, fraction], dtype=torch.float64)
    twice_shear = young / (1.0 + poisson)
    constrained = twice_shear * (1.0 - poisson) / (1.0 - 2.0 * poisson)
    across = [1.0 / (share / each).sum() for each in (constrained, twice_shear)]
    return torch.stack([*across, (share * twice_shear).sum()])
