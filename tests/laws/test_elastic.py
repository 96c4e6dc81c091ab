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


FIBRE = {
    "young_axial": 230.0,
    "young_transverse": 15.0,
    "poisson_axial": 0.2,
    "poisson_transverse": 0.07,
    "shear_axial": 24.0,
}
WOOD = {
    "young_1": 12.0,
    "young_2": 1.0,
    "young_3": 0.6,
    "poisson_12": 0.4,
    "poisson_13": 0.45,
    "poisson_23": 0.5,
    "shear_12": 0.9,
    "shear_13": 0.7,
    "shear_23": 0.06,
}


def test_an_orthotropic_law_has_its_constants():
    compliance = torch.linalg.inv(laws.Elastic.orthotropic(**WOOD).stiffness)
    for i in range(3):
        assert compliance[i, i].item() == pytest.approx(1 / WOOD[f"young_{i + 1}"])
    for i, j, shear in ((1, 2, 5), (1, 3, 4), (2, 3, 3)):
        tension = compliance[:, i - 1]  # strain under tension along i
        assert -(tension[j - 1] / tension[i - 1]).item() == pytest.approx(WOOD[f"poisson_{i}{j}"])
        assert compliance[shear, shear].item() == pytest.approx(1 / (2 * WOOD[f"shear_{i}{j}"]))
    assert not laws.Elastic.orthotropic(**WOOD).is_isotropic


@pytest.mark.parametrize("axis", [1, 2, 3])
def test_a_transversely_isotropic_law_has_its_constants_and_its_axis(axis):
    stiffness = laws.Elastic.transversely_isotropic(**FIBRE, axis=axis).stiffness
    compliance = torch.linalg.inv(stiffness)
    along, across, other = axis - 1, axis % 3, (axis + 1) % 3
    assert compliance[along, along].item() == pytest.approx(1 / 230.0)
    assert compliance[across, across].item() == pytest.approx(1 / 15.0)
    assert compliance[other, across].item() == pytest.approx(-0.07 / 15.0)
    assert compliance[other, along].item() == pytest.approx(-0.2 / 230.0)
    assert compliance[3 + across, 3 + across].item() == pytest.approx(1 / 48.0)
    # Turned about the axis it stays the same.
    turn = torch.eye(3, dtype=torch.float64)
    turn[across, across] = turn[other, other] = np.cos(0.4)
    turn[other, across], turn[across, other] = np.sin(0.4), -np.sin(0.4)
    q = mandel.rotation_matrix(turn)
    torch.testing.assert_close(q @ stiffness @ q.mT, stiffness)


def test_equal_constants_are_isotropic():
    expected = mandel.isotropic_stiffness(3.0, 0.3)
    shear = 3.0 / 2.6
    fibre = laws.Elastic.transversely_isotropic(
        young_axial=3.0,
        young_transverse=3.0,
        poisson_axial=0.3,
        poisson_transverse=0.3,
        shear_axial=shear,
    )
    same = {"young": 3.0, "poisson": 0.3, "shear": shear}
    wood = laws.Elastic.orthotropic(**{name: same[name.split("_")[0]] for name in WOOD})
    for law in (fibre, wood):
        torch.testing.assert_close(law.stiffness, expected)
        assert law.is_isotropic


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"young_axial": 0.0}, "young_axial = 0.0 must be above zero"),
        ({"shear_axial": "3"}, "shear_axial = '3' is not a number"),
        ({"young_transverse": np.inf}, "young_transverse = inf must be finite"),
        ({"poisson_transverse": 1.0}, "poisson_transverse = 1.0 must lie between -1 and 1"),
        ({"poisson_axial": 3.0}, "poisson_axial = 3.0 must lie between -2.67 and 2.67, the root"),
        ({"axis": 0}, "axis = 0 must be 1, 2 or 3"),
    ],
)
def test_bad_constants_of_a_fibre_are_named(change, sentence):
    with pytest.raises(InputError, match=f"transversely_isotropic: {sentence}"):
        laws.Elastic.transversely_isotropic(**{**FIBRE, **change})


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"young_3": -1.0}, "young_3 = -1.0 must be above zero"),
        ({"poisson_21": 0.1}, "poisson_21; give each of young_1, young_2"),
        ({"poisson_23": 1.3}, "poisson_23 = 1.3 must lie between -1.291 and 1.291, the root of"),
        ({"poisson_12": 3.0, "poisson_13": 3.5}, "are too large together: .* must be above zero"),
    ],
)
def test_bad_constants_of_an_orthotropic_law_are_named(change, sentence):
    with pytest.raises(InputError, match=sentence):
        laws.Elastic.orthotropic(**{**WOOD, **change})
