import numpy as np
import pytest
from helpers.boolean_model import DENSITY, grown_volume, overlapping_spheres

from dmn_fe.errors import InputError
from dmn_fe.microstructure import VoxelRVE, chord_lengths, lineal_path


def lines_along(rve, axis):
    return np.moveaxis(rve.phase, axis, -1).reshape(-1, rve.shape[axis])


def segments_by_loop(rve, phase, axis):
    """Lineal path: every start and every length tried."""
    n = rve.shape[axis]
    result = []
    for k in range(n):
        starts = range(n) if rve.periodic[axis] else range(n - k)
        tried = [
            all(line[(s + i) % n] == phase for i in range(k + 1))
            for line in lines_along(rve, axis)
            for s in starts
        ]
        result.append(np.mean(tried))
    return np.array(result)


def chords_by_loop(rve, phase, axis):
    """Weights of chords of 1 … n − 1 voxels: every start and every length tried."""
    n = rve.shape[axis]
    weights = np.zeros(n - 1)
    for line in lines_along(rve, axis):
        for m in range(1, n):
            starts = range(n) if rve.periodic[axis] else range(1, n - m)
            for s in starts:
                whole = all(line[(s + i) % n] == phase for i in range(m))
                if whole and line[s - 1] != phase and line[(s + m) % n] != phase:
                    weights[m - 1] += 1.0 if rve.periodic[axis] else 1.0 / (n - m - 1)
    return weights


@pytest.mark.parametrize("periodic", [(True,) * 3, (False,) * 3, (False, True, False)])
@pytest.mark.parametrize("shape", [(5, 6, 4), (9, 8, 1)])
def test_against_loops(shape, periodic):
    phase = (np.random.default_rng(11).random(shape) < 0.75).astype(int)
    phase[:, 2] = 1  # lines without end
    rve = VoxelRVE(phase, size=(1.0, 3.0, 0.5), periodic=periodic)
    for axis in range(3):
        edge = rve.size[axis] / shape[axis]
        distance, probability = lineal_path(rve, 1, axis)
        np.testing.assert_allclose(distance, np.arange(shape[axis]) * edge, rtol=1e-14)
        np.testing.assert_allclose(probability, segments_by_loop(rve, 1, axis), atol=1e-12)
        chords = chord_lengths(rve, 1, axis)
        weights = chords_by_loop(rve, 1, axis)
        np.testing.assert_allclose(chords.length, np.arange(1, shape[axis]) * edge, rtol=1e-14)
        np.testing.assert_allclose(
            chords.probability * weights.sum(), weights, atol=1e-12 * max(1.0, weights.sum())
        )


def test_laminate_exactly():
    """Layers of 3 and 1 that wrap around the faces, of voxels 0.5 thick."""
    profile = np.array([1, 0, 1, 0, 0, 0, 1, 1])
    phase = np.broadcast_to(profile[:, None, None], (8, 2, 3))
    rve = VoxelRVE(phase, size=(4.0, 1.0, 1.0))
    chords = chord_lengths(rve, 1, 0)
    assert chords.count == 2 * 6
    assert chords.probability[[0, 2]].tolist() == [0.5, 0.5]
    assert chords.mean == pytest.approx(1.0, rel=1e-15)
    assert (lineal_path(rve, 1, 0)[1] * 8).tolist() == [4, 2, 1, 0, 0, 0, 0, 0]
    # Along the layers segments have no end and there is no chord.
    assert lineal_path(rve, 1, 2)[1].tolist() == [0.5] * 3
    along = chord_lengths(rve, 1, 2)
    assert along.count == 0
    assert np.isnan(along.mean)
    assert not along.probability.any()
    # In a window the outer layers are cut: only the single voxel is a chord.
    window = chord_lengths(VoxelRVE(phase, periodic=(False,) * 3), 1, 0)
    assert (window.count, window.probability.tolist()) == (6, [1.0, *[0.0] * 6])


def test_independent_voxels_have_geometric_chords_also_in_a_short_window():
    """Chords of m voxels: (1 − φ) φ^(m − 1); left uncorrected a window of 12 would miss 30 %."""
    share = 0.6
    phase = (np.random.default_rng(5).random((12, 160, 160)) < share).astype(int)
    chords = chord_lengths(VoxelRVE(phase, periodic=(False,) * 3), 1, 0)
    expected = share ** np.arange(11)
    expected[10] = 0.0  # needs 13 voxels to be seen
    expected /= expected.sum()
    places = 12 - np.arange(1, 12) - 1
    seen = chords.count * expected * places / (expected * places).sum()
    error = expected / np.sqrt(np.maximum(seen, 1.0))
    assert chords.count > 50_000
    assert np.all(np.abs(chords.probability - expected)[:10] < 4.0 * error[:10])


def test_overlapping_spheres():
    """In the void L = φ exp(−3ηr/4R), and chords have the mean 4R/3η.

    On voxel centres a segment is a row of points one edge h apart, hence the slope
    v2(h)/v1 − 1 = 3h/4R − h³/16R³ instead of 3h/4R, which is 0.2 % less at R = 6 h.
    """
    runs = [overlapping_spheres(48, seed) for seed in range(12)]
    step = grown_volume(1.0) - 1.0
    for axis in range(3):
        paths = np.array([lineal_path(rve, "void", axis)[1] for rve in runs])
        error = paths.std(axis=0, ddof=1) / np.sqrt(len(runs))
        expected = np.exp(-DENSITY * (1.0 + np.arange(48) * step))
        assert error.max() < 0.02
        assert np.all(np.abs(paths.mean(axis=0) - expected) < 3.5 * error)
    chords = [chord_lengths(rve, "void", axis).mean for rve in runs for axis in range(3)]
    error = np.std(chords, ddof=1) / np.sqrt(len(runs))
    expected = 1.0 / -np.expm1(-DENSITY * step)
    assert error < 0.05 * expected
    assert abs(np.mean(chords) - expected) < 3.5 * error


def test_bad_input():
    rve = VoxelRVE(np.arange(8).reshape(2, 2, 2) % 2)
    with pytest.raises(InputError, match="axis = -1 is no axis"):
        lineal_path(rve, 0, -1)
    with pytest.raises(InputError, match="no phase 'pore'"):
        chord_lengths(rve, "pore", 0)
