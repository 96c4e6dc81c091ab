import pytest
import torch

from dmn_fe.errors import InputError
from dmn_fe.homogenization import sample_orthotropic, sample_tangent_like
from dmn_fe.mandel import DEVIATORIC, IDENTITY, isotropic_part


@pytest.mark.parametrize("sampler", [sample_orthotropic, sample_tangent_like])
def test_symmetric_positive_definite_and_fixed_by_the_seed(sampler):
    samples = sampler(200, seed=1)
    assert samples.shape == (200, 2, 6, 6)
    assert samples.dtype == torch.float64
    assert torch.linalg.eigvalsh(samples).min() > 0
    assert torch.equal(samples, samples.mT)
    assert torch.equal(samples, sampler(200, seed=1))
    assert not torch.equal(samples, sampler(200, seed=2))


def test_orthotropic_pairs():
    compliance = torch.linalg.inv(sample_orthotropic(400, seed=0))
    assert (compliance[..., :3, 3:] == 0).all()
    young = 1.0 / compliance.diagonal(dim1=-2, dim2=-1)[..., :3]
    mean = young.log().mean(-1)
    assert mean[:, 0].abs().max() < 1e-10
    contrast = mean[:, 1] / torch.log(torch.tensor(100.0))
    # Latin hypercube: one sample in each of the 400 layers of log contrast.
    layers = ((contrast + 1) / 2 * 400).floor().long()
    assert torch.equal(layers.sort().values, torch.arange(400))
    shear = 1.0 / (2.0 * compliance[..., 3, 3]) / (young[..., 1] * young[..., 2]).sqrt()
    assert shear.min() >= 0.25
    assert shear.max() <= 0.5
    poisson = -compliance[..., 0, 1] * (young[..., 0] * young[..., 1]).sqrt()
    assert poisson.min() >= -1e-9
    assert poisson.max() <= 0.5 + 1e-9


def test_tangent_like_matrix_has_the_shape_of_a_plastic_tangent():
    matrix, inclusion = sample_tangent_like(400, seed=0).unbind(1)
    # The volumetric mode is an eigenvector: 3K with K of Young's modulus 1.
    bulk = (matrix @ IDENTITY)[:, 0] / 3.0
    torch.testing.assert_close(matrix @ IDENTITY, 3.0 * bulk[:, None] * IDENTITY)
    poisson = (1.0 - 1.0 / (3.0 * bulk)) / 2.0
    assert poisson.min() >= 0.2
    assert poisson.max() <= 0.4
    # Four deviatoric eigenvalues 2Gθ, and the softest 2Gθ_t.
    shear = torch.linalg.eigvalsh(matrix) / (1.0 / (1.0 + poisson))[:, None]
    softening, ratio = shear[:, 1], shear[:, 0] / shear[:, 1]
    torch.testing.assert_close(shear[:, 1:5], softening[:, None].expand(-1, 4))
    for values in (softening, ratio):
        assert values.min() >= 0.01
        assert values.max() <= 1.0
        assert (values.log10() < -1.0).double().mean() == pytest.approx(0.5, abs=0.01)
    bulk, shear = isotropic_part(inclusion)
    young = 9.0 * bulk * shear / (3.0 * bulk + shear)
    assert young.min() >= 0.1
    assert young.max() <= 100.0
    assert (young.log10() < 0.5).double().mean() == pytest.approx(0.5, abs=0.01)


def test_soft_directions_favour_no_deviator():
    matrix = sample_tangent_like(3000, seed=5)[:, 0]
    direction = torch.linalg.eigh(matrix).eigenvectors[:, :, 0]
    mean = torch.einsum("ni,nj->ij", direction, direction) / len(direction)
    assert (mean - DEVIATORIC / 5.0).abs().max() < 0.02


@pytest.mark.parametrize("phases", [1, 3, 4])
@pytest.mark.parametrize("sampler", [sample_orthotropic, sample_tangent_like])
def test_any_number_of_phases(sampler, phases):
    samples = sampler(50, seed=1, phases=phases)
    assert samples.shape == (50, phases, 6, 6)
    assert torch.linalg.eigvalsh(samples).min() > 0
    for one in range(phases):
        for other in range(one):
            assert not torch.isclose(samples[:, one], samples[:, other]).flatten(1).all(1).any()


def test_every_inclusion_of_a_tangent_like_sample_is_a_latin_hypercube():
    inclusions = sample_tangent_like(300, seed=3, phases=4)[:, 1:]
    bulk, shear = isotropic_part(inclusions.flatten(0, 1))
    young = (9.0 * bulk * shear / (3.0 * bulk + shear)).view(300, 3)
    poisson = young / (2.0 * shear.view(300, 3)) - 1.0
    for share in ((young.log10() + 1.0) / 3.0, (poisson - 0.2) / 0.2):
        layers = (share * 300).floor().long().sort(0).values
        assert torch.equal(layers, torch.arange(300)[:, None].expand(300, 3))


def test_bad_input():
    with pytest.raises(InputError, match="phases = 0"):
        sample_orthotropic(3, phases=0)
    with pytest.raises(InputError, match="n = -1"):
        sample_orthotropic(-1)
    with pytest.raises(InputError, match=r"seed = 0\.5"):
        sample_tangent_like(3, seed=0.5)
