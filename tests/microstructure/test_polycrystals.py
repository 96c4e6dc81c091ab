import numpy as np
import pytest

from dmn_fe.errors import InputError
from dmn_fe.microstructure import voronoi_polycrystal


def test_grains_are_the_cells_of_their_points():
    """Each voxel against all points and their images; the points are the first random numbers."""
    rve = voronoi_polycrystal(12, 9, seed=4)
    points = np.random.default_rng(4).uniform(0.0, 12.0, (9, 3))
    middle = np.stack(np.indices((12, 12, 12)), axis=-1) + 0.5
    images = 12.0 * (np.stack(np.indices((3, 3, 3)), axis=-1).reshape(-1, 3) - 1)
    offset = middle[..., None, None, :] - points[:, None] - images
    nearest = (offset**2).sum(axis=-1).min(axis=-1).argmin(axis=-1)
    np.testing.assert_array_equal(rve.orientation_index, nearest)


def test_one_phase_and_one_orientation_per_grain():
    rve = voronoi_polycrystal(20, 15, seed=1)
    assert rve.names == ("grain",)
    assert rve.volume_fractions == (1.0,)
    assert rve.orientations.shape == (15, 3, 3)
    assert set(np.unique(rve.orientation_index)) == set(range(15))
    assert rve.hash == voronoi_polycrystal(20, 15, seed=1).hash
    assert rve.hash != voronoi_polycrystal(20, 15, seed=2).hash


def test_lloyd_steps_make_grains_of_more_equal_size():
    def spread(steps):
        sizes = np.bincount(voronoi_polycrystal(24, 20, steps, seed=0).orientation_index.ravel())
        return sizes.std() / sizes.mean()

    # The volumes of Poisson-Voronoi cells have the coefficient of variation 0.42.
    assert 0.3 < spread(0) < 0.55
    assert spread(10) < 0.5 * spread(0)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"voxels": 2.5}, r"voxels = 2\.5"),
        ({"count": 0}, "count = 0"),
        ({"lloyd_steps": -1}, "lloyd_steps = -1"),
        ({"seed": 0.5}, r"seed = 0\.5"),
        ({"voxels": 3, "count": 100}, r"\d+ of 100 grains have no voxel: use more voxels"),
        ({"voxels": 3, "count": 100, "lloyd_steps": 1}, "grains have no voxel"),
    ],
)
def test_bad_input(arguments, sentence):
    with pytest.raises(InputError, match=sentence):
        voronoi_polycrystal(**arguments)
