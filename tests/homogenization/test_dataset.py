"""The data set file: identical after an interruption, never overwritten, checked when read."""

import json
import subprocess
import sys

import numpy as np
import pytest
import torch
from helpers.processes import clean_environment
from helpers.ranks import on_ranks
from safetensors import safe_open
from safetensors.torch import save_file

from dmn_fe.errors import InputError
from dmn_fe.homogenization import (
    StiffnessDataset,
    effective_stiffness,
    make_dataset,
    sample_tangent_like,
    samples_kept,
)
from dmn_fe.microstructure import VoxelRVE, random_spheres, voxels_to_mesh
from dmn_fe.progress import no_progress

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
        assert samples_kept(path) == stop
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
    kept, words = path, "made with "
    if partial:
        with pytest.raises(Interruption):
            make_dataset(rve, "tangent-like", 3, 0, path, progress=interrupted_after(1))
        kept, words = path.with_name(path.name + ".partial-0"), "begun with "
    else:
        make_dataset(rve, "tangent-like", 3, 0, path)
    content = kept.read_bytes()
    other = VoxelRVE(np.roll(rve.phase, 1, axis=0), rve.names)
    for arguments, difference in (
        ((rve, "tangent-like", 3, 1, path), "seed = 0, not 1"),
        ((rve, "orthotropic", 3, 0, path), "kind = 'tangent-like', not 'orthotropic'"),
        ((rve, "tangent-like", 3, 0, path, 1e-4), "tolerance"),
        ((other, "tangent-like", 3, 0, path), "rve_hash"),
    ):
        with pytest.raises(InputError, match=f"{kept.name}: {words}{difference}"):
            make_dataset(*arguments)
    assert kept.read_bytes() == content
    if partial:
        with pytest.raises(InputError, match="begun with samples = 3, not 5; finish it with"):
            make_dataset(rve, "tangent-like", 5, 0, path)
    else:
        with pytest.raises(InputError, match="holds 3 samples, more than 2"):
            make_dataset(rve, "tangent-like", 2, 0, path)


def test_a_data_set_grows_by_a_latin_hypercube(rve, path):
    first = make_dataset(rve, "tangent-like", 3, 0, path)
    content = path.read_bytes()
    with pytest.raises(Interruption):
        make_dataset(rve, "tangent-like", 7, 0, path, progress=interrupted_after(5))
    assert path.read_bytes() == content
    assert len(make_dataset(rve, "tangent-like", 3, 0, path)) == 3  # is there and complete
    calls = []
    grown = make_dataset(rve, "tangent-like", 7, 0, path, progress=lambda *c: calls.append(c[:2]))
    assert calls == [(5, 7), (6, 7), (7, 7)]
    assert grown.meta["blocks"] == [3, 4]
    assert torch.equal(grown.phase_stiffness[:3], first.phase_stiffness)
    assert torch.equal(grown.effective[:3], first.effective)
    assert torch.equal(grown.phase_stiffness[3:], sample_tangent_like(4, 0, block=1))
    assert torch.equal(grown.effective[5], effective_stiffness(rve, grown.phase_stiffness[5]))
    assert len(make_dataset(rve, "tangent-like", 7, 0, path)) == 7


def test_a_record_that_was_cut_off_is_computed_again(rve, path, tmp_path):
    reference = tmp_path / "whole.safetensors"
    make_dataset(rve, "tangent-like", 4, 3, reference)
    journal = tmp_path / "samples.safetensors.partial-0"
    for damage in (lambda c: c[:-5], lambda c: c[:-20] + b"x" + c[-19:]):
        with pytest.raises(Interruption):
            make_dataset(rve, "tangent-like", 4, 3, path, progress=interrupted_after(3))
        journal.write_bytes(damage(journal.read_bytes()))
        assert samples_kept(path) in (2, 3)
        make_dataset(rve, "tangent-like", 4, 3, path)
        assert path.read_bytes() == reference.read_bytes()
        path.unlink()


def test_samples_that_are_lost_are_missed(rve, path, tmp_path):
    """A journal that is damaged while others are being computed."""
    journal = tmp_path / "samples.safetensors.partial-0"

    def damage(done, total, message=""):
        if done == total and journal.exists():
            journal.write_bytes(journal.read_bytes()[:-20])

    with pytest.raises(InputError, match="1 samples, the first is 3, were computed but are not"):
        make_dataset(rve, "tangent-like", 4, 3, path, progress=damage)
    assert not path.exists()
    calls = []
    make_dataset(rve, "tangent-like", 4, 3, path, progress=lambda *c: calls.append(c[:2]))
    assert calls == [(3, 4), (4, 4)]


