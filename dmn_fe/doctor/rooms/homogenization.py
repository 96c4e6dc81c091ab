"""The response of an RVE."""

import torch

from dmn_fe.doctor.finding import Finding
from dmn_fe.doctor.rooms.answers import GLASS, RESIN, expect, layers_along_e1
from dmn_fe.homogenization import effective_stiffness
from dmn_fe.mandel import isotropic_stiffness
from dmn_fe.microstructure import laminate

__all__ = ["check"]


def check() -> Finding:
    """The effective stiffness of layers by the FFT solver, which has a closed form."""
    phases = torch.stack([isotropic_stiffness(*each) for each in (RESIN, GLASS)])
    found = effective_stiffness(laminate(8, 0.25), phases, tolerance=1e-8)
    found = torch.diagonal(found)[[0, 5, 3]]
    expect("the stiffness of layers by the FFT solver", found, layers_along_e1(0.25), 1e-6)
    return Finding("ok", "effective stiffness of layers by the FFT solver")
