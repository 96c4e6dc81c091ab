import numpy as np
import pytest

from dmn_fe.errors import InputError
from dmn_fe.microstructure import laminate


def test_one_pair_of_layers():
    rve = laminate(10, 0.3)
    np.testing.assert_array_equal(rve.phase[:, 0, 0], [1, 1, 1, 0, 0, 0, 0, 0, 0, 0])
    assert rve.names == ("matrix", "inclusion")


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_normal(axis):
    rve = laminate(8, 0.5, axis, 2)
    assert rve.shape == tuple(8 if a == axis else 1 for a in range(3))
    np.testing.assert_array_equal(rve.phase.ravel(), [1, 1, 0, 0, 1, 1, 0, 0])


@pytest.mark.parametrize("periods", [1, 2, 3, 7])
@pytest.mark.parametrize("fraction", [0.25, 0.4, 0.61])
def test_fraction_and_number_of_layers(fraction, periods):
    phase = laminate(50, fraction, 0, periods).phase.ravel()
    assert abs(np.count_nonzero(phase) - fraction * 50) <= 0.5
    starts = np.flatnonzero((phase == 1) & (np.roll(phase, 1) == 0))
    assert len(starts) == periods
    ends = np.flatnonzero((phase == 1) & (np.roll(phase, -1) == 0))
    assert np.ptp(ends - starts) <= 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"voxels": 0}, "voxels = 0 must be a positive whole number"),
        ({"volume_fraction": 1.0}, "between 0 and 1"),
        ({"axis": 3}, "axis = 3 must be 0, 1 or 2"),
        ({"periods": 1.5}, r"periods = 1\.5"),
        ({"voxels": 10, "periods": 6}, "leave a layer without a voxel of 10"),
        ({"voxels": 4, "volume_fraction": 0.1}, "leave a layer without a voxel of 4"),
    ],
)
def test_bad_input(arguments, sentence):
    with pytest.raises(InputError, match=sentence):
        laminate(**arguments)
