import re

import numpy as np
import pytest

from dmn_fe.errors import InputError
from dmn_fe.microstructure import plain_weave

WEAVE = plain_weave(64, 0.35)
MATRIX, WARP, WEFT = 0, 1, 2


def heights(phase, yarn):
    """Mean height of a yarn's voxels in each column ``[nx, ny]``, NaN where there are none."""
    inside = phase == yarn
    count = inside.sum(axis=2)
    level = np.arange(phase.shape[2]) + 0.5
    return np.where(count > 0, (inside * level).sum(axis=2) / np.maximum(count, 1), np.nan)


@pytest.mark.parametrize("fraction", [0.3, 0.333, 0.37])
def test_fraction_is_hit_and_shared(fraction):
    rve = plain_weave(64, fraction)
    assert rve.shape == (64, 64, 16)
    assert rve.names == ("matrix", "warp", "weft")
    assert abs(np.count_nonzero(rve.phase) - fraction * rve.phase.size) <= 0.5
    assert abs(rve.volume_fractions[WARP] - rve.volume_fractions[WEFT]) < 1e-3


def test_warp_and_weft_change_sides_at_each_crossing():
    above = heights(WEAVE.phase, WARP) > heights(WEAVE.phase, WEFT)
    crossings = above[16::32, 16::32]
    np.testing.assert_array_equal(crossings, [[True, False], [False, True]])


def test_warp_is_weft_turned_over():
    turned = WEAVE.phase.transpose(1, 0, 2)[:, :, ::-1]
    swapped = np.choose(turned, [MATRIX, WEFT, WARP])
    assert np.count_nonzero(swapped != WEAVE.phase) <= 32  # equal voxels that filled the fraction


def test_half_a_period_on_the_other_side():
    """The fabric moved by one yarn is the fabric turned over: no face is special."""
    for axis in (0, 1):
        moved = np.roll(WEAVE.phase, 32, axis)
        assert np.count_nonzero(moved != WEAVE.phase[:, :, ::-1]) <= 32


@pytest.mark.parametrize("place", [16, 48])
@pytest.mark.parametrize("yarn", [WARP, WEFT])
def test_first_material_axis_is_tangent_to_the_path_of_the_yarns(yarn, place):
    """The heights of a yarn's middle are the sum of the rises that its voxels have."""
    across, along = (1, 0) if yarn == WARP else (0, 1)
    section = WEAVE.phase.take(place, across)[:, None]
    index = WEAVE.orientation_index.take(place, across)
    axes = WEAVE.orientations[np.where(section[:, 0] == yarn, index, 0).max(axis=1)]
    rise = axes[:, 2, 0] / axes[:, along, 0]
    np.testing.assert_allclose(axes[:, across, 0], 0.0, atol=1e-15)
    np.testing.assert_allclose(np.abs(axes[:, across, 1]), 1.0)  # second axis across the yarn
    summed = np.cumsum(rise) - 0.5 * rise
    middle = heights(section, yarn)[:, 0]
    assert np.ptp(middle) > 5.0
    np.testing.assert_allclose(summed - summed.mean(), middle - middle.mean(), atol=0.6)


def test_matrix_has_the_identity():
    index = WEAVE.orientation_index[WEAVE.phase == MATRIX]
    np.testing.assert_array_equal(WEAVE.orientations[np.unique(index)], np.eye(3)[None])


@pytest.mark.parametrize("gap", [1.0, 2.0, 3.0])
def test_gap_of_crossing_and_parallel_yarns(gap):
    phase = plain_weave(96, 0.3, gap=gap).phase
    # Going up through two periods: centres of voxels of warp and weft are the gap apart.
    for column in np.concatenate([phase, phase], axis=2).reshape(-1, 2 * phase.shape[2]):
        places = np.flatnonzero(column)
        change = column[places[1:]] != column[places[:-1]]
        assert (np.diff(places)[change] >= gap).all()
    for axis, yarn in ((0, WEFT), (1, WARP)):
        lines = np.moveaxis(phase == yarn, axis, 2)
        for line in lines.any(axis=1):
            places = np.flatnonzero(np.concatenate([line, line]))
            steps = np.diff(places)
            assert (steps[steps > 1] - 1 >= np.floor(gap)).all()


def test_the_reachable_fraction_is_told_and_reachable():
    with pytest.raises(InputError, match=r"do not fit .* they reach 0\.\d+") as caught:
        plain_weave(64, 0.6)
    reached = float(re.search(r"they reach (0\.\d+)", str(caught.value))[1])
    assert plain_weave(64, reached).volume_fractions[MATRIX] == pytest.approx(1 - reached, abs=1e-4)
    with pytest.raises(InputError, match="do not fit"):
        plain_weave(64, reached + 0.002)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"voxels": 0}, "voxels = 0"),
        ({"height": 2.5}, r"height = 2\.5"),
        ({"volume_fraction": 0.0}, "between 0 and 1"),
        ({"gap": 20.0}, r"gap = 20\.0"),
        ({"yarn_width": 1.0}, "between parallel yarns"),
        ({"yarn_width": 0.97}, r"leaves 0\.96 voxels between parallel yarns"),
        ({"yarn_width": -1.0}, "yarn_width = -1.0 must be a number above zero"),
        ({"volume_fraction": 0.1}, r"would be 1\.6 voxels thick, less than 3"),
    ],
)
def test_bad_input(arguments, sentence):
    with pytest.raises(InputError, match=sentence):
        plain_weave(**arguments)
