import itertools

import pytest
import torch

from dmn_fe.homogenization import sample_orthotropic
from dmn_fe.homogenization.kinematics import Strain, TemperatureGradient
from dmn_fe.homogenization.preconditioner import UniformMedium
from dmn_fe.homogenization.rotated import RotatedScheme

SHAPES = [(4, 4, 4), (3, 5, 3), (4, 3, 6), (5, 4, 1), (1, 1, 6)]
SIZE = (1.0, 0.5, 2.0)


def random_field(shape, entries, seed):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(2, 3, entries, *shape, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", [Strain, TemperatureGradient])
def test_transpose(shape, kind):
    kinematics = kind(RotatedScheme(shape, SIZE))
    nodal = random_field(shape, kinematics.components, 0)
    voxel = random_field(shape, kinematics.entries, 1)
    work = (kinematics.apply(nodal) * voxel).flatten(2).sum(2)
    assert (work.abs() > 1e-3).all()
    other = (nodal * kinematics.transpose(voxel)).flatten(2).sum(2)
    torch.testing.assert_close(other, work)


@pytest.mark.parametrize("shape", SHAPES)
def test_strain_equals_shape_functions_in_the_centre(shape):
    """A plain loop over voxels, corners and directions."""
    displacement = random_field(shape, 3, 2)[0, 0]
    spacing = [edge / n for edge, n in zip(SIZE, shape, strict=True)]
    expected = torch.zeros(3, 3, *shape, dtype=torch.float64)  # gradient
    for voxel in itertools.product(*map(range, shape)):
        for corner in itertools.product((0, 1), repeat=3):
            node = tuple((i + c) % n for i, c, n in zip(voxel, corner, shape, strict=True))
            for axis in range(3):
                slope = (2 * corner[axis] - 1) / (4.0 * spacing[axis])
                expected[(slice(None), axis, *voxel)] += slope * displacement[(slice(None), *node)]
    strain = Strain(RotatedScheme(shape, SIZE)).apply(displacement)
    symmetric = (expected + expected.transpose(0, 1)) / 2
    for row, (i, j) in enumerate(((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))):
        factor = 1.0 if i == j else 2.0**0.5
        torch.testing.assert_close(strain[row], factor * symmetric[i, j])


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", [Strain, TemperatureGradient])
def test_uniform_medium_is_solved(shape, kind):
    kinematics = kind(RotatedScheme(shape, SIZE))
    n = kinematics.entries
    moduli = sample_orthotropic(3, seed=1)[:2, 0, :n, :n]  # one for each sample
    force = kinematics.transpose(random_field(shape, n, 3))
    nodal = UniformMedium(kinematics, moduli).solve(force)
    flux = torch.einsum("sab,slbxyz->slaxyz", moduli, kinematics.apply(nodal))
    torch.testing.assert_close(kinematics.transpose(flux), force)


def test_hourglass_modes_have_no_strain():
    even = RotatedScheme((4, 4, 4), SIZE).frequency
    strainless = (even == 0).all(0).nonzero().tolist()
    # The mean, and all modes of highest frequency along two axes or more.
    assert strainless[0] == [0, 0, 0]
    assert all(sum(i == 2 for i in mode) >= 2 for mode in strainless[1:])
    odd = RotatedScheme((5, 5, 5), SIZE).frequency
    assert (odd == 0).all(0).sum() == 1
