"""The elastic law and its checks."""

import re

import numpy as np
import pytest
import torch

from dmn_fe import InputError, laws, mandel


def test_stress_and_tangent():
    generator = torch.Generator().manual_seed(0)
    matrix = torch.randn(6, 6, generator=generator, dtype=torch.float64)
    stiffness = matrix @ matrix.mT + torch.eye(6, dtype=torch.float64)
    strain = torch.randn(5, 6, generator=generator, dtype=torch.float64)
    update = laws.Elastic(stiffness).integrate(strain, torch.zeros(5, 0, dtype=torch.float64))
    torch.testing.assert_close(update.stress, torch.einsum("ij,nj->ni", stiffness, strain))
    torch.testing.assert_close(update.tangent, stiffness.expand(5, 6, 6))
    assert update.status.tolist() == [0] * 5


def test_all_laws_follow_the_protocol():
    assert isinstance(laws.Elastic.isotropic(1.0, 0.3), laws.MaterialLaw)
    assert isinstance(laws.J2(1.0, 0.3, laws.LinearHardening(1.0)), laws.MaterialLaw)


@pytest.mark.parametrize(
    ("stiffness", "word"),
    [
        (-mandel.isotropic_stiffness(1.0, 0.3), "positive definite"),
        (torch.ones(3, 3), "shape"),
        (torch.triu(mandel.isotropic_stiffness(1.0, 0.3)), "symmetric"),
        (mandel.isotropic_stiffness(1.0, 0.3) * torch.nan, "finite"),
    ],
)
def test_a_stiffness_that_is_none_is_refused(stiffness, word):
    with pytest.raises(InputError, match=word):
        laws.Elastic(stiffness)


@pytest.mark.parametrize(
    ("strain", "words"),
    [
        (torch.zeros(2, 6), "strain is torch.float32; give a tensor of torch.float64"),
        (np.zeros((2, 6)), "strain is ndarray; give a tensor"),
        (torch.zeros(2, 5, dtype=torch.float64), "shapes (n, 6) and (n, 0)"),
        (torch.zeros((), dtype=torch.float64), "shapes (n, 6) and (n, 0)"),
    ],
)
def test_points_that_do_not_fit_are_named(strain, words):
    law = laws.Elastic.isotropic(1.0, 0.3)
    with pytest.raises(InputError, match=re.escape(words)):
        law.integrate(strain, law.initial_state(2))
