"""The laws of the phases and their algebra."""

import math

import torch

from dmn_fe import mandel
from dmn_fe.doctor.finding import Finding
from dmn_fe.doctor.rooms.answers import RESIN, expect
from dmn_fe.laws import J2, LinearHardening

__all__ = ["check"]


def check() -> Finding:
    """A quarter turn of a stress; and J2 plasticity in shear, whose radial return is explicit."""
    along_e1, along_e2 = torch.eye(6, dtype=torch.float64)[:2]
    quarter = torch.tensor([[0, -1, 0], [1, 0, 0], [0, 0, 1]], dtype=torch.float64)
    turned = mandel.rotation_matrix(quarter) @ along_e1
    expect("a stress after a quarter turn", turned, along_e2, 1e-12)

    yield_stress, slope, shear_strain = 30.0, 100.0, 0.05
    law = J2(*RESIN, LinearHardening(yield_stress, slope))
    strain = torch.zeros(1, 6, dtype=torch.float64)
    strain[0, 5] = math.sqrt(2.0) * shear_strain  # e12 in Mandel notation
    stress = law.integrate(strain, law.initial_state(1)).stress
    trial = math.sqrt(3.0) * 2.0 * law.shear * shear_strain
    plastic = (trial - yield_stress) / (3.0 * law.shear + slope)
    right = yield_stress + slope * plastic
    expect("the stress of J2 plasticity in shear", mandel.von_mises(stress), right, 1e-12)
    return Finding("ok", "radial return of J2 plasticity in shear")
