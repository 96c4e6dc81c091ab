"""Regressions without an encoder: against what they must find, and what they cannot."""

import numpy as np
import pytest
import torch

from dmn_fe.homogenization import hashin_shtrikman_mean, hill_mean
from dmn_fe.homogenization.prediction import SectionDataset, TwoPhases, relative_errors
from dmn_fe.homogenization.prediction.bounds import voigt_reuss
from dmn_fe.homogenization.prediction.coordinates import Coordinates

PHASES = TwoPhases((1.0, 10.0))


@pytest.fixture
def baselines(demo):
    return demo("baselines")


def isotropic_data(estimate):
    """Random images whose properties are a formula of the fraction."""
    rng = np.random.default_rng(0)
    images = torch.from_numpy(rng.random((40, 16, 16)) < rng.uniform(0.1, 0.9, (40, 1, 1)))
    images = images.to(torch.uint8)
    plane, conductivity = estimate(PHASES, images.double().mean((1, 2)))
    stiffness = torch.eye(6, dtype=torch.float64).repeat(40, 1, 1)
    for row, i in enumerate((0, 1, 5)):
        for column, j in enumerate((0, 1, 5)):
            stiffness[:, i, j] = plane[:, row, column]
    whole = torch.eye(3, dtype=torch.float64).repeat(40, 1, 1)
    whole[:, :2, :2] = conductivity
    meta = {"phases": PHASES.record, "families": ["formula"], "tolerance": 0.0}
    return SectionDataset(images, stiffness, whole, meta)


