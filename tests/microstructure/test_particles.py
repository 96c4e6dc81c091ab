import re

import numpy as np
import pytest
from scipy.spatial import cKDTree

from dmn_fe.errors import InputError
from dmn_fe.microstructure import (
    find_clusters,
    polydisperse_spheres,
    random_fibres,
    random_spheres,
)


def particles(rve):
    """Coordinates of the voxels of each connected particle (periodic)."""
    clusters = find_clusters(rve, 1)
    return [np.argwhere(clusters.label == number + 1) for number in range(clusters.count)]


def smallest_gap(groups, shape):
    """Smallest periodic distance of voxel centres that belong to different particles."""
    trees = [cKDTree(group, boxsize=shape) for group in groups]
    return min(
        first.query(second.data)[0].min() for i, first in enumerate(trees) for second in trees[:i]
    )


@pytest.mark.parametrize("seed", range(3))
def test_spheres_keep_fraction_number_and_gap(seed):
    rve = random_spheres(voxels=28, volume_fraction=0.3, count=8, gap=2.0, seed=seed)
    groups = particles(rve)
    assert rve.shape == (28, 28, 28)
    assert len(groups) == 8
    assert smallest_gap(groups, np.array(rve.shape)) >= 2.0
    assert np.count_nonzero(rve.phase) == round(0.3 * 28**3)


def test_fibres_keep_fraction_number_and_gap():
    rve = random_fibres(voxels=96, volume_fraction=0.5, count=10, gap=2.0, seed=4)
    groups = particles(rve)
    assert rve.shape == (96, 96, 1)
    assert rve.names == ("matrix", "fibre")
    assert len(groups) == 10
    assert smallest_gap(groups, np.array([96, 96, 1])) >= 2.0
    assert np.count_nonzero(rve.phase) == 96**2 // 2


def test_seed_fixes_the_arrangement():
    assert random_spheres(16, 0.2, 3, seed=5).hash == random_spheres(16, 0.2, 3, seed=5).hash
    assert random_spheres(16, 0.2, 3, seed=5).hash != random_spheres(16, 0.2, 3, seed=6).hash


def test_given_radii_keep_their_proportions_and_gap():
    rve = polydisperse_spheres(40, 0.3, radii=[1.0, 2.0, 2.0, 3.0, 1.5], gap=2.0, seed=1)
    groups = particles(rve)
    assert np.count_nonzero(rve.phase) == round(0.3 * 40**3)
    assert smallest_gap(groups, np.array(rve.shape)) >= 2.0
    volumes = np.sort([len(group) for group in groups])
    expected = np.array([1.0, 1.5, 2.0, 2.0, 3.0]) ** 3
    np.testing.assert_allclose(volumes / volumes.sum(), expected / expected.sum(), rtol=0.05)


def test_spread_is_that_of_the_logarithm_of_the_diameters():
    rve = polydisperse_spheres(64, 0.25, count=24, spread=0.25, gap=1.5, seed=2)
    sizes = np.log([len(group) for group in particles(rve)]) / 3.0
    assert len(sizes) == 24
    assert sizes.std() == pytest.approx(0.25, rel=0.1)  # 24 quantiles have a little less
    np.testing.assert_array_equal(
        polydisperse_spheres(24, 0.2, 4, spread=0.0, seed=3).phase,
        random_spheres(24, 0.2, 4, seed=3).phase,
    )


def test_the_fraction_that_was_reached_can_be_reached(monkeypatch):
    monkeypatch.setattr("dmn_fe.microstructure.packing._RELAXATION_STEPS", 200)
    with pytest.raises(InputError, match=r"fraction of 0\.[1-4]\d+, not 0\.450") as caught:
        random_spheres(voxels=32, volume_fraction=0.45, count=10, gap=2.0, seed=0)
    reached = float(re.search(r"fraction of (0\.\d+)", str(caught.value))[1])
    assert random_spheres(32, reached, 10, 2.0, 0).volume_fractions[1] > 0.3


@pytest.mark.parametrize(
    ("generator", "alone"), [(random_spheres, np.pi / 6), (random_fibres, np.pi / 4)]
)
def test_beyond_the_densest_packing_is_refused(generator, alone):
    with pytest.raises(InputError, match=rf"densest packing they reach {alone:.3f}; lower"):
        generator(32, alone + 0.001, 1, gap=0.0)
    assert generator(32, alone - 0.001, 1, gap=0.0).volume_fractions[1] > 0.5
    with pytest.raises(InputError, match=r"reach 0\.\d+, and random ones about 0\.\d+") as caught:
        generator(64, 0.9, 12, gap=1.0)
    densest, random = map(float, re.findall(r"(?:reach|about) (0\.\d+)", str(caught.value)))
    assert random < densest < 0.9
    assert generator(64, random, 12, gap=1.0).volume_fractions[1] == pytest.approx(random, abs=1e-3)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"volume_fraction": 0.0}, "between 0 and 1"),
        ({"volume_fraction": float("nan")}, "between 0 and 1"),
        ({"count": 0}, "count = 0 must be a positive whole number"),
        ({"voxels": 16.5}, "voxels = 16.5 must be a positive whole number"),
        ({"seed": -1}, "seed = -1"),
        ({"gap": -1.0}, "gap = -1.0"),
        ({"voxels": 8, "count": 50}, "use more voxels or fewer"),
    ],
)
def test_bad_input(arguments, sentence):
    with pytest.raises(InputError, match=sentence):
        random_spheres(**arguments)
    with pytest.raises(InputError, match=sentence):
        random_fibres(**{"voxels": 16, **arguments})


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"spread": -0.1}, "spread = -0.1"),
        ({"radii": []}, r"shape \[0\]"),
        ({"radii": [[1.0]]}, r"shape \[1, 1\]"),
        ({"radii": [1.0, -2.0]}, r"radii\[1\] = -2.0 must be a number above zero"),
        ({"radii": [1.0, 30.0]}, r"radius of 0\.\d+ voxels, less than 1.5"),
        ({"volume_fraction": 0.8}, "in the densest packing they reach"),
    ],
)
def test_bad_sizes(arguments, sentence):
    with pytest.raises(InputError, match=sentence):
        polydisperse_spheres(**arguments)
