"""Between Voigt and Reuss by construction, at any contrast and with any weights."""

import dataclasses

import numpy as np
import pytest
import torch
from helpers.predictors import random_predictor

from dmn_fe.homogenization import effective_conductivity, effective_stiffness
from dmn_fe.homogenization.prediction import TwoPhases
from dmn_fe.homogenization.prediction.bounds import voigt_reuss
from dmn_fe.homogenization.prediction.coordinates import Coordinates
from dmn_fe.mandel import plane_part
from dmn_fe.microstructure import VoxelRVE

CONTRASTS = (1.5, 10.0, 100.0, 1e4, 1e-4)


def phases_of(contrast):
    return TwoPhases((1.0, contrast), (0.2, 0.35) if contrast > 1.5 else (0.3, 0.3), (1, contrast))


def plain_bounds(fraction, moduli):
    """By inversion, as in the books."""
    voigt = (1 - fraction) * moduli[0] + fraction * moduli[1]
    compliance = (1 - fraction) * torch.linalg.inv(moduli[0]) + fraction * torch.linalg.inv(
        moduli[1]
    )
    return voigt, torch.linalg.inv(compliance)


def assert_inside(found, fractions, moduli):
    for matrix, fraction in zip(found, fractions, strict=True):
        voigt, reuss = plain_bounds(fraction, moduli)
        assert torch.equal(matrix, matrix.mT)
        assert torch.linalg.eigvalsh(voigt - matrix).min() >= -1e-11 * voigt.norm()
        assert torch.linalg.eigvalsh(matrix - reuss).min() >= -1e-11 * voigt.norm()
        # Relative to the lower bound, too: no stiffness is lost among the digits of the upper one.
        half = torch.linalg.inv(torch.linalg.cholesky(reuss))
        assert torch.linalg.eigvalsh(half @ matrix @ half.mT).min() >= 1 - 1e-7


@pytest.mark.parametrize("contrast", CONTRASTS)
@pytest.mark.parametrize("size", [0.0, 0.1, 1e4])
def test_predictions_of_random_weights_lie_between_the_bounds(contrast, size):
    phases = phases_of(contrast)
    rng = np.random.default_rng(1)
    images = torch.from_numpy(rng.random((12, 16, 16)) < rng.random((12, 1, 1))).to(torch.uint8)
    images[0], images[1] = 0, 1  # one phase alone
    found = random_predictor(phases, size, 3).predict(images)
    fractions = images.double().mean((1, 2))
    assert_inside(found.stiffness, fractions, phases.plane_stiffness)
    assert_inside(found.conductivity, fractions, phases.plane_conductivity)
    torch.testing.assert_close(found.stiffness[0], phases.plane_stiffness[0])
    torch.testing.assert_close(found.conductivity[1], phases.plane_conductivity[1])


@pytest.mark.parametrize("contrast", CONTRASTS)
@pytest.mark.parametrize("count", [2, 3, 7])
def test_the_bounds_are_those_of_the_books(contrast, count):
    phases, fractions = phases_of(contrast), torch.linspace(0.01, 0.99, count, dtype=torch.float64)
    for moduli in (phases.plane_stiffness, phases.plane_conductivity):
        bounds = voigt_reuss(fractions, moduli)
        for k, fraction in enumerate(fractions):
            voigt, reuss = plain_bounds(fraction, moduli)
            torch.testing.assert_close(bounds.voigt[k], voigt)
            scale = 1e-12 * voigt.norm().item()
            torch.testing.assert_close(bounds.reuss[k], reuss, rtol=1e-7, atol=scale)


@pytest.mark.parametrize("contrast", [10.0, 1e4])
def test_any_property_inside_is_reached_and_found_again(contrast):
    phases, generator = phases_of(contrast), torch.Generator().manual_seed(0)
    fractions = torch.linspace(0.05, 0.95, 20, dtype=torch.float64)
    coordinates = Coordinates(phases, fractions)
    numbers = torch.randn(20, 9, generator=generator, dtype=torch.float64)
    again = coordinates.components(*coordinates.properties(numbers))
    torch.testing.assert_close(again, numbers, rtol=1e-6, atol=1e-6)


def test_laminates_are_the_ends_of_the_interval():
    """Along the layers a laminate conducts as Voigt says, across them as Reuss; its stiffness is
    on the bounds as far as the distance of 1e-3 from them allows."""
    phase = np.zeros((8, 8, 1), dtype=int)
    phase[:3] = 1
    phases, rve = phases_of(10.0), VoxelRVE(phase)
    stiffness = plane_part(effective_stiffness(rve, phases.stiffness, 1e-9))
    conductivity = effective_conductivity(rve, torch.tensor(phases.conductivity), 1e-9)[:2, :2]
    fractions = torch.tensor([3 / 8], dtype=torch.float64)
    voigt, reuss = plain_bounds(3 / 8, phases.plane_conductivity)
    exact = torch.diag(torch.stack([reuss[0, 0], voigt[0, 0]]))
    torch.testing.assert_close(conductivity, exact, rtol=1e-6, atol=1e-6)
    coordinates = Coordinates(phases, fractions)
    numbers = coordinates.components(stiffness[None], conductivity[None])
    for found, truth in zip(
        coordinates.properties(numbers), (stiffness, conductivity), strict=True
    ):
        assert (found[0] - truth).norm() < 2e-3 * truth.norm()


def test_gradients_are_finite_where_eigenvalues_are_equal():
    """The start of every training: an isotropic estimate."""
    coordinates = Coordinates(phases_of(10.0), torch.tensor([0.3, 0.0, 0.7]))
    numbers = torch.zeros(3, 9, dtype=torch.float64, requires_grad=True)
    sum(values.sum() for values in coordinates.properties(numbers)).backward()
    assert torch.isfinite(numbers.grad).all()
    assert numbers.grad[0, 0].abs() > 1e-3


@pytest.mark.parametrize("factor", [0.01, 7.0])
def test_a_prediction_is_in_the_unit_of_its_phases(factor):
    """Moduli and conductivities in other units: the same places between the bounds."""
    images = torch.from_numpy(np.random.default_rng(0).integers(0, 2, (2, 16, 16)))
    first = random_predictor(TwoPhases((1.0, 10.0), conductivity=(1.0, 10.0)), 0.1, 0)
    phases = TwoPhases((factor, 10.0 * factor), conductivity=(1.0 / factor, 10.0 / factor))
    found, expected = (
        dataclasses.replace(first, phases=phases).predict(images),
        first.predict(images),
    )
    torch.testing.assert_close(found.stiffness, factor * expected.stiffness)
    torch.testing.assert_close(found.conductivity, expected.conductivity / factor)
