import numpy as np
import pytest
from scipy import ndimage

from dmn_fe.errors import InputError
from dmn_fe.microstructure import VoxelRVE, euler_number

WINDOW = (False, False, False)


def counted(phase, periodic=(True, True, True)):
    """Euler number of the whole array, not per voxel."""
    rve = VoxelRVE(phase.astype(int), ("outside", "inside"), periodic=periodic)
    return euler_number(rve, 1) * phase.size


def disk(n, radius):
    x, y = np.indices((n, n)) - n / 2
    return (x**2 + y**2 < radius**2)[:, :, None]


@pytest.mark.parametrize("moved", [0, 7, 16])  # moved by half the edge, it passes all the faces
def test_shapes_in_a_periodic_section(moved):
    shapes = {1: disk(32, 10), 0: disk(32, 10) & ~disk(32, 5), -1: ~disk(32, 10)}
    for expected, phase in shapes.items():
        assert counted(np.roll(phase, moved, (0, 1))) == pytest.approx(expected, abs=1e-9)
    two_holes = disk(32, 14)
    two_holes[14:18, 8:12] = two_holes[14:18, 20:24] = False
    assert counted(np.roll(two_holes, moved, (0, 1))) == pytest.approx(-1, abs=1e-9)


def test_what_goes_on_without_end():
    stripes = np.broadcast_to((np.arange(12) % 6 < 2)[:, None, None], (12, 8, 1))
    assert counted(stripes) == pytest.approx(0.0, abs=1e-12)
    layer = np.broadcast_to((np.arange(6) < 2)[:, None, None], (6, 5, 4))
    assert counted(layer) == pytest.approx(0.0, abs=1e-12)
    cross = np.zeros((8, 8, 8), dtype=bool)  # three rods that meet: one piece, three tunnels
    cross[2:4, 2:4] = cross[:, 2:4, 2:4] = True
    cross[2:4, :, 2:4] = True
    assert counted(cross) == pytest.approx(-2.0, abs=1e-12)


def test_shapes_in_space():
    cube = np.zeros((9, 9, 9), dtype=bool)
    cube[2:7, 2:7, 2:7] = True
    hollow, tunnel = cube.copy(), cube.copy()
    hollow[4, 4, 4] = False
    tunnel[4, 4, :] = False
    for phase, expected in ((cube, 1), (hollow, 2), (tunnel, 0), (~hollow, 1 + 1)):
        for moved in (0, 5):
            assert counted(np.roll(phase, moved, (0, 1, 2))) == pytest.approx(expected, abs=1e-9)


def test_checkerboard_of_voxels_is_all_pieces():
    board = np.indices((8, 8, 1)).sum(axis=0) % 2 == 1
    assert counted(board) == pytest.approx(32.0)
    assert counted(np.indices((6, 6, 6)).sum(axis=0) % 2 == 1) == pytest.approx(108.0)
    # In a window: half the voxels, and no pair of neighbours.
    assert counted(board, WINDOW) == pytest.approx(32.0)


def test_pieces_less_holes_of_random_voxels():
    """Holes are pieces of the rest connected through corners too, less the one outside."""
    rng = np.random.default_rng(5)
    phase = np.zeros((60, 60, 1), dtype=bool)
    phase[1:-1, 1:-1, 0] = rng.random((58, 58)) < 0.55
    pieces = ndimage.label(phase[:, :, 0])[1]
    holes = ndimage.label(~phase[:, :, 0], structure=np.ones((3, 3)))[1] - 1
    assert min(pieces, holes) > 20
    assert counted(phase) == pytest.approx(pieces - holes)


def test_window_of_independent_voxels_has_no_bias():
    """p − 2p² + p⁴ per voxel, whether pairs wrap around or not."""
    p, rng = 0.4, np.random.default_rng(2)
    for periodic in ((True,) * 3, WINDOW):
        found = [
            euler_number(VoxelRVE((rng.random((20, 20, 1)) < p).astype(int), periodic=periodic), 1)
            for _ in range(400)
        ]
        error = np.std(found) / 20.0
        assert np.mean(found) == pytest.approx(p - 2 * p**2 + p**4, abs=3 * error)
        assert error < 0.001


def test_overlapping_squares():
    """Boolean model on the grid: k voxels are void with probability Qᵐ, m the places of corners of
    squares that would cover them."""
    n, edge, empty, rng = 200, 5, 0.98, np.random.default_rng(4)
    found = []
    for _ in range(20):
        corners = rng.random((n, n)) > empty
        solid = ndimage.maximum_filter(corners, edge, mode="wrap")[:, :, None]
        found.append(euler_number(VoxelRVE(solid.astype(int)), 0))
    expected = empty**edge**2 - 2 * empty ** (edge * (edge + 1)) + empty ** (edge + 1) ** 2
    error = np.std(found) / 20**0.5
    assert error < 0.05 * abs(expected)
    assert np.mean(found) == pytest.approx(expected, abs=3 * error)


def test_bad_input():
    with pytest.raises(InputError, match="no phase 'pore'"):
        euler_number(VoxelRVE(np.arange(8).reshape(2, 2, 2) % 2), "pore")
