"""``dmn-fe audit`` on a run of a small block."""

import csv
import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from helpers.networks import layers
from helpers.processes import clean_environment
from helpers.run_files import assert_one_sentence, two_ranks, without_comparison

from dmn_fe import save
from dmn_fe.network import Ensemble

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("dolfinx") is None or importlib.util.find_spec("gmsh") is None,
    reason="DOLFINx or gmsh is not installed",
)


def command(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "dmn_fe", *arguments],
        cwd=folder,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=200,
    )


@pytest.fixture(scope="module")
def finished(block, tmp_path_factory):
    """A folder with a run of a network of layers, and their RVE; the inputs of the run are gone."""
    folder = tmp_path_factory.mktemp("finished")
    shutil.copy(block, folder / "block.msh")
    save(layers(0.3, 0), folder / "net.dmn")
    without_comparison(folder)
    process = command(folder, "run", "part.toml")
    assert process.returncode == 0, process.stderr
    for name in ("net.dmn", "part.toml", "block.msh"):
        (folder / name).unlink()
    np.save(folder / "layers.npy", np.array([0, 0, 0, 1]).reshape(4, 1, 1))
    np.save(folder / "three.npy", np.arange(3).reshape(3, 1, 1))
    return folder


def table(path: Path) -> list[dict[str, float]]:
    with open(path, newline="") as file:
        return [{k: float(v) for k, v in row.items()} for row in csv.DictReader(file)]


def test_a_run_whose_points_may_have_had_the_rve_is_refused(block, tmp_path):
    """What the network alone gives there is not what the run had."""
    shutil.copy(block, tmp_path / "block.msh")
    save(Ensemble((layers(0.3, 0), layers(0.26, 0))), tmp_path / "net.dmn")
    np.save(tmp_path / "layers.npy", np.array([0, 0, 0, 1]).reshape(4, 1, 1))
    without_comparison(tmp_path)
    text = (tmp_path / "part.toml").read_text()
    switch = 'network = "net.dmn"\nswitch = { rve = "layers.npy", spread = 0.5, envelope = "off" }'
    assert 'network = "net.dmn"' in text
    (tmp_path / "part.toml").write_text(text.replace('network = "net.dmn"', switch))
    process = command(tmp_path, "run", "part.toml")
    assert process.returncode == 0, process.stderr
    process = command(tmp_path, "audit", "out", "--rve", "layers.npy")
    assert process.returncode == 2
    assert_one_sentence(process.stderr, "some of its points may have had the full RVE")


def test_a_folder_has_all_that_is_needed(finished):
    process = command(finished, "audit", "out", "--rve", "layers.npy", "--points", "3")
    assert process.returncode == 0, process.stderr
    assert "estimated error of the force: " in process.stdout
    assert "most strained" in process.stdout
    forces = table(finished / "out" / "reactions.csv")
    rows = table(finished / "out" / "audit.csv")
    assert [row["time"] for row in rows] == [row["time"] for row in forces][1:]
    for row, own in zip(rows, forces[1:], strict=True):
        assert abs(row["force"]) == pytest.approx(abs(own["right F1"]), rel=1e-4)
    # 0.3 of inclusions in place of 0.25 stiffens, at first in proportion to the stiffness.
    assert 0.01 < rows[0]["error"] < 0.1
    points = table(finished / "out" / "audit_points.csv")
    assert sum(row["drawn"] for row in points) == 3 * 5
    assert (finished / "out" / "audit.png").read_bytes().startswith(b"\x89PNG")


@two_ranks
def test_two_ranks_find_the_same(finished):
    found = []
    for ranks in ("1", "2"):
        arguments = ["--points", "4", "--ranks", ranks, "--output", f"other{ranks}"]
        process = command(finished, "audit", "out", "--rve", "layers.npy", *arguments)
        assert process.returncode == 0, process.stderr
        found.append((finished / f"other{ranks}" / "audit.csv").read_text())
    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nowhere", "--rve", "layers.npy"), "nowhere: there is no such folder"),
        (
            (".", "--rve", "layers.npy"),
            "has no strain_paths.vtkhdf (runs of dmn-fe validate have none); run it",
        ),
        (("out", "--rve", "none.npy"), "none.npy"),
        (("out", "--rve", "three.npy"), "give the RVE that the network has learnt from"),
        (("out", "--rve", "layers.npy", "--material", "x"), "there is no material 'x'"),
    ],
)
def test_wrong_input_is_one_sentence(finished, arguments, words):
    for ranks in ((), ("--ranks", "2")):
        process = command(finished, "audit", *arguments, *ranks)
        assert process.returncode == 2
        assert_one_sentence(process.stderr, words)


def test_material_axes_are_refused(block, tmp_path):
    shutil.copy(block, tmp_path / "block.msh")
    save(layers(0.3, 0), tmp_path / "net.dmn")
    without_comparison(tmp_path)
    with open(tmp_path / "part.toml", "a") as file:
        file.write("\n[axes.body]\nrotation = [[0, -1, 0], [1, 0, 0], [0, 0, 1]]\n")
    assert command(tmp_path, "run", "part.toml").returncode == 0
    np.save(tmp_path / "layers.npy", np.array([0, 0, 0, 1]).reshape(4, 1, 1))
    process = command(tmp_path, "audit", "out", "--rve", "layers.npy")
    assert process.returncode == 2
    assert_one_sentence(process.stderr, "cannot be followed again, since it has material axes")
