"""``dmn-fe reconstruct``: what it writes, how it goes on, and what it says of wrong input."""

import numpy as np
import pytest
from helpers.photos import blobs, disks, grey_photo, rows_of
from PIL import Image

from dmn_fe import microstructure
from dmn_fe.cli.reconstruct import _turned


@pytest.fixture
def photo(dmn_fe, tmp_path):
    """A grey photo in the folder of the command."""
    Image.fromarray(rows_of(grey_photo(disks(96, 64, radius=5.0)))).save(tmp_path / "p.png")
    return tmp_path / "p.png"


def test_a_photo_becomes_an_rve_with_its_quality(dmn_fe, photo, tmp_path):
    done = dmn_fe("reconstruct", "p.png", "--clusters", 2, "--phases", "resin,glass")
    assert done.returncode == 0, done.stderr
    rve = microstructure.read(tmp_path / "p_rve.vti")
    assert rve.shape == (32, 32, 1)
    assert rve.names == ("resin", "glass")
    assert rve.periodic == (True, True, True)
    wanted = microstructure.read_photo(photo, clusters=2).volume_fractions[1]
    assert abs(rve.volume_fractions[1] - wanted) < 0.51 / 32**2
    assert f"volume fractions {rve.volume_fractions[0]:.4f}" in done.stdout
    assert any(f"p_rve_quality.md: {word}: " in done.stdout for word in ("pass", "warn", "fail"))
    assert Image.open(tmp_path / "p_rve_quality.png").width > 1000
    assert not list(tmp_path.glob("*.partial*"))


def test_several_rves_have_their_seeds_in_their_names(dmn_fe, photo, tmp_path):
    done = dmn_fe(
        *("reconstruct", "p.png", "--threshold", 95, "--count", 2, "--seed", 3, "--size", 32),
        *("--output", "many.npy"),
    )
    assert done.returncode == 0, done.stderr
    first, second = (np.load(tmp_path / f"many_{seed}.npy") for seed in (3, 4))
    assert (first != second).any()
    assert not (tmp_path / "many.npy").exists()


def test_an_interrupted_command_goes_on(dmn_fe, photo, tmp_path, monkeypatch):
    command = ("reconstruct", "p.png", "--clusters", 2, "--count", 2, "--output", "r.npy")
    assert dmn_fe(*command).returncode == 0
    whole = np.load(tmp_path / "r_1.npy")
    (tmp_path / "r_1.npy").unlink()
    work = "dmn_fe.microstructure.reconstruction.work"
    polish = __import__(work, fromlist=["polish"]).polish
    calls = []

    def interrupted(*arguments):
        calls.append(arguments)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return polish(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(f"{work}.polish", interrupted)
        stopped = dmn_fe(*command)
    assert stopped.returncode == 130
    assert "r.npy.partial.safetensors keeps it, and the same command goes on" in stopped.stderr
    assert dmn_fe(*command).returncode == 0
    assert (np.load(tmp_path / "r_1.npy") == whole).all()


def test_a_photo_is_not_segmented_silently(dmn_fe, photo, tmp_path):
    done = dmn_fe("reconstruct", "p.png")
    assert done.returncode == 2
    assert "segment it with --clusters 2 (threshold " in done.stderr
    assert (tmp_path / "p_rve_phases.png").exists()
    assert not (tmp_path / "p_rve.vti").exists()


def test_three_sections_make_a_volume(dmn_fe, tmp_path):
    layers = np.indices((64, 64))[1] // 6 % 2  # normal to the second axis in the picture
    np.save(tmp_path / "layers.npy", layers)
    np.save(tmp_path / "blobs.npy", blobs(64, 64))
    done = dmn_fe(
        *("reconstruct", "layers.npy", "layers.npy", "blobs.npy", "--dimension", 3, "--size", 16),
    )
    assert done.returncode == 0, done.stderr
    rve = microstructure.read(tmp_path / "layers_rve.vti")
    assert rve.shape == (16, 16, 16)
    chords = [microstructure.chord_lengths(rve, 1, axis).mean for axis in range(3)]
    assert chords[2] == min(chords)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("p.png", "p.png"), "2 photos: give one, or with --dimension 3 the three sections"),
        (("p.png", "--count", 0), "--count 0: give 1 or more"),
        (("p.png", "--output", "rve.vtu"), "rve.vtu does not end in .vti or .npy"),
        (("p.png", "--output", "no/rve.vti"), "the folder no does not exist"),
        (("p.png", "--clusters", 2, "--size", 30), "size = 30: give one edge"),
        (("p.png", "--clusters", 2, "--encoder", "p.png"), "give 'shipped', 'random', or a file"),
        (("p.png", "--clusters", 2, "--dimension", 3, "--size", 4096), "GB of memory"),
        (("p.png", "--clusters", 2, "--fractions", "a half"), "--fractions a half: give numbers"),
        (("none.png",), "none.png"),
        (("tiny.npy",), "has 31 × 120 voxels: give at least 32"),
        (("one.npy",), "has one phase only"),
    ],
)
def test_wrong_input_costs_one_sentence(dmn_fe, photo, tmp_path, arguments, sentence):
    np.save(tmp_path / "tiny.npy", disks(31, 120))
    np.save(tmp_path / "one.npy", np.zeros((64, 64), dtype=int))
    done = dmn_fe("reconstruct", *arguments)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert not list(tmp_path.glob("*_rve.vti")) + list(tmp_path.glob("*.partial*"))


