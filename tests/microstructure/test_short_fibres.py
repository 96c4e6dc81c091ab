import re

import numpy as np
import pytest
from scipy.spatial import cKDTree

from dmn_fe.errors import InputError
from dmn_fe.microstructure import short_fibres
from dmn_fe.microstructure.fibre_directions import orientation_tensor
from dmn_fe.microstructure.fibre_packing import nearest_points

OBLIQUE = np.array([[0.6, 0.1, 0.0], [0.1, 0.3, -0.05], [0.0, -0.05, 0.1]])


def offsets_from_middle(positions, edge):
    """Offsets of the voxels of one fibre from their periodic mean."""
    angle = 2.0 * np.pi * (positions + 0.5) / edge
    middle = np.angle(np.exp(1j * angle).mean(axis=0)) * edge / (2.0 * np.pi)
    offset = positions + 0.5 - middle
    return offset - edge * np.round(offset / edge)


def smallest_gap(rve):
    """Smallest periodic distance of voxel centres of two fibres."""
    trees = [
        cKDTree(np.argwhere(rve.orientation_index == number), boxsize=rve.shape[0])
        for number in range(1, len(rve.orientations))
    ]
    return min(
        first.query(second.data)[0].min() for i, first in enumerate(trees) for second in trees[:i]
    )


@pytest.mark.parametrize("tensor", [None, OBLIQUE, np.diag([1.0, 0, 0]), np.diag([0.5, 0.5, 0])])
def test_fraction_gap_and_orientation(tensor):
    rve = short_fibres(48, 0.15, 12, 6.0, tensor, gap=2.0, seed=1)
    assert rve.names == ("matrix", "fibre")
    assert abs(np.count_nonzero(rve.phase) - 0.15 * 48**3) <= 0.5
    assert smallest_gap(rve) >= 2.0
    target = np.eye(3) / 3 if tensor is None else tensor
    assert np.abs(orientation_tensor(rve.orientations[1:, :, 0]) - target).max() < 1e-4
    # Weighted by volume, as a solver sees it.
    weighted = rve.orientations[rve.orientation_index[rve.phase == 1]][:, :, 0]
    assert np.abs(orientation_tensor(weighted) - target).max() < 0.01
    np.testing.assert_array_equal(rve.orientations[0], np.eye(3))
    np.testing.assert_array_equal(rve.orientation_index > 0, rve.phase == 1)


def test_fibres_are_straight_and_have_their_direction_and_size():
    rve = short_fibres(64, 0.12, 10, 6.0, gap=2.0, seed=3)
    radius = (0.12 * 64**3 / 10 / (2.0 * np.pi * (6.0 - 1.0 / 3.0))) ** (1.0 / 3.0)
    for number in range(1, 11):
        direction = rve.orientations[number, :, 0]
        offset = offsets_from_middle(np.argwhere(rve.orientation_index == number), 64)
        along = offset @ direction
        aside = np.linalg.norm(offset - along[:, None] * direction, axis=1)
        assert aside.max() < radius + 0.8
        assert np.ptp(along) == pytest.approx(12.0 * radius, abs=1.5)
        assert len(offset) == pytest.approx(0.12 * 64**3 / 10, rel=0.03)


def test_spheres_are_the_limit():
    rve = short_fibres(32, 0.2, 6, 1.0, gap=2.0, seed=0)
    for number in range(1, 7):
        offset = offsets_from_middle(np.argwhere(rve.orientation_index == number), 32)
        radius = (0.2 * 32**3 / 6 * 3.0 / (4.0 * np.pi)) ** (1.0 / 3.0)
        assert np.linalg.norm(offset, axis=1).max() < radius + 0.5


def test_nearest_points_of_two_axes_against_all_points():
    rng = np.random.default_rng(0)
    offset = 2.0 * rng.normal(size=(60, 3))
    first, second = rng.normal(size=(2, 60, 3))
    second[:5] = first[:5]  # parallel
    first, second = (d / np.linalg.norm(d, axis=1, keepdims=True) for d in (first, second))
    apart, _, _ = nearest_points(offset, first, second, 1.5)
    along = np.linspace(-1.5, 1.5, 201)
    between = (
        offset[:, None, None]
        + along[:, None, None] * first[:, None, None]
        - along[None, :, None] * second[:, None, None]
    )
    expected = np.linalg.norm(between, axis=-1).min(axis=(1, 2))
    np.testing.assert_allclose(np.linalg.norm(apart, axis=1), expected, atol=5e-4)


def test_what_is_out_of_reach_is_told(monkeypatch):
    monkeypatch.setattr("dmn_fe.microstructure.fibre_packing._STEPS", 60)
    with pytest.raises(InputError, match=r"fraction of 0\.\d+ .* not 0\.500") as caught:
        short_fibres(48, 0.5, 20, 4.0, gap=1.0, seed=0)
    reached = float(re.search(r"fraction of (0\.\d+)", str(caught.value))[1])
    assert reached > 0.1
    assert short_fibres(48, reached, 20, 4.0, gap=1.0, seed=0).phase.any()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"aspect_ratio": 0.5}, "aspect_ratio = 0.5 must be at least 1"),
        ({"count": 0}, "count = 0 must be a positive whole number"),
        ({"volume_fraction": 1.5}, "between 0 and 1"),
        ({"seed": -1}, "seed = -1"),
        ({"gap": -1.0}, "gap = -1.0"),
        ({"orientation_tensor": np.eye(3)}, "trace 1"),
        ({"count": 2}, "edge of 64 voxels: use more fibres"),
        ({"count": 300}, "less than 1.5: use more voxels"),
        ({"volume_fraction": 0.7, "aspect_ratio": 4.0}, r"cannot have .* less than 0\.\d+\)"),
    ],
)
def test_bad_input(arguments, sentence):
    with pytest.raises(InputError, match=sentence):
        short_fibres(**arguments)
