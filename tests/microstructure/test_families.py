import numpy as np
import pytest
from scipy import ndimage

from dmn_fe.errors import InputError
from dmn_fe.microstructure.families import FAMILIES, UNSEEN_FAMILIES, synthetic_section

SEEDS = range(12)
THREE_PHASES = {"clustered particles", "gaussian three phases", "grains", "rings"}


@pytest.mark.parametrize("family", FAMILIES)
def test_sections_are_two_or_three_phases_that_all_occur(family):
    counts = set()
    for seed in SEEDS:
        rve = synthetic_section(family, seed, 64)
        assert rve.shape == (64, 64, 1)
        assert rve.periodic == (True, True, True)
        assert min(rve.volume_fractions) >= 0.02
        counts.add(len(rve.names))
    assert counts <= ({2, 3} if family in THREE_PHASES else {2})
    assert (3 in counts) == (family in THREE_PHASES)


@pytest.mark.parametrize("family", FAMILIES)
def test_sections_continue_across_their_edges(family):
    """Neighbours differ as often across the edges as anywhere else."""
    across, inside = 0.0, 0.0
    for seed in SEEDS:
        phase = synthetic_section(family, seed, 96).phase[:, :, 0]
        for axis in (0, 1):
            changes = np.moveaxis(phase != np.roll(phase, 1, axis), axis, 0).mean(1)
            across += changes[0]
            inside += changes[1:].mean()
    assert 0.75 < across / inside < 1.33


@pytest.mark.parametrize("family", FAMILIES)
def test_a_seed_gives_one_section(family):
    first, again = (synthetic_section(family, 3, 64).phase for _ in range(2))
    other = synthetic_section(family, 4, 64).phase
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_volume_fractions_vary_widely():
    fraction = [synthetic_section(f, s, 64).volume_fractions[1] for f in FAMILIES for s in SEEDS]
    assert min(fraction) < 0.1
    assert max(fraction) > 0.85
    assert np.histogram(fraction, 8, (0.1, 0.9))[0].min() >= 10


def test_unseen_families_are_some_of_all():
    assert set(UNSEEN_FAMILIES) < set(FAMILIES)
    assert len(set(FAMILIES)) == len(FAMILIES)


def test_the_walls_of_cells_are_closed():
    """Walls are one piece, and most grains lie apart from all others."""
    for seed in SEEDS:
        phase = synthetic_section("cell walls", seed).phase[:, :, 0]
        sizes = np.bincount(ndimage.label(phase == 0, np.ones((3, 3)))[0].ravel())[1:]
        assert sizes.max() > 0.9 * sizes.sum()
        assert ndimage.label(phase == 1)[1] > 6


def test_a_larger_section_shows_a_material_of_the_same_sizes():
    """Surface per voxel of the layers of one seed does not depend on the number of voxels."""
    for seed in SEEDS:
        small, large = (synthetic_section("wavy layers", seed, n).phase for n in (64, 256))
        surface = [
            sum(np.mean(p != np.roll(p, 1, axis)) for axis in (0, 1)) for p in (small, large)
        ]
        assert surface[0] == pytest.approx(surface[1], rel=0.25)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("disks", 0), "family = 'disks': give one of angular particles, anisotropic field"),
        (("rings", -1), "seed = -1"),
        (("rings", 0, 32), "voxels = 32: give at least 64 per edge"),
        (("rings", 0, 0), "voxels = 0"),
    ],
)
def test_wrong_arguments(arguments, sentence):
    with pytest.raises(InputError, match=sentence):
        synthetic_section(*arguments)
