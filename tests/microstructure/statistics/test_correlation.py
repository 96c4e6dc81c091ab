from itertools import product

import numpy as np
import pytest
from helpers.boolean_model import DENSITY, grown_volume, overlapping_spheres

from dmn_fe.errors import InputError
from dmn_fe.microstructure import VoxelRVE, two_point_probability


def brute_force(rve, first, second):
    """Share of pairs by lag: dictionary of lag in voxels to (hits, pairs)."""
    found = {}
    voxels = list(product(*map(range, rve.shape)))
    for x in voxels:
        for y in voxels:
            lag = tuple(b - a for a, b in zip(x, y, strict=True))
            lag = tuple(
                (step + n // 2) % n - n // 2 if wraps else step
                for step, n, wraps in zip(lag, rve.shape, rve.periodic, strict=True)
            )
            hits, pairs = found.get(lag, (0, 0))
            hit = rve.phase[x] == first and rve.phase[y] == second
            found[lag] = (hits + hit, pairs + 1)
    return found


@pytest.mark.parametrize(
    ("shape", "periodic"),
    [
        ((4, 5, 3), (True, True, True)),
        ((4, 5, 3), (False, False, False)),
        ((5, 4, 3), (True, False, True)),
        ((6, 5, 1), (False, True, False)),
        ((7, 1, 1), (False, True, True)),
    ],
)
def test_against_double_loop(shape, periodic):
    phase = np.random.default_rng(7).permutation(np.arange(np.prod(shape)) % 3).reshape(shape)
    rve = VoxelRVE(phase, size=(1.0, 1.2, 0.95), periodic=periodic)
    spacing = np.divide(rve.size, shape)
    for first, second in ((1, None), (0, 2)):
        result = two_point_probability(rve, first, second)
        expected = brute_force(rve, first, first if second is None else second)
        assert result.probability.size == len(expected)
        shells = {}
        for lag, (hits, pairs) in expected.items():
            index = tuple(list(result.steps[i]).index(lag[i]) for i in range(3))
            assert result.probability[index] == pytest.approx(hits / pairs, abs=1e-12)
            assert np.prod([result.pairs[i][index[i]] for i in range(3)]) == pairs
            distance = np.linalg.norm(lag * spacing)
            shell = round(distance / max(spacing[np.array(shape) > 1]))
            shell = max(shell, 1) if distance > 0.0 else 0
            counted = np.array([hits, pairs, pairs * distance])
            shells[shell] = shells.get(shell, 0.0) + counted
        distances, averages = result.radial()
        assert len(distances) >= 2
        for shell, (distance, average) in enumerate(zip(distances, averages, strict=True)):
            hits, pairs, total = shells[shell]
            assert average == pytest.approx(hits / pairs, abs=1e-12)
            assert distance == pytest.approx(total / pairs, abs=1e-12)


def test_laminate_exactly():
    """Layers of 3 in a period of 8: triangles that repeat."""
    phase = np.broadcast_to((np.arange(16) % 8 < 3)[:, None, None], (16, 4, 2))
    result = two_point_probability(VoxelRVE(phase.astype(int), size=(8.0, 4.0, 2.0)), 1)
    distance, probability = result.along(0)
    np.testing.assert_array_equal(distance, np.arange(9) * 0.5)
    np.testing.assert_array_equal(probability, np.array([3, 2, 1, 0, 0, 0, 1, 2, 3]) / 8)
    np.testing.assert_array_equal(result.along(1)[1], np.full(3, 3 / 8))


def test_checkerboard_exactly_also_in_a_window():
    phase = np.indices((6, 6, 6)).sum(axis=0) % 2
    for periodic in ((True,) * 3, (False,) * 3):
        result = two_point_probability(VoxelRVE(phase, periodic=periodic), 1)
        lag = np.stack(np.meshgrid(*result.steps, indexing="ij")).sum(axis=0)
        if all(periodic):
            np.testing.assert_array_equal(result.probability, np.where(lag % 2, 0.0, 0.5))
        else:
            assert np.all(result.probability[lag % 2 == 1] == 0.0)
            assert result.along(2)[1].tolist() == [0.5, 0, 0.5, 0, 0.5, 0]


def test_phases_share_out_the_probability():
    phase = np.random.default_rng(2).integers(0, 3, (8, 6, 5))
    rve = VoxelRVE(phase, periodic=(True, False, True))
    total = sum(
        two_point_probability(rve, a, b).probability for a, b in product(rve.names, rve.names)
    )
    np.testing.assert_allclose(total, 1.0, rtol=1e-13)


def test_independent_voxels():
    """S2 = φ² at all 2·10⁵ lags but zero, within the error of counting."""
    share, n = 0.3, 60
    rve = VoxelRVE((np.random.default_rng(1).random((n, n, n)) < share).astype(int))
    values = two_point_probability(rve, 1).probability
    fraction = rve.volume_fractions[1]
    origin = values[n // 2, n // 2, n // 2]
    assert origin == fraction
    # The sum over all lags is exact; the variance at one lag is φ²(1 − φ)²/N, twice that at half
    # the edges, where a lag is its own opposite and every pair counts twice.
    assert values.sum() == pytest.approx(n**3 * fraction**2, rel=1e-12)
    error = fraction * (1.0 - fraction) / n**1.5
    deviation = np.delete(
        (values - fraction**2).ravel(), np.ravel_multi_index([n // 2] * 3, [n] * 3)
    )
    assert np.sqrt((deviation**2).mean()) == pytest.approx(error, rel=0.02)
    assert np.abs(deviation).max() < 6.0 * np.sqrt(2.0) * error


def test_overlapping_spheres():
    """S2 of the void = exp(−η v2(r)/v1), in every direction and in the radial average."""
    runs = [two_point_probability(overlapping_spheres(48, seed), "void") for seed in range(12)]
    for curves in ([run.along(axis) for run in runs] for axis in range(3)):
        check_mean(curves)
    check_mean([run.radial() for run in runs])


def check_mean(curves):
    values = np.array([probability for _, probability in curves])
    expected = np.exp(-DENSITY * grown_volume(curves[0][0]))
    error = values.std(axis=0, ddof=1) / np.sqrt(len(values))
    assert error.max() < 0.02
    # Sampling errors of neighbouring distances go together, so this is few trials; t of 11.
    assert np.all(np.abs(values.mean(axis=0) - expected) < 3.5 * error)


def test_bad_input():
    rve = VoxelRVE(np.arange(8).reshape(2, 2, 2) % 2)
    with pytest.raises(InputError, match=r"no phase 2: give one of \['matrix', 'inclusion'\]"):
        two_point_probability(rve, 2)
    with pytest.raises(InputError, match="no phase 'fibre'"):
        two_point_probability(rve, 0, "fibre")
    with pytest.raises(InputError, match="axis = 3"):
        two_point_probability(rve, 0).along(3)
    with pytest.raises(InputError, match="counted in voxels but the RVE is a ndarray"):
        two_point_probability(rve.phase, 0)
