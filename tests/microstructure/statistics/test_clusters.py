import numpy as np
import pytest
from scipy import ndimage

from dmn_fe.errors import InputError
from dmn_fe.microstructure import VoxelRVE, find_clusters

WINDOW = (False, False, False)


def rve_with(voxels, shape=(6, 6, 6), periodic=(True, True, True)):
    phase = np.zeros(shape, dtype=int)
    phase[tuple(np.array(voxels).T)] = 1
    return VoxelRVE(phase, periodic=periodic)


def test_sizes_and_labels_fall():
    phase = np.zeros((5, 5, 5), dtype=int)
    phase[0, 0, 0] = 1
    phase[2:4, 2:4, 2] = 1
    phase[2, 4, 4] = 1
    phase[3, 4, 4] = 1
    found = find_clusters(VoxelRVE(phase), 1)
    assert found.count == 3
    np.testing.assert_array_equal(found.volume_fractions * 125, [4, 2, 1])
    assert (found.label[2, 2, 2], found.label[2, 4, 4], found.label[0, 0, 0]) == (1, 2, 3)
    np.testing.assert_array_equal(found.label > 0, phase == 1)
    assert found.percolation == (False, False, False)


def test_cluster_through_periodic_faces_is_one():
    voxels = [(0, 0, 0), (5, 0, 0), (0, 5, 0), (5, 5, 0), (0, 0, 5)]
    assert find_clusters(rve_with(voxels), 1).count == 1
    assert find_clusters(rve_with(voxels, periodic=(True, False, True)), 1).count == 2
    found = find_clusters(rve_with(voxels, periodic=WINDOW), 1)
    assert found.count == 5
    assert found.percolation == (False, False, False)


def test_voxels_that_share_an_edge_are_not_connected():
    phase = np.indices((4, 4, 4)).sum(axis=0) % 2
    found = find_clusters(VoxelRVE(phase), 1)
    assert found.count == 32
    assert found.percolation == (False, False, False)


@pytest.mark.parametrize("axis", range(3))
def test_straight_rod(axis):
    phase = np.zeros((4, 5, 6), dtype=int)
    phase[tuple(slice(None) if i == axis else 2 for i in range(3))] = 1
    expected = tuple(i == axis for i in range(3))
    for periodic in ((True, True, True), WINDOW):
        assert find_clusters(VoxelRVE(phase, periodic=periodic), 1).percolation == expected
        assert find_clusters(VoxelRVE(phase, periodic=periodic), 0).percolation == (True,) * 3


def test_touching_both_faces_at_different_places_is_no_percolation():
    """A bent rod reaches both faces but does not meet its image; in a window it joins them."""
    voxels = [
        (0, 1, 1),
        (1, 1, 1),
        (2, 1, 1),
        (2, 2, 1),
        (2, 3, 1),
        (3, 3, 1),
        (4, 3, 1),
        (5, 3, 1),
    ]
    assert find_clusters(rve_with(voxels), 1).percolation == (False, False, False)
    assert find_clusters(rve_with(voxels, periodic=WINDOW), 1).percolation == (True, False, False)


def test_rod_that_closes_after_two_periods():
    """Two parallel rods swapped at the periodic face of e1: one cluster, displaced by 2 periods.

    They swap around each other through e3, so they touch nowhere else.
    """
    voxels = [(i, 1, 1) for i in range(6)] + [(i, 3, 1) for i in range(6)]
    shape = (6, 6, 6)
    phase = np.zeros(shape, dtype=int)
    phase[tuple(np.array(voxels).T)] = 1
    phase[5, 1, 1] = phase[5, 3, 1] = 0
    # from (4, 1, 1) up over e3 = 3 to (5, 3, 1); from (4, 3, 1) straight below to (5, 1, 1)
    for i, j, k in [(4, 1, 2), (4, 1, 3), (5, 1, 3), (5, 2, 3), (5, 3, 3), (5, 3, 2), (5, 3, 1)]:
        phase[i, j, k] = 1
    for i, j, k in [(4, 3, 0), (4, 3, 5), (4, 2, 5), (5, 2, 5), (5, 1, 5), (5, 1, 0), (5, 1, 1)]:
        phase[i, j, k] = 1
    phase[4, 1, 1] = phase[4, 3, 1] = 1
    found = find_clusters(VoxelRVE(phase), 1)
    assert found.count == 1
    assert found.percolation == (True, False, False)


