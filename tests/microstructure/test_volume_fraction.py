import numpy as np
import pytest

from dmn_fe.errors import InputError
from dmn_fe.microstructure.volume_fraction import lowest_voxels


def test_the_lowest_are_marked_and_equal_ones_in_their_order():
    field = np.array([[3.0, 1.0, 1.0], [np.inf, 1.0, 0.0]])
    np.testing.assert_array_equal(lowest_voxels(field, 3 / 6), [[0, 1, 1], [0, 0, 1]])
    np.testing.assert_array_equal(lowest_voxels(field, 5 / 6), [[1, 1, 1], [0, 1, 1]])
    np.testing.assert_array_equal(lowest_voxels(field, 0.2), [[0, 0, 0], [0, 0, 1]])


@pytest.mark.parametrize("fraction", [0.01, 0.99])
def test_each_phase_keeps_a_voxel(fraction):
    with pytest.raises(InputError, match="of 27 voxels: use more voxels"):
        lowest_voxels(np.arange(27.0).reshape(3, 3, 3), fraction)
