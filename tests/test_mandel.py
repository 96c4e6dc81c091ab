"""Mandel algebra against plain tensor algebra."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from dmn_fe import mandel
from dmn_fe.errors import InputError


def random_tensor(seed: int) -> torch.Tensor:
    tensor = torch.randn(3, 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return (tensor + tensor.mT) / 2


def random_rotation(seed: int) -> torch.Tensor:
    matrix = torch.randn(3, 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    q, _ = torch.linalg.qr(matrix)
    return q * torch.linalg.det(q)


@given(st.integers(0, 2**30))
def test_inner_product_is_kept(seed):
    a, b = random_tensor(seed), random_tensor(seed + 1)
    assert mandel.from_tensor(a) @ mandel.from_tensor(b) == pytest.approx((a * b).sum(), abs=1e-13)
    torch.testing.assert_close(mandel.to_tensor(mandel.from_tensor(a)), a)


@given(st.integers(0, 2**30))
def test_rotation(seed):
    a, r = random_tensor(seed), random_rotation(seed)
    q = mandel.rotation_matrix(r)
    torch.testing.assert_close(q @ mandel.from_tensor(a), mandel.from_tensor(r @ a @ r.mT))
    torch.testing.assert_close(q @ q.mT, torch.eye(6, dtype=torch.float64))


@given(st.integers(0, 2**30))
def test_interface_matrix(seed):
    generator = torch.Generator().manual_seed(seed)
    n, a = torch.randn(2, 3, generator=generator, dtype=torch.float64)
    n = n / n.norm()
    h = mandel.interface_matrix(n)
    dyad = torch.outer(a, n)
    torch.testing.assert_close(h @ a, mandel.from_tensor((dyad + dyad.mT) / 2))
    stress = random_tensor(seed)
    torch.testing.assert_close(h.mT @ mandel.from_tensor(stress), stress @ n)


@pytest.mark.parametrize("constants", [(1.0, 0.5), (1.0, -1.0), (0.0, 0.3), (float("nan"), 0.3)])
def test_isotropic_constants_without_sense(constants):
    with pytest.raises(InputError, match="give young above zero and poisson between"):
        mandel.isotropic_stiffness(*constants)


def test_isotropic_stiffness():
    stiffness = mandel.isotropic_stiffness(210.0, 0.3)
    uniaxial_strain = torch.linalg.solve(stiffness, torch.eye(6, dtype=torch.float64)[0] * 21.0)
    assert uniaxial_strain[0] == pytest.approx(0.1)
    assert uniaxial_strain[1] == pytest.approx(-0.03)
    bulk, shear = mandel.isotropic_part(stiffness)
    assert bulk == pytest.approx(210.0 / 3 / 0.4)
    assert shear == pytest.approx(210.0 / 2.6)


def test_von_mises_of_uniaxial_and_shear_stress():
    uniaxial = mandel.from_tensor(torch.diag(torch.tensor([7.0, 0, 0], dtype=torch.float64)))
    shear = torch.zeros(3, 3, dtype=torch.float64)
    shear[0, 1] = shear[1, 0] = 2.0
    assert mandel.von_mises(uniaxial) == pytest.approx(7.0)
    assert mandel.von_mises(mandel.from_tensor(shear)) == pytest.approx(2.0 * 3**0.5)
