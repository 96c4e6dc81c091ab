"""Estimates from the volume fraction alone: of Hill, and between the bounds of Hashin–Shtrikman."""

import torch
from torch import Tensor

from dmn_fe.homogenization.prediction.bounds import voigt_reuss
from dmn_fe.homogenization.prediction.two_phases import TwoPhases

__all__ = ["hashin_shtrikman_bounds", "hashin_shtrikman_mean", "hill_mean"]


def hill_mean(phases: TwoPhases, fractions: Tensor) -> tuple[Tensor, Tensor]:
    """Mean of the bounds of Voigt and Reuss: stiffness ``[n, 3, 3]``, conductivity ``[n, 2, 2]``.

    ``fractions [n]`` are those of phase 1; stiffness in plane strain (11, 22, 12).
    """
    pairs = (phases.plane_stiffness, phases.plane_conductivity)
    bounds = [voigt_reuss(fractions, moduli) for moduli in pairs]
    stiffness, conductivity = ((b.voigt + b.reuss) / 2 for b in bounds)
    return stiffness, conductivity


def hashin_shtrikman_mean(phases: TwoPhases, fractions: Tensor) -> tuple[Tensor, Tensor]:
    """Mean of the bounds of isotropic mixtures in the plane; arguments as of :func:`hill_mean`."""
    pairs = [hashin_shtrikman_bounds(phases, fractions, host) for host in (0, 1)]
    stiffness, conductivity = ((a + b) / 2 for a, b in zip(*pairs, strict=True))
    return stiffness, conductivity


def hashin_shtrikman_bounds(
    phases: TwoPhases, fractions: Tensor, host: int
) -> tuple[Tensor, Tensor]:
    """The bound of a mixture whose phase ``host`` surrounds the other.

    The lower one if the host is the softer phase, else the upper one.

    Returns
    -------
    Tensor ``[n, 3, 3]``
        Isotropic stiffness in plane strain.
    Tensor ``[n, 2, 2]``
        Conductivity.

    References
    ----------
    Z. Hashin, On elastic behaviour of fibre reinforced materials of arbitrary transverse phase
    geometry, J. Mech. Phys. Solids 13 (1965) 119; Z. Hashin, S. Shtrikman, J. Appl. Phys. 33
    (1962) 3125, in two dimensions: S. Torquato, Random Heterogeneous Materials (2002), sec. 21.
    """
    other = 1 - host
    share = fractions.double() if host == 0 else 1.0 - fractions.double()  # of the other phase
    rest = 1.0 - share
    plane = phases.plane_stiffness
    bulk, shear = (plane[:, 0, 0] + plane[:, 0, 1]) / 2, plane[:, 2, 2] / 2
    k, g, c = bulk[host], shear[host], phases.conductivity[host]
    bulk_found = k + _added(share, bulk[other] - k, rest / (k + g))
    shear_found = g + _added(share, shear[other] - g, rest * (k + 2 * g) / (2 * g * (k + g)))
    conductivity = c + _added(share, phases.conductivity[other] - c, rest / (2 * c))
    stiffness = torch.zeros(len(share), 3, 3, dtype=torch.float64)
    stiffness[:, [0, 1], [0, 1]] = (bulk_found + shear_found)[:, None]
    stiffness[:, [0, 1], [1, 0]] = (bulk_found - shear_found)[:, None]
    stiffness[:, 2, 2] = 2 * shear_found
    return stiffness, conductivity[:, None, None] * torch.eye(2, dtype=torch.float64)


def _added(share: Tensor, difference: Tensor | float, slope: Tensor) -> Tensor:
    """``share / (1 / difference + slope)``, also where the phases do not differ."""
    return share * difference / (1.0 + slope * difference)
