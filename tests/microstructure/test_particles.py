import numpy as np
import pytest

from dmn_fe.errors import InputError
from dmn_fe.microstructure import random_fibres, random_spheres


def particles(phase):
    """Coordinates of the voxels of each connected particle (periodic)."""
    label = np.where(phase == 1, np.arange(phase.size).reshape(phase.shape) + 1, 0)
    while True:
        spread = label
        for axis in range(3):
            for shift in (-1, 1):
                spread = np.maximum(spread, np.roll(spread, shift, axis))
        spread = np.where(phase == 1, spread, 0)
        if (spread == label).all():
            return [np.argwhere(label == value) for value in np.unique(label[label > 0])]
        label = spread


def smallest_gap(groups, shape):
    """Smallest periodic distance of voxel centres that belong to different particles."""
    gaps = []
    for i, first in enumerate(groups):
        for second in groups[i + 1 :]:
            offset = first[:, None] - second[None, :]
            offset = offset - shape * np.round(offset / shape)
            gaps.append(np.linalg.norm(offset, axis=-1).min())
    return min(gaps)


@pytest.mark.parametrize("seed", range(3))
def test_spheres_keep_fraction_number_and_gap(seed):
    rve = random_spheres(voxels=28, volume_fraction=0.3, count=8, gap=2.0, seed=seed)
    groups = particles(rve.phase)
    assert rve.shape == (28, 28, 28)
    assert len(groups) == 8
    assert smallest_gap(groups, np.array(rve.shape)) >= 2.0
    assert rve.volume_fractions[1] == pytest.approx(0.3, abs=0.005)


def test_fibres_keep_fraction_number_and_gap():
    rve = random_fibres(voxels=96, volume_fraction=0.5, count=10, gap=2.0, seed=4)
    groups = particles(rve.phase)
    assert rve.shape == (96, 96, 1)
    assert rve.names == ("matrix", "fibre")
    assert len(groups) == 10
    assert smallest_gap(groups, np.array([96, 96, 1])) >= 2.0
    assert rve.volume_fractions[1] == pytest.approx(0.5, abs=0.005)


def test_seed_fixes_the_arrangement():
    assert random_spheres(16, 0.2, 3, seed=5).hash == random_spheres(16, 0.2, 3, seed=5).hash
    assert random_spheres(16, 0.2, 3, seed=5).hash != random_spheres(16, 0.2, 3, seed=6).hash


def test_faces_are_not_special():
    """Layers at the faces hold as much inclusion as layers inside, within three standard errors."""
    layers = np.array(
        [random_fibres(32, 0.4, 5, seed=seed).phase.mean(axis=(1, 2)) for seed in range(200)]
    )
    face = layers[:, [0, -1]].mean(axis=1) - layers[:, 8:24].mean(axis=1)
    assert abs(face.mean()) < 3.0 * face.std() / np.sqrt(len(face))


def test_impossible_arrangement_tells_the_fraction_that_was_reached(monkeypatch):
    monkeypatch.setattr("dmn_fe.microstructure.particles._RELAXATION_STEPS", 200)
    with pytest.raises(InputError, match=r"volume fraction of 0\.[1-5]\d+, not 0\.600"):
        random_spheres(voxels=32, volume_fraction=0.6, count=10, gap=2.0, seed=0)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"volume_fraction": 0.0}, "between 0 and 1"),
        ({"volume_fraction": float("nan")}, "between 0 and 1"),
        ({"count": 0}, "positive whole numbers"),
        ({"voxels": 16.5}, "positive whole numbers"),
        ({"gap": -1.0}, "gap = -1.0"),
        ({"voxels": 8, "count": 50}, "use more voxels or fewer"),
    ],
)
def test_bad_input(arguments, sentence):
    with pytest.raises(InputError, match=sentence):
        random_spheres(**arguments)
    with pytest.raises(InputError, match=sentence):
        random_fibres(**{"voxels": 16, **arguments})
