"""What ``dmn-fe reconstruct`` reads, and what it tells of it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers.photos import disks, grey_photo, rows_of
from PIL import Image

from dmn_fe import microstructure
from dmn_fe.cli.photo_reading import read_photo_file
from dmn_fe.errors import InputError

DISKS = disks(150, 120)


@pytest.fixture
def photo(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Image.fromarray(rows_of(grey_photo(DISKS))).save("p.png")
    return Path("p.png")


def test_told_how_to_be_segmented(photo, capsys):
    rve = read_photo_file(photo, Path("rve.vti"), None, 2, 1, ":,:100", "resin, glass")
    assert rve.names == ("resin", "glass")
    assert rve.shape == (150, 100, 1)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("p.png: 150 × 100 pixels in grey, thresholds between 2 clusters: ")
    assert lines[1] == f"  phase 'resin'  volume fraction {rve.volume_fractions[0]:.4f}"
    assert not list(Path().glob("*_phases.png"))
    by_threshold = read_photo_file(photo, Path("rve.vti"), [95.0])
    assert by_threshold.volume_fractions[1] == pytest.approx(DISKS.mean(), abs=0.02)


def test_not_told_draws_the_choices(photo, capsys):
    with pytest.raises(InputError) as refusal:
        read_photo_file(photo, Path("rve.vti"))
    sentence = str(refusal.value)
    assert "segment it with --clusters 2 (threshold " in sentence
    assert sentence.endswith("or --threshold of your own; rve_phases.png shows them")
    assert Image.open("rve_phases.png").width > 500
    assert "p.png: 150 × 120 pixels in grey" in capsys.readouterr().out


def test_warnings_are_printed(photo, capsys):
    framed = np.pad(rows_of(grey_photo(DISKS)), 6)
    Image.fromarray(framed).save("framed.png")
    read_photo_file(Path("framed.png"), Path("rve.vti"), clusters=2)
    out = capsys.readouterr().out
    assert "  warning: framed.png has a uniform border, 6 columns at the left" in out
    assert "crop 6:156,6:126" in out


def test_layers_of_phases(photo, capsys):
    np.save("rve.npy", DISKS)
    rve = read_photo_file(Path("rve.npy"), Path("r.vti"), phases="resin,glass")
    np.testing.assert_array_equal(rve.phase[:, :, 0], DISKS)
    # A window, as the same pixels in a photo are; a .vti file says for itself what it is.
    Image.fromarray(rows_of(DISKS).astype(np.uint8)).save("labels.png")
    assert rve.periodic == read_photo_file(Path("labels.png"), Path("r.vti")).periodic
    assert "rve.npy: 150 × 120 × 1 voxels, a window, not periodic\n" in capsys.readouterr().out
    microstructure.write(rve, "rve.vti")
    again = read_photo_file(Path("rve.vti"), Path("r.vti"))
    assert (again.hash, again.periodic) == (rve.hash, rve.periodic)
    microstructure.write(replace(rve, periodic=(True, True, True)), "rve.vti")
    assert read_photo_file(Path("rve.vti"), Path("r.vti")).periodic == (True, True, True)
    assert "voxels, periodic along e1 and e2\n" in capsys.readouterr().out


def test_orientations_are_left_out_and_it_is_said(photo, capsys):
    index = np.zeros((*DISKS.shape, 1), dtype=int)
    rve = microstructure.VoxelRVE(DISKS[:, :, None], (), (), np.eye(3)[None], index)
    microstructure.write(rve, "rve.vti")
    assert read_photo_file(Path("rve.vti"), Path("r.vti")).orientations is None
    assert "rve.vti has material orientations, which are left out" in capsys.readouterr().out


def test_layers_that_cannot_be_used(photo):
    np.save("rve.npy", DISKS)
    np.save("solid.npy", np.stack([DISKS] * 5, axis=-1))
    np.save("one.npy", np.zeros((40, 40), dtype=int))
    np.save("tiny.npy", DISKS[:31])
    for name, words in (
        ("solid.npy", "has 5 layers of voxels, and a photo has one"),
        ("one.npy", "has one phase only"),
        ("tiny.npy", "has 31 × 120 voxels: give at least 32"),
    ):
        with pytest.raises(InputError, match=words):
            read_photo_file(Path(name), Path("r.vti"))
    with pytest.raises(InputError, match="--despeckle and --crop are for photos"):
        read_photo_file(Path("rve.npy"), Path("r.vti"), crop=":,:50")
    with pytest.raises(InputError, match="give one of them"):
        read_photo_file(photo, Path("r.vti"), [95.0], 2)
