"""The shipped network, and the recipe that made it."""

import pytest
from helpers.processes import ROOT

import dmn_fe
from dmn_fe import microstructure
from dmn_fe.homogenization import PathDataset, StiffnessDataset
from dmn_fe.training import train

RECIPE = (ROOT / "demos" / "spheres.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def network():
    return dmn_fe.load(ROOT / "demos" / "spheres.dmn")


@pytest.fixture(scope="module")
def dataset():
    return StiffnessDataset.load(ROOT / "meshes" / "spheres_tangent.safetensors")


def test_network_data_and_rve_belong_together(network, dataset):
    rve = microstructure.read(ROOT / "meshes" / "spheres.npy")
    assert network.metadata["data"] == dataset.meta
    assert dataset.meta["rve_hash"] == rve.hash
    assert dataset.meta["kind"] == "tangent-like"
    assert network.phase_names == rve.names
    assert network.volume_fractions[1].item() == pytest.approx(rve.volume_fractions[1], abs=0.005)


def test_the_rve_comes_from_its_command(dmn_fe, tmp_path):
    (command,) = [line for line in RECIPE.splitlines() if line.startswith("dmn-fe rve")]
    arguments = command.replace("meshes/spheres.npy", "spheres.npy").split()[1:]
    assert dmn_fe(*arguments).returncode == 0
    assert (tmp_path / "spheres.npy").read_bytes() == (ROOT / "meshes/spheres.npy").read_bytes()


def test_a_sample_of_the_data_is_reproduced(dataset):
    """The cheapest sample, computed again."""
    rve = microstructure.read(ROOT / "meshes" / "spheres.npy")
    stiffness = dataset.phase_stiffness
    contrast = (stiffness[:, 0] - stiffness[:, 1]).flatten(1).norm(dim=1)
    sample = int(contrast.argmin())
    effective = dmn_fe.homogenization.effective_stiffness(rve, stiffness[sample])
    error = (effective - dataset.effective[sample]).abs().max() / effective.abs().max()
    assert error < 2e-6


def test_the_recipe_reaches_its_error(network, dataset):
    """The stated seed and depth, trained again from the shipped data."""
    (command,) = [line for line in RECIPE.splitlines() if line.startswith("dmn-fe train")]
    words = command.split()
    options = dict(zip(words[3::2], words[4::2], strict=True))
    result = train(
        dataset,
        paths=PathDataset.load(ROOT / options["--paths"]),
        depth=int(options["--depth"]),
        seed=int(options["--seed"]),
        iterations=int(options["--iterations"]),
    )
    again = result.network.metadata["validation"]["linear_mean"]
    shipped = network.metadata["validation"]["linear_mean"]
    assert again <= 0.015
    assert shipped <= 0.015
    # Round-off grows over hundreds of iterations: the same quality, not the same bits.
    assert again == pytest.approx(shipped, rel=0.3)
