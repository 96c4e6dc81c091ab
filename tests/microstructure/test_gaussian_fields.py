import numpy as np
import pytest
from scipy import ndimage

from dmn_fe.errors import InputError
from dmn_fe.microstructure import bicontinuous, gaussian_field


@pytest.mark.parametrize("length", [2.0, 4.0])
def test_correlation_of_the_phases_is_that_of_a_cut_gaussian_field(length):
    """P(same phase at the distance r) = ½ + asin(ρ(r))/π with ρ = exp(−r²/2l²)."""
    same = np.zeros(13)
    for seed in range(6):
        phase = gaussian_field(48, 0.5, length, seed).phase
        for distance in range(13):
            shifted = [np.roll(phase, distance, axis) for axis in range(3)]
            same[distance] += np.mean([phase == other for other in shifted]) / 6
    expected = 0.5 + np.arcsin(np.exp(-0.5 * (np.arange(13) / length) ** 2)) / np.pi
    np.testing.assert_allclose(same, expected, atol=0.012)


@pytest.mark.parametrize("wavelength", [6.0, 12.0])
def test_spectrum_of_bicontinuous_phases_peaks_at_the_wavelength(wavelength):
    phase = bicontinuous(48, 0.5, wavelength, 0.05, seed=1).phase
    power = np.abs(np.fft.fftn(phase - phase.mean())) ** 2
    waves = np.fft.fftfreq(48, 1 / 48)
    radius = np.sqrt(sum(k**2 for k in np.meshgrid(waves, waves, waves))).round().astype(int)
    mean = np.bincount(radius.ravel(), power.ravel()) / np.bincount(radius.ravel())
    assert mean.argmax() == 48 / wavelength


@pytest.mark.parametrize("fraction", [0.25, 0.5, 0.75])
@pytest.mark.parametrize("seed", range(3))
def test_both_phases_join_opposite_faces(fraction, seed):
    phase = bicontinuous(32, fraction, 8.0, seed=seed).phase
    for number in (0, 1):
        # Two periods along each axis: a path need not come back at its own place.
        label, _ = ndimage.label(np.tile(phase, (2, 2, 2)) == number)
        for axis in range(3):
            joined = np.intersect1d(label.take(0, axis), label.take(-1, axis))
            assert joined.max() > 0


def test_a_phase_that_falls_apart_is_named():
    with pytest.raises(InputError, match=r"the reinforcement does not percolate .* another seed"):
        bicontinuous(24, 0.16, 6.0, seed=0)
    with pytest.raises(InputError, match=r"the matrix does not percolate .* 0\.84"):
        bicontinuous(24, 0.84, 6.0, seed=0)


@pytest.mark.parametrize(
    ("generator", "arguments", "sentence"),
    [
        (gaussian_field, {"correlation_length": 0.5}, "between 1 and a quarter of the edge, 16"),
        (gaussian_field, {"correlation_length": 20.0}, "between 1 and a quarter"),
        (gaussian_field, {"volume_fraction": 0.0}, "between 0 and 1"),
        (gaussian_field, {"voxels": -3}, "voxels = -3"),
        (gaussian_field, {"seed": -3}, "seed = -3"),
        (bicontinuous, {"volume_fraction": 0.1}, r"below 0\.15 and above 0\.85 .* falls apart"),
        (bicontinuous, {"volume_fraction": 0.9}, r"below 0\.15 and above 0\.85 .* falls apart"),
        (bicontinuous, {"wavelength": 5.0}, "between 6 and a quarter of the edge, 16"),
        (bicontinuous, {"bandwidth": 0.0}, "above 0 and at most 0.5"),
    ],
)
def test_bad_input(generator, arguments, sentence):
    with pytest.raises(InputError, match=sentence):
        generator(**arguments)
