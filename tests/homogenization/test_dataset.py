"""The data set file: identical after an interruption, never overwritten, checked when read."""

import json

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from dmn_fe.errors import InputError
from dmn_fe.homogenization import StiffnessDataset, effective_stiffness, make_dataset
from dmn_fe.microstructure import VoxelRVE, random_spheres

HEADER = "dmn_fe.stiffness_data"


class Interruption(Exception):
    pass


@pytest.fixture(scope="module")
def rve():
    return random_spheres(voxels=8, volume_fraction=0.2, count=1, seed=0)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "samples.safetensors"


def interrupted_after(samples):
    def progress(done, total, message=""):
        if done == samples:
            raise Interruption

    return progress


def rewrite(path, change):
    """Write the file again with another header."""
    with safe_open(path, framework="pt") as file:
        header = json.loads(file.metadata()[HEADER])
        tensors = {name: file.get_tensor(name) for name in ("phase_stiffness", "effective")}
    change(header, tensors)
    save_file(tensors, path, metadata={HEADER: json.dumps(header)})


@pytest.mark.parametrize("kind", ["tangent-like", "orthotropic"])
def test_samples_are_those_of_the_solver_and_survive_the_file(rve, path, kind):
    calls = []
    made = make_dataset(rve, kind, 4, 7, path, progress=lambda *call: calls.append(call))
    read = StiffnessDataset.load(path)
    assert [call[:2] for call in calls] == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert torch.equal(read.phase_stiffness, made.phase_stiffness)
    assert torch.equal(read.effective, made.effective)
    assert torch.equal(read.effective[2], effective_stiffness(rve, read.phase_stiffness[2]))
    assert len(read) == 4
    assert read.phase_names == rve.names
    assert read.volume_fractions == rve.volume_fractions
    assert read.meta == made.meta
    assert read.meta["rve_hash"] == rve.hash
    assert (read.meta["kind"], read.meta["seed"], read.meta["scheme"]) == (kind, 7, "rotated")


def test_resumed_run_ends_in_the_same_bytes(rve, path, tmp_path):
    reference = tmp_path / "whole.safetensors"
    make_dataset(rve, "tangent-like", 6, 3, reference)
    for stop in (2, 4):
        with pytest.raises(Interruption):
            make_dataset(rve, "tangent-like", 6, 3, path, progress=interrupted_after(stop))
        assert not path.exists()
        assert len(StiffnessDataset.load(f"{path}.partial")) == stop
    computed = []
    make_dataset(rve, "tangent-like", 6, 3, path, progress=lambda *call: computed.append(call[0]))
    assert computed == [4, 5, 6]
    assert path.read_bytes() == reference.read_bytes()
    assert sorted(tmp_path.iterdir()) == [path, reference]


def test_finished_file_is_read_and_not_computed_again(rve, path):
    make_dataset(rve, "tangent-like", 2, 0, path)
    before = path.stat().st_mtime_ns
    again = make_dataset(rve, "tangent-like", 2, 0, path, progress=interrupted_after(1))
    assert len(again) == 2
    assert path.stat().st_mtime_ns == before


@pytest.mark.parametrize("partial", [False, True])
def test_other_settings_never_overwrite(rve, path, partial):
    if partial:
        with pytest.raises(Interruption):
            make_dataset(rve, "tangent-like", 3, 0, path, progress=interrupted_after(1))
        kept = path.with_name(path.name + ".partial")
    else:
        make_dataset(rve, "tangent-like", 3, 0, path)
        kept = path
    content = kept.read_bytes()
    other = VoxelRVE(np.roll(rve.phase, 1, axis=0), rve.names)
    for arguments, difference in (
        ((rve, "tangent-like", 3, 1, path), "seed = 0, not 1"),
        ((rve, "tangent-like", 4, 0, path), "samples = 3, not 4"),
        ((rve, "orthotropic", 3, 0, path), "kind = 'tangent-like', not 'orthotropic'"),
        ((rve, "tangent-like", 3, 0, path, 1e-4), "tolerance"),
        ((other, "tangent-like", 3, 0, path), "rve_hash"),
    ):
        with pytest.raises(InputError, match=rf"{kept.name}: made with {difference}"):
            make_dataset(*arguments)
    assert kept.read_bytes() == content


def test_damaged_and_foreign_files(rve, path, tmp_path):
    make_dataset(rve, "tangent-like", 2, 0, path)
    content = path.read_bytes()
    flipped = bytearray(content)
    flipped[-5] ^= 1
    for name, data, sentence in (
        ("cut", content[:-40], "damaged, or not a stiffness data set"),
        ("flipped", bytes(flipped), "checksum"),
        ("text", b"no tensors here", "damaged, or not a stiffness data set"),
    ):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(InputError, match=f"{name}: .*{sentence}"):
            StiffnessDataset.load(tmp_path / name)
    save_file({"weights": torch.zeros(3)}, tmp_path / "foreign")
    with pytest.raises(InputError, match="foreign: this file is not a stiffness data set"):
        StiffnessDataset.load(tmp_path / "foreign")
    with pytest.raises(InputError, match="absent: no such file"):
        StiffnessDataset.load(tmp_path / "absent")


def test_unknown_version_and_changed_header(rve, path):
    make_dataset(rve, "tangent-like", 2, 0, path)
    rewrite(path, lambda header, tensors: header.update(format_version=99))
    with pytest.raises(InputError, match="format version 99 is unknown"):
        StiffnessDataset.load(path)
    rewrite(path, lambda header, tensors: header.update(format_version=1))
    rewrite(path, lambda header, tensors: header["meta"].update(seed=5))
    with pytest.raises(InputError, match="checksum"):
        StiffnessDataset.load(path)
    rewrite(path, lambda header, tensors: header.pop("sha256"))
    with pytest.raises(InputError, match="header is damaged"):
        StiffnessDataset.load(path)


def test_shapes_must_fit():
    stiffness = torch.eye(6, dtype=torch.float64).expand(3, 2, 6, 6)
    with pytest.raises(InputError, match=r"\(2, 6, 6\), expected \(2, 2, 6, 6\)"):
        StiffnessDataset(stiffness, stiffness[:2, 0], {"phase_names": ["a", "b"]})
    with pytest.raises(InputError, match="float64"):
        StiffnessDataset(stiffness.float(), stiffness[:, 0], {"phase_names": ["a", "b"]})


def test_bad_arguments_write_nothing(rve, path, tmp_path):
    three = VoxelRVE(np.arange(27).reshape(3, 3, 3) % 3)
    for arguments, sentence in (
        ((rve, "isotropic", 3, 0, path), "kind = 'isotropic' is unknown"),
        ((rve, "tangent-like", 0, 0, path), "n = 0"),
        ((rve, "tangent-like", 3, -1, path), "seed = -1"),
        ((rve, "tangent-like", 3, 0, path, 0.0), "tolerance = 0"),
        ((three, "tangent-like", 3, 0, path), "RVE of two phases"),
        ((rve, "tangent-like", 3, 0, tmp_path / "absent" / "x"), "does not exist"),
    ):
        with pytest.raises(InputError, match=sentence):
            make_dataset(*arguments)
    assert list(tmp_path.iterdir()) == []
