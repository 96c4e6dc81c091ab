import pytest
import torch

from dmn_fe.homogenization import sample_orthotropic
from dmn_fe.homogenization.rotated import RotatedScheme

SHAPES = [(4, 4, 4), (3, 5, 3), (4, 3, 6), (5, 4, 1), (1, 1, 6)]
SIZE = (1.0, 0.5, 2.0)


def random_field(shape, seed):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(2, 6, *shape, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("shape", SHAPES)
def test_force_is_the_transpose_of_strain(shape):
    scheme = RotatedScheme(shape, SIZE)
    stress = random_field(shape, 0)
    displacement = scheme.force(random_field(shape, 1))  # modes of a real field
    work = (stress * scheme.strain(displacement)).mean(dim=(2, 3, 4)).sum(1)
    assert (work.abs() > 1e-3).all()
    torch.testing.assert_close((scheme.force(stress) * displacement).flatten(1).sum(1), work)


@pytest.mark.parametrize("shape", SHAPES)
def test_inverse_acoustic_solves_a_uniform_medium(shape):
    scheme = RotatedScheme(shape, SIZE)
    stiffness = sample_orthotropic(3, seed=1)[0, 0]
    force = scheme.force(random_field(shape, 2))
    displacement = torch.einsum("ij...,nj...->ni...", scheme.inverse_acoustic(stiffness), force)
    stress = torch.einsum("ab,nbxyz->naxyz", stiffness, scheme.strain(displacement))
    torch.testing.assert_close(scheme.force(stress), force)


def test_hourglass_modes_have_no_strain():
    even = RotatedScheme((4, 4, 4), SIZE).frequency
    strainless = (even == 0).all(0).nonzero().tolist()
    # The mean, and all modes of highest frequency along two axes or more.
    assert strainless[0] == [0, 0, 0]
    assert all(sum(i == 2 for i in mode) >= 2 for mode in strainless[1:])
    odd = RotatedScheme((5, 5, 5), SIZE).frequency
    assert (odd == 0).all(0).sum() == 1
