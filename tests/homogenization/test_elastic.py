"""Exact cases, symmetries, the promise of the tolerance, and wrong input."""

import itertools

import numpy as np
import pytest
import torch

from dmn_fe.errors import InputError
from dmn_fe.homogenization import (
    effective_stiffness,
    sample_orthotropic,
    sample_tangent_like,
    solve_load_cases,
)
from dmn_fe.mandel import isotropic_stiffness, rotation_matrix
from dmn_fe.microstructure import (
    VoxelRVE,
    laminate,
    random_fibres,
    random_spheres,
    voxels_to_mesh,
)

PAIR = sample_tangent_like(6, seed=4)[1]


@pytest.fixture(scope="module")
def rve():
    return VoxelRVE(np.random.default_rng(1).integers(0, 2, (6, 5, 4)))


def assert_close(actual, expected, relative):
    assert (actual - expected).abs().max() <= relative * expected.abs().max()


def test_equal_phases_are_exact_at_once(rve):
    stiffness = sample_orthotropic(3, seed=0)[0, 0]
    solution = solve_load_cases(rve, torch.stack([stiffness, stiffness]))
    assert_close(solution.effective, stiffness, 1e-14)
    assert solution.iterations.tolist() == [0] * 6


def test_one_phase_and_one_voxel():
    stiffness = sample_orthotropic(3, seed=0)[:1, 0]
    for shape in ((4, 4, 4), (1, 1, 1)):
        one = VoxelRVE(np.zeros(shape, dtype=int))
        assert_close(effective_stiffness(one, stiffness), stiffness[0], 1e-14)


def test_symmetric_and_scales_with_the_unit(rve):
    effective = effective_stiffness(rve, PAIR)
    assert torch.equal(effective, effective.mT)
    unit = 2.0**30  # a power of two: no digit changes
    assert torch.equal(effective_stiffness(rve, unit * PAIR), unit * effective)


def test_the_tolerance_bounds_the_error():
    rve = random_spheres(10, 0.25, 1, seed=3)
    for stiffness in sample_tangent_like(4, seed=8):
        exact = effective_stiffness(rve, stiffness, 1e-12).diagonal()
        for tolerance in (1e-2, 1e-4, 1e-6):
            error = effective_stiffness(rve, stiffness, tolerance).diagonal() / exact - 1.0
            assert error.min() >= -2e-12
            assert error.max() <= tolerance


@pytest.mark.parametrize("order", list(itertools.permutations(range(3)))[1:])
def test_permuted_axes_permute_the_stiffness(rve, order):
    permutation = torch.eye(3, dtype=torch.float64)[list(order)]
    turn = rotation_matrix(permutation)
    turned = VoxelRVE(rve.phase.transpose(order), size=tuple(rve.size[a] for a in order))
    expected = turn @ effective_stiffness(rve, PAIR, 1e-12) @ turn.mT
    actual = effective_stiffness(turned, turn @ PAIR @ turn.mT, 1e-12)
    assert_close(actual, expected, 1e-9)


def test_shifted_rve_has_the_same_stiffness(rve):
    shifted = VoxelRVE(np.roll(rve.phase, (2, 1, 3), axis=(0, 1, 2)), size=rve.size)
    actual = effective_stiffness(shifted, PAIR, 1e-12)
    assert_close(actual, effective_stiffness(rve, PAIR, 1e-12), 1e-9)


def test_one_voxel_in_depth_equals_any_depth():
    thin = random_fibres(16, 0.4, 2, seed=0)
    thick = VoxelRVE(np.repeat(thin.phase, 3, axis=2), thin.names)
    expected = effective_stiffness(thick, PAIR, 1e-12)
    assert_close(effective_stiffness(thin, PAIR, 1e-12), expected, 1e-9)


def test_strain_fields_have_the_macroscopic_mean_and_balanced_stress(rve):
    solution = solve_load_cases(rve, PAIR, 1e-14)
    mean = solution.strain.mean(dim=(2, 3, 4))
    assert (mean - torch.eye(6, dtype=torch.float64)).abs().max() <= 1e-12
    phase = torch.from_numpy(rve.phase.astype(np.int64))
    stress = torch.einsum("xyzab,nbxyz->naxyz", PAIR[phase], solution.strain)
    assert_close(stress.mean(dim=(2, 3, 4)).mT, solution.effective, 1e-6)


def test_limit_of_iterations_is_an_error(rve):
    with pytest.raises(RuntimeError, match=r"did not converge in 2 iterations: relative error"):
        effective_stiffness(rve, PAIR, max_iterations=2)


def test_numbers_out_of_range_are_an_error_and_not_a_result(rve):
    with pytest.raises(RuntimeError, match="did not converge"):
        effective_stiffness(rve, 1e200 * PAIR, max_iterations=5)


