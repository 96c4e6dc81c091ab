"""Conductivity: series and parallel, a dense solver, wrong input."""

import itertools

import numpy as np
import pytest
import torch

from dmn_fe.errors import InputError
from dmn_fe.homogenization import effective_conductivity
from dmn_fe.microstructure import VoxelRVE


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_laminate_in_series_and_parallel(axis):
    phase = np.zeros((6, 6, 6), dtype=int)
    np.moveaxis(phase, axis, 0)[:2] = 1
    conductivity = effective_conductivity(VoxelRVE(phase), torch.tensor([1.0, 20.0]), 1e-12)
    expected = torch.eye(3, dtype=torch.float64) * (2 / 3 + 20.0 / 3)
    expected[axis, axis] = 1.0 / (2 / 3 + 1 / 60)
    torch.testing.assert_close(conductivity, expected, rtol=1e-9, atol=1e-9)


def test_disc_in_a_plane():
    """Constant along e3: that load needs no iteration, while the others go on."""
    x, y = np.meshgrid(*[np.arange(24) - 11.5] * 2)
    rve = VoxelRVE((x**2 + y**2 < 80.0).astype(int)[:, :, None])
    conductivity = effective_conductivity(rve, torch.tensor([0.2, 1.0]))
    assert conductivity[2, 2].item() == pytest.approx(np.dot(rve.volume_fractions, [0.2, 1.0]))
    assert conductivity[0, 0].item() == pytest.approx(conductivity[1, 1].item())
    assert 0.2 < conductivity[0, 0] < conductivity[2, 2]


def dense_conductivity(rve, local):
    """Hexahedra with one point, assembled in space, least squares."""
    shape, voxels = rve.shape, rve.phase.size
    gradient = np.zeros((voxels, 3, voxels))
    for voxel, index in enumerate(np.ndindex(*shape)):
        for corner in itertools.product((0, 1), repeat=3):
            at = [(i + c) % n for i, c, n in zip(index, corner, shape, strict=True)]
            node = np.ravel_multi_index(at, shape)
            for axis in range(3):
                spacing = rve.size[axis] / shape[axis]
                gradient[voxel, axis, node] += (2 * corner[axis] - 1) / (4 * spacing)
    matrix = np.einsum("vai,vab,vbj->ij", gradient, local, gradient, optimize=True)
    load = -np.einsum("vai,vab->ib", gradient, local, optimize=True)
    field = np.einsum("vai,ib->vab", gradient, np.linalg.lstsq(matrix, load, rcond=1e-12)[0])
    field += np.eye(3)
    return np.einsum("vab,vac->bc", local @ field, field, optimize=True) / voxels


def test_equals_dense_finite_elements_with_anisotropic_phases():
    rng = np.random.default_rng(3)
    rve = VoxelRVE(rng.integers(0, 3, (4, 3, 5)), size=(1.0, 2.0, 0.5))
    factor = rng.standard_normal((3, 3, 3))
    phases = factor @ factor.transpose(0, 2, 1) + 0.1 * np.eye(3)
    exact = dense_conductivity(rve, phases[rve.phase.ravel()])
    computed = effective_conductivity(rve, torch.from_numpy(phases), 1e-13)
    assert np.abs(computed.numpy() - exact).max() <= 1e-8 * np.abs(exact).max()


def test_bad_input():
    rve = VoxelRVE(np.arange(8).reshape(2, 2, 2) % 2)
    good = torch.eye(3, dtype=torch.float64)
    skew = good.clone()
    skew[0, 1] = 0.1
    for wrong, sentence in (
        (torch.stack([good, -good]), "'inclusion' is not positive definite"),
        (torch.stack([good, skew]), "'inclusion' is not a finite symmetric"),
        (torch.stack([good, good * float("nan")]), "'inclusion' is not a finite symmetric"),
        (1e-12 * torch.stack([good, skew]), "'inclusion' is not a finite symmetric"),
        (good[None], r"shape \[1, 3, 3\], expected \[2, 3, 3\] or \[2\]"),
        (torch.zeros(2), "no phase conducts"),
    ):
        with pytest.raises(InputError, match=sentence):
            effective_conductivity(rve, wrong)
