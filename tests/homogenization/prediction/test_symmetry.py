"""Mirrored and turned images have mirrored and turned properties, exactly."""

import numpy as np
import pytest
import torch
from helpers.predictors import random_predictor

from dmn_fe.homogenization import effective_conductivity, effective_stiffness
from dmn_fe.homogenization.prediction import TwoPhases
from dmn_fe.homogenization.prediction.square_group import (
    CHARACTERS,
    COMPONENTS,
    components_of,
    matrices_of,
    transformed,
)
from dmn_fe.mandel import plane_part, rotation_matrix
from dmn_fe.microstructure import VoxelRVE

PHASES = TwoPhases((1.0, 10.0))
#: Columns are where e1 and e2 go: diagonal mirrored, then e1, e2.
TURNS = [
    np.array([[0.0, 1.0], [1.0, 0.0]]) ** diagonal @ np.diag([(-1.0) ** a, (-1.0) ** b])
    if diagonal
    else np.diag([(-1.0) ** a, (-1.0) ** b])
    for diagonal in (0, 1)
    for a in (0, 1)
    for b in (0, 1)
]


def turned(stiffness, conductivity, turn):
    """Plane stiffness and conductivity after an orthogonal map of the plane."""
    whole = torch.eye(3, dtype=torch.float64)
    whole[:2, :2] = torch.from_numpy(turn)
    q = plane_part(rotation_matrix(whole))
    return q @ stiffness @ q.mT, whole[:2, :2] @ conductivity @ whole[:2, :2].mT


@pytest.mark.parametrize("element", range(8))
def test_the_solver_agrees_on_what_an_image_and_its_mirror_image_have(element):
    """The signs of the characters are those of real sections."""
    phase = torch.from_numpy(np.random.default_rng(4).integers(0, 2, (6, 6)))

    def solved(image):
        rve = VoxelRVE(image.numpy()[:, :, None])
        stiffness = effective_stiffness(rve, PHASES.stiffness, 1e-12)
        conductivity = effective_conductivity(rve, torch.tensor(PHASES.conductivity), 1e-12)
        return plane_part(stiffness), conductivity[:2, :2]

    stiffness, conductivity = solved(phase)
    mapped = solved(transformed(phase, element))
    for found, expected in zip(
        mapped, turned(stiffness, conductivity, TURNS[element]), strict=True
    ):
        torch.testing.assert_close(found, expected, rtol=1e-7, atol=1e-7)
    signs = torch.tensor([CHARACTERS[name][element] for name in COMPONENTS], dtype=torch.float64)
    before = components_of(stiffness[None], conductivity[None])
    after = components_of(mapped[0][None], mapped[1][None])
    torch.testing.assert_close(after, signs * before, rtol=1e-6, atol=1e-7)
    assert before.abs().min() > 1e-3  # no sign is hidden by a zero


@pytest.mark.parametrize("element", range(8))
def test_predictions_turn_with_the_image(element):
    predictor = random_predictor(PHASES, 0.3)
    images = torch.from_numpy(np.random.default_rng(2).integers(0, 2, (3, 16, 16)))
    found = predictor.predict(images)
    mapped = predictor.predict(transformed(images, element))
    for k in range(3):
        expected = turned(found.stiffness[k], found.conductivity[k], TURNS[element])
        for value, exact in zip(
            (mapped.stiffness[k], mapped.conductivity[k]), expected, strict=True
        ):
            torch.testing.assert_close(value, exact, rtol=1e-5, atol=1e-6)
    # The predictor tells directions apart: mirrors are no empty question.
    assert (found.stiffness[:, 0, 0] - found.stiffness[:, 1, 1]).abs().min() > 1e-4
    assert found.conductivity[:, 0, 1].abs().min() > 1e-4


def test_periodic_shifts_change_nothing():
    predictor = random_predictor(PHASES, 0.3)
    images = torch.from_numpy(np.random.default_rng(2).integers(0, 2, (2, 16, 16)))
    shifted = predictor.predict(images.roll((4, 6), (1, 2)))
    for value, exact in zip(shifted, predictor.predict(images), strict=True):
        torch.testing.assert_close(value, exact, rtol=1e-5, atol=1e-6)


def test_numbers_and_matrices_are_the_same_thing():
    numbers = torch.randn(5, 9, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    stiffness, conductivity = matrices_of(numbers)
    assert torch.equal(stiffness, stiffness.mT)
    assert torch.equal(conductivity, conductivity.mT)
    torch.testing.assert_close(components_of(stiffness, conductivity), numbers)


def test_the_eight_images_differ():
    image = torch.arange(16).reshape(1, 4, 4)
    seen = {tuple(transformed(image, k).flatten().tolist()) for k in range(8)}
    assert len(seen) == 8
