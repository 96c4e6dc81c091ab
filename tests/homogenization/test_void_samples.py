"""Data sets with void phases, and data sets of oriented material."""

import numpy as np
import pytest
import torch

from dmn_fe import laws
from dmn_fe.errors import InputError
from dmn_fe.homogenization import (
    StiffnessDataset,
    VoxelProblem,
    check_dataset,
    effective_stiffness,
    make_dataset,
    sample_orthotropic,
    sample_tangent_like,
)
from dmn_fe.mandel import isotropic_stiffness
from dmn_fe.microstructure import VoxelRVE, laminate, random_spheres, voronoi_polycrystal


@pytest.fixture(scope="module")
def rve():
    return random_spheres(voxels=8, volume_fraction=0.2, count=1, seed=0)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "samples.safetensors"


@pytest.mark.parametrize(
    ("kind", "sampler"),
    [("tangent-like", sample_tangent_like), ("orthotropic", sample_orthotropic)],
)
def test_voids_have_no_stiffness_and_solids_are_drawn_alone(rve, path, kind, sampler):
    made = make_dataset(rve, kind, 4, 7, path, voids=("inclusion",))
    read = StiffnessDataset.load(path)
    assert made.meta["voids"] == ["inclusion"]
    assert read.voids == ("inclusion",)
    assert read.phase_stiffness[:, 1].count_nonzero() == 0
    assert torch.equal(read.phase_stiffness[:, 0], sampler(4, 7, phases=1)[:, 0])
    assert torch.equal(read.effective[2], effective_stiffness(rve, read.phase_stiffness[2]))
    assert torch.linalg.eigvalsh(read.effective).min() > 0


def test_two_solids_and_a_void_in_any_order(path):
    layers = np.zeros((4, 4, 4), dtype=int)
    layers[2:] = 2
    layers[1:3, 1:3, 1:3] = 1
    three = VoxelRVE(layers, ("a", "pore", "b"))
    made = make_dataset(three, "orthotropic", 3, 1, path, voids=["pore"])
    assert made.phase_stiffness[:, 1].count_nonzero() == 0
    solids = made.phase_stiffness[:, [0, 2]]
    assert torch.equal(solids, sample_orthotropic(3, 1, phases=2))


def test_without_voids_nothing_is_noted(rve, path):
    made = make_dataset(rve, "tangent-like", 2, 0, path)
    assert "voids" not in made.meta
    assert made.voids == ()
    content = path.read_bytes()
    with pytest.raises(InputError, match=r"made with voids = \[\], not \['inclusion'\]"):
        make_dataset(rve, "tangent-like", 2, 0, path, voids=("inclusion",))
    assert path.read_bytes() == content
    path.unlink()
    make_dataset(rve, "tangent-like", 2, 0, path, voids=("inclusion",))
    with pytest.raises(InputError, match=r"made with voids = \['inclusion'\], not \[\]"):
        make_dataset(rve, "tangent-like", 2, 0, path)
    assert len(make_dataset(rve, "tangent-like", 3, 0, path, voids=("inclusion",))) == 3


def island():
    phase = np.ones((8, 8, 8), dtype=int)
    phase[2:5, 2:5, 2:5] = 0
    return VoxelRVE(phase)


@pytest.mark.parametrize(
    ("element", "voids", "words"),
    [
        (None, ("pore",), "voids: there is no phase 'pore', the phases are matrix, inclusion"),
        (None, ("matrix", "inclusion"), "all phases are voids"),
        (None, "inclusion", r"must be a tuple of names, e\.g\. \('inclusion',\)"),
        (None, ("matrix",), r"\['matrix'\] cut the RVE apart: it has no stiffness in some"),
        (laminate(4, 0.5), ("inclusion",), "cut the RVE apart"),
        (island(), ("inclusion",), "cut the RVE apart"),
    ],
)
def test_voids_that_make_no_data_are_refused(rve, path, element, voids, words):
    for make in (make_dataset, check_dataset):
        with pytest.raises(InputError, match=words):
            make(element or rve, "tangent-like", 3, 0, path, voids=voids)
    assert list(path.parent.iterdir()) == []


def test_the_nonlinear_solver_on_voxels_refuses_voids(rve):
    solid = laws.Elastic.isotropic(3.0, 0.3)
    with pytest.raises(InputError, match=r"phase 'inclusion' is a laws\.Void, .* hourglass"):
        VoxelProblem(rve, {"matrix": solid, "inclusion": laws.Void()})


def test_orientations_are_in_the_samples(path):
    """The rows of a stack of aligned material, turned by a quarter about e3, swap e1 and e2."""
    quarter = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    whole = np.zeros((2, 2, 2), dtype=int)
    turned = VoxelRVE(whole, ("grain",), orientations=quarter[None], orientation_index=whole)
    made = make_dataset(turned, "orthotropic", 3, 0, path)
    swap = [1, 0, 2, 4, 3, 5]
    own = made.phase_stiffness[:, 0]
    torch.testing.assert_close(made.effective, own[:, swap][:, :, swap])
    assert (made.effective - own).abs().max() > 0.1


def test_a_polycrystal_of_isotropic_grains_has_their_stiffness():
    grains = voronoi_polycrystal(6, 3, seed=0)
    isotropic, orthotropic = isotropic_stiffness(2.0, 0.3), sample_orthotropic(1, phases=1)[0, 0]
    torch.testing.assert_close(effective_stiffness(grains, isotropic[None]), isotropic)
    other = effective_stiffness(grains, orthotropic[None])
    assert (other - orthotropic).norm() > 0.05 * orthotropic.norm()
