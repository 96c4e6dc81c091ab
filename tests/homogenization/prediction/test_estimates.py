"""Hill and Hashin–Shtrikman against formulas written out for one mixture."""

import math

import numpy as np
import pytest
import torch

from dmn_fe.homogenization import effective_conductivity, effective_stiffness
from dmn_fe.homogenization.prediction import (
    TwoPhases,
    hashin_shtrikman_bounds,
    hashin_shtrikman_mean,
    hill_mean,
)
from dmn_fe.microstructure import VoxelRVE

PHASES = TwoPhases((2.0, 30.0), (0.25, 0.4), (3.0, 0.5))
FRACTIONS = torch.tensor([0.0, 0.35, 1.0], dtype=torch.float64)


def moduli(young, poisson):
    """Bulk modulus in plane strain, and shear modulus."""
    shear = young / (2 * (1 + poisson))
    return shear / (1 - 2 * poisson), shear


def test_bounds_of_hashin_and_shtrikman():
    """Hashin (1965): with V_f of the fibres in a matrix."""
    (km, gm), (kf, gf) = moduli(2.0, 0.25), moduli(30.0, 0.4)
    vf, vm = 0.35, 0.65
    bulk = km + vf / (1 / (kf - km) + vm / (km + gm))
    shear = gm + vf / (1 / (gf - gm) + vm * (km + 2 * gm) / (2 * gm * (km + gm)))
    # Maxwell's formula in the plane, of conductors 0.5 in a matrix of 3.
    conductivity = 3.0 * ((3.0 + 0.5) + vf * (0.5 - 3.0)) / ((3.0 + 0.5) - vf * (0.5 - 3.0))
    stiffness, found = hashin_shtrikman_bounds(PHASES, FRACTIONS, host=0)
    expected = torch.tensor(
        [[bulk + shear, bulk - shear, 0], [bulk - shear, bulk + shear, 0], [0, 0, 2 * shear]]
    )
    torch.testing.assert_close(stiffness[1], expected.double())
    torch.testing.assert_close(found[1], conductivity * torch.eye(2, dtype=torch.float64))


@pytest.mark.parametrize("estimate", [hill_mean, hashin_shtrikman_mean])
def test_one_phase_alone_is_itself(estimate):
    stiffness, conductivity = estimate(PHASES, FRACTIONS)
    for k, phase in ((0, 0), (2, 1)):
        torch.testing.assert_close(stiffness[k], PHASES.plane_stiffness[phase])
        torch.testing.assert_close(conductivity[k], PHASES.plane_conductivity[phase])


def test_the_mean_of_hill():
    _, conductivity = hill_mean(PHASES, FRACTIONS)
    voigt, reuss = 0.65 * 3 + 0.35 * 0.5, 1 / (0.65 / 3 + 0.35 / 0.5)
    assert conductivity[1, 0, 0].item() == pytest.approx((voigt + reuss) / 2)
    assert conductivity[1, 0, 1].item() == pytest.approx(0.0, abs=1e-14)


def test_the_mean_of_both_hosts_is_symmetric_in_the_phases():
    other = TwoPhases(PHASES.young[::-1], PHASES.poisson[::-1], PHASES.conductivity[::-1])
    for first, second in zip(
        hashin_shtrikman_mean(PHASES, FRACTIONS),
        hashin_shtrikman_mean(other, 1 - FRACTIONS),
        strict=True,
    ):
        torch.testing.assert_close(first, second)


def test_a_dilute_disk_is_near_the_bound_of_its_matrix():
    """As much as the other disks of the periodic square allow."""
    x, y = np.meshgrid(*[np.arange(32) - 15.5] * 2)
    rve = VoxelRVE((x**2 + y**2 < 30.0).astype(int)[:, :, None])
    fraction = torch.tensor([rve.volume_fractions[1]])
    stiffness, conductivity = hashin_shtrikman_bounds(PHASES, fraction, host=0)
    solved = effective_conductivity(rve, torch.tensor(PHASES.conductivity))
    assert solved[0, 0].item() == pytest.approx(conductivity[0, 0, 0].item(), rel=3e-3)
    elastic = effective_stiffness(rve, PHASES.stiffness)
    bulk = (elastic[0, 0] + elastic[0, 1]).item()
    assert bulk == pytest.approx((stiffness[0, 0, 0] + stiffness[0, 0, 1]).item(), rel=5e-3)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (((1.0,),), "young = .*: give one number for each of two phases"),
        (((1.0, 2.0), (0.3, 0.5)), "poisson = 0.5"),
        (((1.0, 1.0),), "give phases of which one is stiffer"),
        (((1.0, 1.2), (0.1, 0.4)), "give phases of which one is stiffer"),
        (((1.0, 2.0), (0.3, 0.3), (1.0, 1.0)), "there is nothing to predict"),
        (((1.0, 2.0), (0.3, 0.3), (1.0, math.inf)), "give two positive numbers"),
    ],
)
def test_phases_that_make_no_sense(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        TwoPhases(*arguments)
