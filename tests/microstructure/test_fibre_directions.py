import numpy as np
import pytest

from dmn_fe.errors import InputError
from dmn_fe.microstructure.fibre_directions import (
    checked_orientation_tensor,
    orientation_tensor,
    sample_directions,
)
from dmn_fe.microstructure.rotations import random_rotations

EIGENVALUES = {
    "isotropic": (1 / 3, 1 / 3, 1 / 3),
    "planar": (0.5, 0.5, 0.0),
    "aligned": (1.0, 0.0, 0.0),
    "nearly aligned": (0.98, 0.01, 0.01),
    "injection moulded": (0.7, 0.2, 0.1),
    "flat": (0.6, 0.39, 0.01),
}


@pytest.mark.parametrize("count", [3, 5, 20, 100])
@pytest.mark.parametrize("kind", EIGENVALUES)
def test_tensor_is_reached_in_any_axes(kind, count):
    for turn in random_rotations(4, np.random.default_rng(count)):
        target = (turn * EIGENVALUES[kind]) @ turn.T
        directions = sample_directions(target, count, np.random.default_rng(0))
        np.testing.assert_allclose(np.linalg.norm(directions, axis=1), 1.0)
        assert np.abs(orientation_tensor(directions) - target).max() < 1e-4


def test_isotropic_directions_have_the_isotropic_fourth_moment():
    """The mean of p1⁴ is 1/5, of p1² p2² 1/15: more than the second moment is isotropic."""
    p = sample_directions(np.eye(3) / 3, 200, np.random.default_rng(0))
    np.testing.assert_allclose((p**4).mean(axis=0), 0.2, atol=0.01)
    np.testing.assert_allclose((p[:, :2] ** 2).prod(axis=1).mean(), 1 / 15, atol=0.01)


def test_too_few_directions_for_the_tensor():
    with pytest.raises(InputError, match=r"2 fibres came within 0\.\d+ .* use more fibres"):
        sample_directions(np.eye(3) / 3, 2, np.random.default_rng(0))


@pytest.mark.parametrize(
    ("tensor", "sentence"),
    [
        (np.eye(2) / 2, r"shape \[2, 2\]"),
        (np.full((3, 3), np.nan), "finite"),
        (np.eye(3), "with the trace 1"),
        (np.eye(3) / 3 + np.triu(np.full((3, 3), 0.1), 1), "symmetric"),
        (np.diag([1.2, 0.0, -0.2]), "eigenvalue -0.2"),
    ],
)
def test_bad_tensor(tensor, sentence):
    with pytest.raises(InputError, match=sentence):
        checked_orientation_tensor(tensor)
