import numpy as np
import pytest
from helpers.disks import overlapping_disks, union_area

from dmn_fe.microstructure import VoxelRVE
from dmn_fe.microstructure.quality.isotropy import anisotropy
from dmn_fe.microstructure.quality.judges import JUDGES, Reach, reach_of
from dmn_fe.microstructure.quality.measurement import distances, mean_of, measure
from dmn_fe.microstructure.quality.parts import Part, sections, whole

REACH = Reach(12, 4)
ALL_PERIODIC = (True, True, True)


def stripes(n=32, across=0):
    line = (np.arange(n) % 8 < 4).astype(int)
    return np.broadcast_to(line[:, None] if across == 0 else line, (n, n))[:, :, None]


def measured(phase, periodic=ALL_PERIODIC, reach=REACH):
    return measure(Part(np.asarray(phase), periodic), 2, reach)


def test_stripes_exactly():
    found = measured(stripes()).values
    across, along = found["lineal path"][1]
    np.testing.assert_allclose(across, np.maximum(4 - np.arange(12), 0) / 8)
    np.testing.assert_allclose(along, 0.5)
    across, along = found["chord length"][1]
    np.testing.assert_array_equal(across, np.arange(12) >= 4)  # all chords have 4 voxels
    np.testing.assert_array_equal(along, 0.0)  # none is ever shorter
    lags = found["two-point probability"][1][:, :, 0]
    np.testing.assert_allclose(lags[4:, 0], np.array([4, 3, 2, 1, 0]) / 8)
    np.testing.assert_allclose(lags, lags[:, :1] * np.ones(9))
    np.testing.assert_allclose(found["Euler number"][:, 0], 0.0, atol=1e-15)
    np.testing.assert_allclose(found["volume fraction"], 0.5)


def test_checkerboard_against_stripes():
    """Squares of one voxel: a chord is never longer, a cluster never larger."""
    board = measured(np.indices((32, 32, 1)).sum(axis=0) % 2)
    far = distances(board, measured(stripes()), measured(stripes()))
    # L of the stripes: 10/8 across and 12/2 along. Of the board: 1/2 at zero alone, along both.
    assert far["lineal path"].value == pytest.approx((0.75 + 5.5) / 7.25)
    # Shares of chords up to 0, 1, … 11 voxels: of the board 1 from 1 on; of the stripes 1 from 4
    # on, and 0.
    assert far["chord length"].value == pytest.approx((3 + 11) / (4 + 12))
    assert far["volume fraction"].value == 0.0
    assert far["Euler number"].value > 5.0
    assert far["isotropy"].value == pytest.approx(1.0)


def test_overlapping_disks_have_the_two_point_probability_of_the_theory():
    """S2 of the ground = exp(−λ · area of the union of two disks)."""
    radius, cover, n = 8.0, 0.7, 160
    judge = {judge.name: judge for judge in JUDGES}["two-point probability"]
    parts = [whole(overlapping_disks(n, seed, radius, cover)) for seed in range(48)]
    found = [judge.measure(part.only(0), Reach(48, 16)) for part in parts]
    x, y = np.meshgrid(np.arange(-16, 17), np.arange(-16, 17))
    density = cover / (np.pi * radius**2)
    expected = np.exp(-density * union_area(np.hypot(x, y), radius))[:, :, None]
    fraction = np.exp(-cover)
    error = np.std(found) / 48**0.5 / (fraction * (1.0 - fraction))
    assert error < 0.05
    assert judge.distance(np.mean(found, axis=0) - expected, expected) < 3 * error
    # The disks of another radius are seen.
    other = np.exp(-density * union_area(np.hypot(x, y), 1.5 * radius) / 2.25)[:, :, None]
    assert judge.distance(other - expected, expected) > 0.15


def test_anisotropy():
    assert anisotropy(VoxelRVE(stripes()), 4)[0, 0] == pytest.approx(1.0)
    assert anisotropy(VoxelRVE(stripes(across=1)), 4)[0, 0] == pytest.approx(-1.0)
    x, y = np.indices((32, 32))
    slanted = (((x + y) % 8 < 4).astype(int))[:, :, None]
    axes, diagonals = anisotropy(VoxelRVE(slanted), 4)[0]
    assert axes == pytest.approx(0.0, abs=1e-12)
    assert diagonals == pytest.approx(1.0)
    layers = np.broadcast_to((np.arange(16) % 4 < 2)[:, None, None], (16, 16, 16)).astype(int)
    np.testing.assert_allclose(anisotropy(VoxelRVE(layers), 3)[:, 0], [1, 1, 0], atol=1e-12)
    disks = overlapping_disks(200, 0, 5.0)
    assert np.abs(anisotropy(disks, 10)).max() < 0.1
    ellipses = overlapping_disks(200, 0, 5.0, stretch=3.0)
    assert anisotropy(ellipses, 10)[0, 0] < -0.25  # it changes less along e1


def test_a_missing_phase_measures_zero():
    found = measured(np.zeros((20, 20, 1), dtype=int))
    for values in found.values.values():
        assert np.isfinite(values).all()
        assert (values[1] == 0.0).all()
    np.testing.assert_array_equal(found.percolation, [[1, 1], [0, 0]])
    half = mean_of([found, measured(np.ones((20, 20, 1), dtype=int))])
    np.testing.assert_array_equal(half.values["volume fraction"], 0.5)
    np.testing.assert_array_equal(half.percolation, 0.5)


def test_percolation_of_stripes():
    np.testing.assert_array_equal(measured(stripes()).percolation, [[0, 1], [0, 1]])


@pytest.mark.parametrize("normal", range(3))
def test_sections_of_a_volume(normal):
    phase = np.arange(4 * 5 * 6).reshape(4, 5, 6) % 7
    found = sections(VoxelRVE(phase, periodic=(True, False, False)), normal)
    periodic = [flag for axis, flag in enumerate((True, False, False)) if axis != normal]
    assert len(found) == phase.shape[normal]
    for layer, part in enumerate(found):
        np.testing.assert_array_equal(part.phase[:, :, 0], phase.take(layer, normal))
        assert part.periodic == (*periodic, True)
    assert len(sections(VoxelRVE(phase), normal, at_most=3)) == 3


def test_reach_is_limited_by_the_smallest_edge():
    assert reach_of([256, 128]) == Reach(48, 16)
    assert reach_of([256, 40]) == Reach(20, 10)