def test_fractions_and_losses_reach_the_report(dmn_fe, photo, tmp_path):
    done = dmn_fe(
        *("reconstruct", "p.png", "--clusters", 2, "--fractions", "0.5,0.5"),
        *("--loss", "gram", "--loss", "two-point"),
    )
    assert done.returncode == 0, done.stderr
    assert microstructure.read(tmp_path / "p_rve.vti").volume_fractions == (0.5, 0.5)
    report = (tmp_path / "p_rve_quality.md").read_text()
    assert "| volume fraction | 0.000 |" in report
    assert "| two-point probability (in the loss) |" in report
    assert "the volume fractions 0.5000, 0.5000 were asked for, the original has" in done.stdout
    assert "can be exact to a voxel" not in done.stdout


def test_exchanges_at_the_end_are_seen_in_the_progress():
    seen = []
    microstructure.reconstruct(
        disks(64, 64), 32, seeds=(0, 1), batch=2, progress=lambda *each: seen.append(each)
    )
    done = [each[0] for each in seen]
    assert done == sorted(done)
    messages = {message for _, _, message in seen}
    assert {f"seed {seed}, voxels at the interfaces" for seed in (0, 1)} < messages


def test_a_section_is_turned_with_its_size_and_edges():
    rve = microstructure.VoxelRVE(
        disks(40, 50)[:, :, None], ("a", "b"), (4.0, 5.0, 0.1), periodic=(False, True, True)
    )
    turned = _turned(rve, 0)
    assert (turned.shape, turned.size) == ((1, 40, 50), (0.1, 4.0, 5.0))
    assert turned.periodic == (True, False, True)
    np.testing.assert_array_equal(turned.phase[0], rve.phase[:, :, 0])
    assert _turned(rve, 1).shape == (40, 1, 50)


def test_nothing_is_written_over_what_is_read(dmn_fe, tmp_path):
    np.save(tmp_path / "r_1.npy", disks(64, 64))
    for arguments in (("--output", "r_1.npy"), ("--output", "./r.npy", "--count", 2)):
        done = dmn_fe("reconstruct", "r_1.npy", *arguments)
        assert done.returncode == 2
        assert "r_1.npy would be written over a photo" in done.stderr
    np.testing.assert_array_equal(np.load(tmp_path / "r_1.npy"), disks(64, 64))