def test_bad_input(rve):
    good = isotropic_stiffness(1.0, 0.3)
    skew = good.clone()
    skew[0, 1] *= 1.1
    for wrong, sentence in (
        (good - 0.9 * torch.eye(6, dtype=torch.float64), "not positive definite"),
        (torch.diag(torch.tensor([1.0, 1, 1, 1, 1, 0], dtype=torch.float64)), "not positive"),
        (skew, "not symmetric"),
        (good * float("nan"), "not finite"),
    ):
        with pytest.raises(InputError, match=f"'inclusion' .*{sentence}"):
            effective_stiffness(rve, torch.stack([good, wrong]))
    with pytest.raises(InputError, match=r"shape \[1, 6, 6\], expected \[2, 6, 6\]"):
        effective_stiffness(rve, good[None])
    for tolerance in (0.0, -1.0, 1.0, float("nan")):
        with pytest.raises(InputError, match="must lie between 0 and 1"):
            effective_stiffness(rve, torch.stack([good, good]), tolerance)
    with pytest.raises(InputError, match="max_iterations = 0"):
        effective_stiffness(rve, torch.stack([good, good]), max_iterations=0)


def test_stiffness_by_phase_name_or_as_a_list(rve):
    pair = [isotropic_stiffness(1.0, 0.3), isotropic_stiffness(10.0, 0.2)]
    expected = effective_stiffness(rve, torch.stack(pair))
    assert torch.equal(effective_stiffness(rve, pair), expected)
    by_name = {"inclusion": pair[1], "matrix": pair[0].numpy()}
    assert torch.equal(effective_stiffness(rve, by_name), expected)
    for wrong, sentence in (
        ({"matrix": pair[0]}, r"for the phases \['matrix'\], but the RVE has"),
        ({**by_name, "pore": pair[0]}, "give one for each of them"),
        ([pair[0], pair[1][:3]], "the stiffness is no array of numbers"),
        ("steel", "the stiffness is no array of numbers"),
    ):
        with pytest.raises(InputError, match=sentence):
            effective_stiffness(rve, wrong)
    samples = torch.stack([torch.stack(pair), 2.0 * torch.stack(pair)])
    batch = effective_stiffness(rve, samples)
    assert batch.shape == (2, 6, 6)
    for same in (samples.numpy(), list(samples)):
        assert torch.equal(effective_stiffness(rve, same), batch)
    with pytest.raises(InputError, match=r"one 6×6 matrix for each, not \[2, 6, 6\]"):
        effective_stiffness(rve, {"matrix": samples[:, 0], "inclusion": samples[:, 1]})
    for no_voxels, sentence in (("rve.vti", "the RVE is a str"), (voxels_to_mesh(rve), "MeshRVE")):
        with pytest.raises(InputError, match=sentence):
            effective_stiffness(no_voxels, pair)


def test_no_coupling_of_the_axes():
    """Poisson's ratio zero: some loads are solved from the start."""
    layers = laminate(6, 0.5)
    stiffness = [isotropic_stiffness(1.0, 0.0), isotropic_stiffness(4.0, 0.0)]
    effective = effective_stiffness(layers, stiffness)
    assert effective.diagonal().tolist() == pytest.approx([1.6, 2.5, 2.5, 2.5, 1.6, 1.6])
    spheres = random_spheres(8, 0.2, 1, gap=1.0)
    effective = effective_stiffness(spheres, stiffness)
    assert (effective.diagonal() > 1.0).all()


@pytest.mark.parametrize("contrast", [1e-6, 1e-4, 1e3, 1e4, 1e5, 1e6])
def test_the_tolerance_holds_at_any_contrast(contrast):
    """Also where the conjugate gradients run in single precision, and where they no longer do."""
    rve = random_spheres(10, 0.25, 1, seed=3)
    matrix = isotropic_stiffness(1.0, 0.3)
    pair = torch.stack([matrix, contrast * matrix])
    exact = effective_stiffness(rve, pair, 1e-12).diagonal()
    error = effective_stiffness(rve, pair, 1e-6).diagonal() / exact - 1.0
    assert error.min() >= -2e-12
    assert error.max() <= 1e-6


def test_samples_of_a_batch_do_not_see_each_other(rve):
    matrix = isotropic_stiffness(1.0, 0.3)
    contrasts = (10.0, 0.0, 1e6, 1e-3, 0.0)  # single and double precision, with and without voids
    batch = torch.stack([torch.stack([matrix, contrast * matrix]) for contrast in contrasts])
    together = solve_load_cases(rve, batch)
    assert together.strain.shape == (5, 6, 6, *rve.shape)
    for number, pair in enumerate(batch):
        alone = solve_load_cases(rve, pair)
        assert torch.equal(alone.iterations, together.iterations[number])
        torch.testing.assert_close(alone.effective, together.effective[number], rtol=1e-9, atol=0)
        torch.testing.assert_close(alone.strain, together.strain[number], rtol=1e-4, atol=1e-4)
