import numpy as np
import pytest

from dmn_fe.errors import InputError
from dmn_fe.microstructure import (
    VoxelRVE,
    find_clusters,
    two_point_cluster,
    two_point_probability,
)


def test_stripes():
    """Stripes of 3 in a period of 8: a triangle that does not repeat, and along them S2."""
    phase = np.broadcast_to((np.arange(32) % 8 < 3)[:, None, None], (32, 6, 1)).astype(int)
    distance, probability = two_point_cluster(VoxelRVE(phase, size=(16.0, 3.0, 1.0)), 1, 0)
    np.testing.assert_array_equal(distance, np.arange(17) * 0.5)
    np.testing.assert_allclose(probability, np.maximum(3 - np.arange(17), 0) / 8)
    _, along = two_point_cluster(VoxelRVE(phase), 1, 1)
    np.testing.assert_allclose(along, np.full(4, 3 / 8))


def test_separate_squares():
    """The squares themselves alone: a b² (1 − r/b), though S2 sees the next ones."""
    phase = np.zeros((24, 24, 1), dtype=int)
    for x in (2, 10, 18):
        for y in (1, 9, 17):
            phase[x : x + 4, y : y + 4] = 1
    rve = VoxelRVE(phase)
    for axis in (0, 1):
        _, probability = two_point_cluster(rve, 1, axis)
        expected = np.maximum(4 - np.arange(13), 0) * 4 / 64
        np.testing.assert_allclose(probability, expected)
        assert two_point_probability(rve, 1).along(axis)[1][8] == 0.25  # the neighbours'
        # The matrix between them is one cluster.
        _, matrix = two_point_cluster(rve, 0, axis)
        np.testing.assert_allclose(matrix, two_point_probability(rve, 0).along(axis)[1])


def test_checkerboard():
    board = np.indices((6, 6, 1)).sum(axis=0) % 2
    np.testing.assert_allclose(two_point_cluster(VoxelRVE(board), 1, 0)[1], [0.5, 0, 0, 0])


@pytest.mark.parametrize("periodic", [(True, True, True), (False, True, False), (False,) * 3])
def test_against_double_loop(periodic):
    phase = (np.random.default_rng(1).random((9, 8, 3)) < 0.4).astype(int)
    rve = VoxelRVE(phase, periodic=periodic)
    label = find_clusters(rve, 1).label
    for axis in range(3):
        lines = np.moveaxis(label, axis, -1).reshape(-1, rve.shape[axis])
        n = lines.shape[1]
        for step, value in enumerate(two_point_cluster(rve, 1, axis)[1]):
            starts = range(n) if periodic[axis] else range(n - step)
            pairs = [(line[s], line[(s + step) % n]) for line in lines for s in starts]
            assert value == pytest.approx(np.mean([a == b and a > 0 for a, b in pairs]))


def test_clusters_through_periodic_faces_are_one():
    phase = np.zeros((8, 4, 1), dtype=int)
    phase[[0, 1, 6, 7]] = 1
    _, periodic = two_point_cluster(VoxelRVE(phase), 1, 0)
    np.testing.assert_allclose(periodic, [0.5, 0.375, 0.25, 0.125, 0.0])
    _, window = two_point_cluster(VoxelRVE(phase, periodic=(False,) * 3), 1, 0)
    np.testing.assert_allclose(window, [4 / 8, 2 / 7, 0, 0, 0])


def test_bad_input():
    rve = VoxelRVE(np.arange(8).reshape(2, 2, 2) % 2)
    with pytest.raises(InputError, match="axis = 3"):
        two_point_cluster(rve, 1, 3)
    with pytest.raises(InputError, match="no phase 2"):
        two_point_cluster(rve, 2, 0)
