"""The FFT solver against an independent one: hexahedra with one point, dense least squares.

The two share no code: the elements are assembled in space, without frequencies. Least squares
pick the displacement of least norm where hourglass modes leave it open.
"""

import itertools

import numpy as np
import pytest
import torch

from dmn_fe.homogenization import effective_stiffness, sample_orthotropic, sample_tangent_like
from dmn_fe.microstructure import VoxelRVE

ROOT = np.sqrt(0.5)


def strain_matrices(shape, spacing):
    """``[voxels, 6, 3 nodes]``: strain in the centre of each periodic hexahedron."""
    voxels = int(np.prod(shape))
    matrices = np.zeros((voxels, 6, 3 * voxels))
    for voxel, index in enumerate(np.ndindex(*shape)):
        for corner in itertools.product((0, 1), repeat=3):
            node = np.ravel_multi_index(
                [(i + c) % n for i, c, n in zip(index, corner, shape, strict=True)], shape
            )
            # Gradient of the trilinear shape function in the centre.
            g1, g2, g3 = ((2 * c - 1) / (4 * h) for c, h in zip(corner, spacing, strict=True))
            matrices[voxel, :, 3 * node : 3 * node + 3] += [
                [g1, 0, 0],
                [0, g2, 0],
                [0, 0, g3],
                [0, ROOT * g3, ROOT * g2],
                [ROOT * g3, 0, ROOT * g1],
                [ROOT * g2, ROOT * g1, 0],
            ]
    return matrices


def dense_effective_stiffness(rve, stiffness):
    spacing = [edge / n for edge, n in zip(rve.size, rve.shape, strict=True)]
    gradient = strain_matrices(rve.shape, spacing)
    local = stiffness.numpy()[rve.phase.ravel()]
    matrix = np.einsum("vai,vab,vbj->ij", gradient, local, gradient, optimize=True)
    load = -np.einsum("vai,vab->ib", gradient, local, optimize=True)
    displacement = np.linalg.lstsq(matrix, load, rcond=1e-12)[0]
    strain = np.einsum("vai,ib->vab", gradient, displacement, optimize=True) + np.eye(6)
    return np.einsum("vab,vac->bc", local @ strain, strain, optimize=True) / len(strain)


@pytest.mark.parametrize(
    ("shape", "size", "phases"),
    [
        ((4, 4, 4), (1.0, 1.0, 1.0), 2),  # even: hourglass modes
        ((3, 5, 3), (1.0, 1.0, 1.0), 2),
        ((4, 3, 5), (1.0, 2.0, 0.5), 3),
        ((6, 5, 1), (1.0, 1.0, 1.0), 2),  # one voxel in depth
        ((1, 4, 6), (1.0, 1.0, 1.0), 2),
    ],
)
@pytest.mark.parametrize("kind", ["orthotropic", "tangent-like"])
def test_equals_dense_finite_elements(shape, size, phases, kind):
    sampler = {"orthotropic": sample_orthotropic, "tangent-like": sample_tangent_like}[kind]
    stiffness = sampler(5, seed=1).flatten(0, 1)[2 : 2 + phases]
    phase = np.random.default_rng(7).integers(0, phases, shape)
    rve = VoxelRVE(phase, size=size)
    exact = torch.from_numpy(dense_effective_stiffness(rve, stiffness))
    computed = effective_stiffness(rve, stiffness, tolerance=1e-12)
    assert (computed - exact).abs().max() <= 1e-8 * exact.abs().max()