def laminates(count=16, edge=16):
    """Layers across e1 in odd samples, across e2 in even ones; conductivity in closed form."""
    images = torch.zeros(count, edge, edge, dtype=torch.uint8)
    for k in range(count):
        thickness = 2 + (k // 2) % 12
        image = images[k] if k % 2 else images[k].mT
        image[:thickness] = 1
    fractions = images.double().mean((1, 2))
    bounds = voigt_reuss(fractions, PHASES.plane_conductivity)
    whole = torch.eye(3, dtype=torch.float64).repeat(count, 1, 1)
    across, along = bounds.reuss[:, 0, 0], bounds.voigt[:, 0, 0]
    odd = torch.arange(count) % 2 == 1
    whole[:, 0, 0] = torch.where(odd, across, along)
    whole[:, 1, 1] = torch.where(odd, along, across)
    stiffness = torch.eye(6, dtype=torch.float64).repeat(count, 1, 1)
    plane = hill_mean(PHASES, fractions)[0]
    for row, i in enumerate((0, 1, 5)):
        for column, j in enumerate((0, 1, 5)):
            stiffness[:, i, j] = plane[:, row, column]
    meta = {"phases": PHASES.record, "families": ["laminates"], "tolerance": 0.0}
    return SectionDataset(images, stiffness, whole, meta)


def test_a_regression_on_fractions_finds_a_formula_of_the_fraction(baselines):
    data = isotropic_data(hill_mean)
    fitted = baselines.FractionRegression.fit(data.subset(range(25)))
    rest = data.subset(range(25, 40))
    errors = relative_errors(fitted.predict(rest.images), rest)
    before = relative_errors(hashin_shtrikman_mean(PHASES, rest.fractions), rest)
    assert errors.max() < 2e-3
    assert before.min() > 0.01  # the start of the regression is another formula


def test_a_regression_on_fractions_sees_no_direction(baselines):
    data = laminates()
    found = baselines.FractionRegression.fit(data).predict(data.images).conductivity
    torch.testing.assert_close(found[:, 0, 0], found[:, 1, 1])
    torch.testing.assert_close(found[:, 0, 1], torch.zeros(16, dtype=torch.float64))


@pytest.mark.parametrize("products", [(0,), (0, 4)])
def test_two_point_statistics_tell_the_direction_of_layers(baselines, products):
    """Conductivities of laminates are the bounds themselves: Reuss across, Voigt along."""
    data = laminates()
    kept = [k for k in range(16) if k not in (6, 7)]
    fitted = baselines.TwoPointRegression.fit(data.subset(kept), products=products)
    rest = data.subset([6, 7])
    errors = relative_errors(fitted.predict(rest.images), rest)
    assert errors.max() < 0.02
    turned = fitted.predict(rest.images.mT)
    expected = fitted.predict(rest.images)
    torch.testing.assert_close(
        turned.conductivity[:, 0, 0], expected.conductivity[:, 1, 1], rtol=1e-6, atol=1e-8
    )


def test_two_point_statistics_of_a_stripe(baselines):
    """Both ends in a stripe of 4 of 16: a triangle of lags, constant along the stripe."""
    image = torch.zeros(1, 16, 16, dtype=torch.uint8)
    image[0, 3:7] = 1
    maps = baselines.two_point_maps(image)
    triangle = torch.tensor([max(4 - min(k, 16 - k), 0) / 16 for k in range(16)]).double()
    expected = (triangle[:, None] + triangle[None]).expand(16, 16) / 2  # the mean of both diagonals
    torch.testing.assert_close(maps["A1"].view(16, 16), expected)
    torch.testing.assert_close(maps["B1"].view(16, 16), (triangle[:, None] - triangle[None]) / 2)
    assert maps["B2"].abs().max() < 1e-14


def scored_data(baselines, seed):
    """Smoothed noise whose numbers are products of the first principal components; the first of
    each character, and the pair of characters of which the product is meant."""
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(80, 16, 16, generator=generator, dtype=torch.float64)
    images = (noise + noise.roll(1, 1) + noise.roll((1, 1), (1, 2)) > 0).to(torch.uint8)
    maps = baselines.two_point_maps(images)
    even = maps["A1"] - maps["A1"].mean(0)
    first = {}
    for name, rows in (maps | {"A1": even}).items():
        score = torch.linalg.svd(rows, full_matrices=False).U[:, 0]
        first[name] = score / score.std()
    numbers = torch.zeros(80, 9, dtype=torch.float64)
    numbers[:, 0] = 0.2 * first["B1"] ** 2  # A1 from B1 × B1
    numbers[:, 3] = 0.2 * first["A1"] * first["B1"]  # B1 from A1 × B1
    numbers[:, 4] = 0.2 * first["A2"] * first["B1"]  # B2 from A2 × B1
    plane, conductivity = Coordinates(PHASES, images.double().mean((1, 2))).properties(numbers)
    stiffness = torch.eye(6, dtype=torch.float64).repeat(80, 1, 1)
    for row, i in enumerate((0, 1, 5)):
        for column, j in enumerate((0, 1, 5)):
            stiffness[:, i, j] = plane[:, row, column]
    whole = torch.eye(3, dtype=torch.float64).repeat(80, 1, 1)
    whole[:, :2, :2] = conductivity
    meta = {"phases": PHASES.record, "families": ["noise"], "tolerance": 0.0}
    return SectionDataset(images, stiffness, whole, meta)


def test_products_of_scores_are_learnt_by_the_quadratic_regression_alone(baselines):
    data = scored_data(baselines, 0)
    quadratic = baselines.TwoPointRegression.fit(data, products=(0, 2))
    linear = baselines.TwoPointRegression.fit(data)
    assert [quadratic.chosen[k][1] for k in (0, 3, 4)] == [2, 2, 2]
    for k in (0, 3, 4):
        assert quadratic.ridges[k].error < 1e-3 * linear.ridges[k].error


@pytest.mark.parametrize("regression", ["FractionRegression", "TwoPointRegression"])
def test_regressions_learn_from_real_sections_and_keep_the_bounds(regression, sections, baselines):
    """The families take turns: the second dozen has one more of each."""
    fitted = getattr(baselines, regression).fit(sections.subset(range(12)))
    rest = sections.subset(range(12, 24))
    found = fitted.predict(rest.images)
    estimate = hashin_shtrikman_mean(PHASES, rest.fractions)
    assert relative_errors(found, rest).mean() < relative_errors(estimate, rest).mean()
    for values, moduli in (
        (found.stiffness, PHASES.plane_stiffness),
        (found.conductivity, PHASES.plane_conductivity),
    ):
        bounds = voigt_reuss(rest.fractions, moduli)
        assert torch.linalg.eigvalsh(bounds.voigt - values).min() > -1e-10
        assert torch.linalg.eigvalsh(values - bounds.reuss).min() > -1e-10
