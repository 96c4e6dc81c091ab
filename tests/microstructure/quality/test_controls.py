import numpy as np
import pytest
from helpers.disks import overlapping_disks, window

from dmn_fe.errors import InputError
from dmn_fe.microstructure import VoxelRVE, two_point_probability
from dmn_fe.microstructure.quality import gaussian_control, white_noise


def three_phases(n=96, seed=0):
    phase = overlapping_disks(n, seed, 6.0).phase.copy()
    phase[overlapping_disks(n, seed + 1, 4.0, 0.3).phase == 1] = 2
    return VoxelRVE(phase, ("a", "b", "c"))


@pytest.mark.parametrize("make", [gaussian_control, white_noise])
@pytest.mark.parametrize("shape", [(64, 64, 1), (61, 50, 1)])
def test_fractions_are_exact_to_a_voxel_and_seeds_count(make, shape):
    original = three_phases()
    control = make(original, shape, 3)
    assert control.shape == shape
    assert control.names == original.names
    assert control.periodic == (True, True, True)
    wanted = np.array(original.volume_fractions) * np.prod(shape)
    counts = np.bincount(control.phase.ravel())
    assert np.abs(counts - wanted).max() < 1.0
    assert control.hash == make(original, shape, 3).hash
    assert control.hash != make(original, shape, 4).hash


@pytest.mark.parametrize("wraps", [True, False])
def test_gaussian_control_keeps_the_two_point_probability_of_a_gaussian_field(wraps):
    """At equal fractions a correlation ρ of the field is 2/π asin ρ of the phases."""
    n, length = 128, 4.0
    rng = np.random.default_rng(0)
    k = 2 * np.pi * np.fft.fftfreq(n)
    filtered = np.exp(-0.25 * length**2 * (k[:, None] ** 2 + k**2))
    field = np.fft.ifft2(np.fft.fft2(rng.normal(size=(n, n))) * filtered).real
    original = VoxelRVE(
        (field > np.median(field)).astype(int)[:, :, None], periodic=(wraps, wraps, True)
    )
    wanted = two_point_probability(original, 1).along(0)[1][:16] * 4 - 1
    found = [
        two_point_probability(gaussian_control(original, (n, n, 1), seed), 1).along(0)[1][:16]
        for seed in range(8)
    ]
    expected = 2 / np.pi * np.arcsin(np.clip(wanted, -1, 1))
    np.testing.assert_allclose(np.mean(found, axis=0) * 4 - 1, expected, atol=0.05)


def test_gaussian_control_keeps_short_lags_of_disks_and_white_noise_does_not():
    original = window(overlapping_disks(192, 1, 8.0), 160)
    own = two_point_probability(original, 1).along(0)[1][1:12]
    gauss, white = (
        np.mean(
            [
                two_point_probability(make(original, (80, 80, 1), seed), 1).along(0)[1][1:12]
                for seed in range(6)
            ],
            axis=0,
        )
        for make in (gaussian_control, white_noise)
    )
    assert np.abs(gauss - own).max() < 0.07
    assert np.abs(white - own).max() > 0.15


def test_fields_of_three_phases_keep_who_is_next_to_whom():
    """Phase c lies in phase b alone: in the control too they are neighbours more often."""
    phase = overlapping_disks(128, 2, 14.0, 0.6).phase.copy()
    inner = overlapping_disks(128, 3, 4.0, 0.4).phase
    phase[(phase == 1) & (inner == 1)] = 2
    original = VoxelRVE(phase, ("a", "b", "c"))
    for seed in range(3):
        control = gaussian_control(original, (128, 128, 1), seed)
        together = two_point_probability(control, "c", "b").along(0)[1][4]
        apart = two_point_probability(control, "c", "a").along(0)[1][4]
        fractions = control.volume_fractions
        assert together / fractions[1] > 1.5 * apart / fractions[0]


def test_controls_of_a_volume():
    rng = np.random.default_rng(0)
    original = VoxelRVE((rng.random((20, 20, 20)) < 0.3).astype(int), periodic=(False,) * 3)
    assert gaussian_control(original, (16, 18, 20)).shape == (16, 18, 20)


def test_bad_input():
    original = overlapping_disks(32, 0)
    with pytest.raises(InputError, match="32 voxels along e1, too few for a control of 80"):
        gaussian_control(original, (80, 32, 1))
    with pytest.raises(InputError, match="seed = -1"):
        white_noise(original, (32, 32, 1), -1)
    with pytest.raises(InputError, match=r"shape\[2\] = 0"):
        white_noise(original, (32, 32, 0))
    with pytest.raises(InputError, match="give the voxels along e1, e2, e3"):
        gaussian_control(original, (32, 32))
    rare = np.zeros((32, 32, 1), dtype=int)
    rare[0, 0] = 1
    with pytest.raises(InputError, match="phase 1 has the volume fraction"):
        white_noise(VoxelRVE(rare), (16, 16, 1))
