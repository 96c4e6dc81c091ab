import numpy as np
import pytest
from helpers.boolean_model import DENSITY, grown_volume, overlapping_spheres

from dmn_fe.errors import InputError
from dmn_fe.microstructure import VoxelRVE, chord_lengths, specific_surface


def ball(shape, size, radius, periodic=(True, True, True)):
    """A ball (a disk where one axis has one voxel) off the middle of the RVE."""
    square = 0.0
    for axis, (n, edge) in enumerate(zip(shape, size, strict=True)):
        if n > 1:
            x = (np.arange(n) + 0.5) * edge / n - 0.47 * edge
            square = square + np.expand_dims(x**2, [i for i in range(3) if i != axis])
    phase = np.broadcast_to(square <= radius**2, shape).astype(int)
    return VoxelRVE(phase, ("void", "ball"), size=size, periodic=periodic)


@pytest.mark.parametrize("periodic", [(True, True, True), (False, False, False)])
@pytest.mark.parametrize("shape", [(60, 60, 60), (90, 60, 40)])
def test_sphere(shape, periodic):
    size, radius = (3.0, 3.0, 3.0), 1.0
    exact = 4.0 * np.pi * radius**2 / 27.0
    rve = ball(shape, size, radius, periodic)
    # A ball in the middle of a window is crossed by a larger share of the fewer pairs inside it:
    # for steps along an axis by n/(n − 1), along a diagonal by the cube of that, 5 % at n = 60.
    assert specific_surface(rve, "ball") == pytest.approx(
        exact, rel=0.01 if all(periodic) else 0.05
    )
    assert specific_surface(rve, "void") == specific_surface(rve, "ball")
    assert specific_surface(rve, 1, "faces") == pytest.approx(1.5 * exact, rel=0.05)


def test_disk_in_a_section():
    rve = ball((80, 60, 1), (4.0, 4.0, 1.0), 1.0)
    exact = 2.0 * np.pi / 16.0
    assert specific_surface(rve, "ball") == pytest.approx(exact, rel=0.01)
    assert specific_surface(rve, "ball", "faces") == pytest.approx(4.0 / np.pi * exact, rel=0.01)


def test_cube_and_laminate_by_faces_exactly():
    phase = np.zeros((8, 10, 12), dtype=int)
    phase[2:5, 7:, 1:3] = 1  # touches a periodic face
    rve = VoxelRVE(phase, size=(4.0, 10.0, 3.0))  # the block: 1.5 × 3 × 0.5
    area = 2.0 * (1.5 * 3.0 + 3.0 * 0.5 + 0.5 * 1.5)
    assert specific_surface(rve, 1, "faces") == pytest.approx(area / 120.0, rel=1e-14)
    layers = VoxelRVE((np.arange(12) % 6 < 2).astype(int)[None, :, None], size=(1.0, 3.0, 1.0))
    for method in ("crofton", "faces"):
        assert specific_surface(layers, 1, method) == pytest.approx(4.0 / 3.0, rel=1e-14)
    single = VoxelRVE(np.zeros((1, 1, 1), dtype=int))
    assert specific_surface(single, 0) == specific_surface(single, 0, "faces") == 0.0


@pytest.mark.parametrize("normal", [(1, 0, 0), (1, 1, 0), (1, 1, 1), (2, 1, 0), (1, 2, 3)])
def test_plane_within_the_bounds_told(normal):
    """A periodic laminate with interfaces of this normal, of period 1 along it."""
    n = 48
    x = np.stack(np.meshgrid(*[(np.arange(n) + 0.5) / n] * 3, indexing="ij"), axis=-1)
    phase = ((x @ np.array(normal)) % 1.0 < 0.5).astype(int)
    exact = 2.0 * np.linalg.norm(normal)
    ratio = specific_surface(VoxelRVE(phase), 1) / exact
    assert 0.926 < ratio < 1.024
    if normal == (1, 0, 0):
        assert ratio == pytest.approx(0.9266, abs=1e-4)
    assert specific_surface(VoxelRVE(phase), 1, "faces") / exact == pytest.approx(
        np.abs(normal).sum() / np.linalg.norm(normal), rel=1e-12
    )


def test_overlapping_spheres():
    """s = (3η/R) exp(−η) of the smooth medium, and what pairs of voxels a step h apart show of it.

    They cross ``2 (φ − S2(h)) / h`` interfaces per length. Averaged over the 13 directions this is
    3.1 % less than of the smooth medium at R = 12: spheres come arbitrarily close to each other,
    and gaps thinner than a step are missed.
    """
    radius = 12.0
    smooth = 3.0 * DENSITY / radius * np.exp(-DENSITY)
    step = np.sqrt([1.0, 2.0, 3.0])
    missed = np.exp(-DENSITY) - np.exp(-DENSITY * grown_volume(step, radius))
    shares = np.array([3, 6, 4]) * [0.0915558, 0.0739613, 0.0703912]
    expected = 2.0 * shares @ (2.0 * missed / step)
    assert expected == pytest.approx(0.969 * smooth, rel=1e-3)
    runs = [overlapping_spheres(72, seed, radius) for seed in range(12)]
    found = np.array([specific_surface(rve, "void") for rve in runs])
    error = found.std(ddof=1) / np.sqrt(len(found))
    assert error < 0.02 * expected
    assert abs(found.mean() - expected) < 3.5 * error


def test_mean_chord_of_a_ball():
    """4φ/s = 4R/3."""
    rve = ball((60, 60, 60), (3.0, 3.0, 3.0), 1.0)
    chord = np.mean([chord_lengths(rve, "ball", axis).mean for axis in range(3)])
    assert chord == pytest.approx(4.0 / 3.0, rel=0.01)
    surface = specific_surface(rve, "ball")
    assert chord == pytest.approx(4.0 * rve.volume_fractions[1] / surface, rel=0.01)


def test_window_faces_are_no_interface():
    rve = VoxelRVE(np.indices((4, 4, 4))[0] // 2, periodic=(False,) * 3)
    assert specific_surface(rve, 1, "faces") == pytest.approx(1 / 3 / 0.25, rel=1e-14)


def test_bad_input():
    rve = VoxelRVE(np.arange(8).reshape(2, 2, 2) % 2)
    with pytest.raises(InputError, match="method = 'marching' is unknown"):
        specific_surface(rve, 1, "marching")
    with pytest.raises(InputError, match="no phase 7"):
        specific_surface(rve, 7)