def test_helix_winds_through_the_faces():
    """A staircase one turn of which crosses e1 once and e3 once: displaced along both, not e2."""
    n = 6
    voxels = [(i, 2, i) for i in range(n)] + [((i + 1) % n, 2, i) for i in range(n)]
    found = find_clusters(rve_with(voxels), 1)
    assert found.count == 1
    assert found.percolates.tolist() == [[True, False, True]]
    # Where only e1 is periodic, the staircase still joins the faces of e3.
    opened = find_clusters(rve_with(voxels, periodic=(True, False, False)), 1)
    assert opened.percolation == (False, False, True)


def test_ring_through_a_face_and_back_is_no_percolation():
    """A closed ring across the face of e1 has links in both directions, which cancel."""
    voxels = [(5, j, 0) for j in range(4)] + [(0, j, 0) for j in range(4)]
    found = find_clusters(rve_with(voxels), 1)
    assert found.count == 1
    assert found.percolation == (False, False, False)
    ring = [(4, 1, 0), (5, 1, 0), (0, 1, 0), (1, 1, 0), (1, 2, 0), (1, 3, 0)]
    ring += [(0, 3, 0), (5, 3, 0), (4, 3, 0), (4, 2, 0)]
    found = find_clusters(rve_with(ring), 1)
    assert found.count == 1
    assert found.percolation == (False, False, False)


def test_periodic_section_goes_on_along_its_axis():
    phase = np.zeros((6, 6, 1), dtype=int)
    phase[2:4, 2:4] = 1
    for periodic in ((True, True, True), WINDOW):
        assert find_clusters(VoxelRVE(phase, periodic=periodic), 1).percolation == (
            False, False, True,
        )  # fmt: skip


def test_against_many_periods_side_by_side():
    """A cluster percolates if a voxel is connected to its image in another period."""
    rng = np.random.default_rng(3)
    kinds = set()
    for _ in range(300):
        phase = (rng.random((4, 4, 1)) < 0.6).astype(int)
        if phase.min() == phase.max():
            continue
        connected = ndimage.label(np.tile(phase, (9, 9, 1)))[0].reshape(9, 4, 9, 4)
        found = find_clusters(VoxelRVE(phase), 1)
        for cluster in range(1, found.count + 1):
            i, j, _ = np.argwhere(found.label == cluster)[0]
            images = np.argwhere(connected[:, i, :, j] == connected[4, i, 4, j]) - 4
            expected = images.any(axis=0).tolist()
            assert found.percolates[cluster - 1].tolist() == [*expected, True]
            kinds.add(tuple(expected))
    assert len(kinds) == 4


def test_moving_the_origin_of_a_periodic_medium_changes_nothing():
    rng = np.random.default_rng(8)
    phase = (rng.random((9, 8, 7)) < 0.33).astype(int)
    reference = find_clusters(VoxelRVE(phase), 1)
    assert 5 < reference.count < 60
    for shift in rng.integers(0, 9, (20, 3)):
        moved = find_clusters(VoxelRVE(np.roll(phase, shift, (0, 1, 2))), 1)
        np.testing.assert_array_equal(moved.volume_fractions, reference.volume_fractions)
        assert moved.percolation == reference.percolation
        assert sorted(map(tuple, moved.percolates)) == sorted(map(tuple, reference.percolates))


def test_threshold_of_independent_voxels():
    """Site percolation of the simple cubic lattice begins at 0.3116."""
    site = np.random.default_rng(0).random((48, 48, 48))
    below, above = (
        find_clusters(VoxelRVE((site < share).astype(int)), 1) for share in (0.27, 0.35)
    )
    assert below.percolation == (False, False, False)
    assert above.percolation == (True, True, True)
    assert below.volume_fractions[0] < 0.02
    assert above.volume_fractions[0] > 0.2


def test_bad_input():
    with pytest.raises(InputError, match="no phase 'pore'"):
        find_clusters(rve_with([(0, 0, 0)]), "pore")