def test_a_journal_left_beside_its_file_does_not_hinder(rve, path, tmp_path):
    journal = tmp_path / "samples.safetensors.partial-0"
    with pytest.raises(Interruption):
        make_dataset(rve, "tangent-like", 3, 0, path, progress=interrupted_after(3))
    left = journal.read_bytes()
    make_dataset(rve, "tangent-like", 3, 0, path)
    journal.write_bytes(left)
    assert len(make_dataset(rve, "tangent-like", np.int64(5), np.int64(0), path)) == 5
    assert not journal.exists()


def test_two_processes_do_not_write_the_same_journal(rve, path):
    def again(done, total, message=""):
        if done == 2:
            with pytest.raises(InputError, match="another process is writing it"):
                make_dataset(rve, "tangent-like", 4, 3, path)

    make_dataset(rve, "tangent-like", 4, 3, path, progress=again)


def test_a_batch_gives_the_same_samples(rve, path, tmp_path):
    alone = make_dataset(rve, "tangent-like", 5, 3, path)
    together = make_dataset(rve, "tangent-like", 5, 3, tmp_path / "b.safetensors", batch=3)
    torch.testing.assert_close(together.effective, alone.effective, rtol=1e-12, atol=1e-13)


def test_ranks_make_the_same_file(rve, path, tmp_path):
    """Two ranks, one of which is interrupted by a machine that stops, then three ranks."""
    make_dataset(rve, "tangent-like", 7, 3, path)
    np.save(tmp_path / "rve.npy", rve.phase)
    other = tmp_path / "ranks.safetensors"
    for ranks, stop in ((2, 2), (3, 99)):
        command = ["mpirun", "--oversubscribe", "-n", str(ranks), sys.executable, "-c", RANKS]
        process = subprocess.run(
            [*command, str(tmp_path / "rve.npy"), str(other), str(stop)],
            env=clean_environment(),
            capture_output=True,
            text=True,
            timeout=120,
        )
        if stop < 99:
            assert process.returncode != 0
            assert 2 <= samples_kept(other) < 7
        else:
            assert process.returncode == 0, process.stderr
    assert other.read_bytes() == path.read_bytes()
    assert not list(tmp_path.glob("*.partial-*"))


RANKS = """
import os, sys
from mpi4py import MPI
from dmn_fe.homogenization import make_dataset
from dmn_fe.microstructure import read

def stop(done, total, message=""):
    if done >= int(sys.argv[3]):
        os._exit(1)

comm = MPI.COMM_WORLD
made = make_dataset(read(sys.argv[1]), "tangent-like", 7, 3, sys.argv[2], progress=stop, comm=comm)
assert len(made) == 7
"""


def test_a_sample_that_fails_on_one_rank_fails_on_all(rve, path, monkeypatch):
    """Two ranks as threads that meet at a barrier; one of them fails, both hear of it."""

    def fails(rve, stiffness, tolerance):
        raise RuntimeError("no convergence")

    monkeypatch.setattr("dmn_fe.homogenization.generation.solve_load_cases", fails)
    errors = on_ranks(2, lambda comm: make_dataset(rve, "tangent-like", 4, 3, path, comm=comm))
    assert [str(error) for error in errors] == ["RuntimeError on rank 0: no convergence"] * 2


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


def test_three_phases(path):
    layers = VoxelRVE(np.arange(6).reshape(6, 1, 1) // 2)
    dataset = make_dataset(layers, "tangent-like", 4, 0, path)
    assert dataset.phase_stiffness.shape == (4, 3, 6, 6)
    # Across the layers the tractions are equal: the inverses of these components add up.
    across = torch.tensor([0, 4, 5])
    inverse = torch.linalg.inv(dataset.phase_stiffness[..., across[:, None], across])
    effective = dataset.effective[:, across[:, None], across]
    torch.testing.assert_close(
        effective, torch.linalg.inv(inverse.mean(1)), rtol=1e-5, atol=1e-5 * effective.max()
    )


def test_bad_arguments_write_nothing(rve, path, tmp_path):
    for arguments, sentence in (
        ((voxels_to_mesh(rve), "tangent-like", 3, 0, path), "is a MeshRVE; this needs a VoxelRVE"),
        ((rve, "tangent-like", 2.5, 0, path), "n = 2.5 must be a whole number"),
        ((rve, "isotropic", 3, 0, path), "kind = 'isotropic' is unknown"),
        ((rve, "tangent-like", 0, 0, path), "n = 0"),
        ((rve, "tangent-like", 3, -1, path), "seed = -1"),
        ((rve, "tangent-like", 3, 0, path, 0.0), "tolerance = 0"),
        ((rve, "tangent-like", 3, 0, path, 1e-6, no_progress, None, 0), "batch = 0"),
        ((rve, "tangent-like", 3, 0, path, 1e-6, no_progress, None, 1, "tpu"), "device = 'tpu'"),
        ((rve, "tangent-like", 3, 0, tmp_path / "absent" / "x"), "does not exist"),
    ):
        with pytest.raises(InputError, match=sentence):
            make_dataset(*arguments)
    assert list(tmp_path.iterdir()) == []
