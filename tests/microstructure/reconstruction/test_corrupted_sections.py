import numpy as np
import pytest

from dmn_fe.microstructure.families import synthetic_section
from dmn_fe.microstructure.reconstruction.corrupted_sections import CORRUPTIONS

FAMILIES = ("cell walls", "labyrinth", "overlapping disks")


@pytest.mark.parametrize("corrupted", CORRUPTIONS, ids=lambda function: function.__name__)
@pytest.mark.parametrize("family", FAMILIES)
def test_the_fraction_stays_and_the_texture_does_not(corrupted, family):
    phase = synthetic_section(family, 1, 96).phase[:, :, 0] == 1
    before = phase.copy()
    wrong = corrupted(phase, np.random.default_rng(0))
    assert wrong.dtype == bool
    assert wrong.sum() == phase.sum()
    assert np.mean(wrong != phase) > 0.004
    np.testing.assert_array_equal(phase, before)
    np.testing.assert_array_equal(wrong, corrupted(phase, np.random.default_rng(0)))
