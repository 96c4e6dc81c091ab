"""Every demo runs and reaches the number it ends with."""

import csv
import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from helpers.processes import ROOT, clean_environment

from dmn_fe.assessment import check_files
from dmn_fe.cli.study_file import read_study_file
from dmn_fe.homogenization import ReferencePaths

ASSESSMENT = ROOT / "demos" / "assessment"
DEMOS = sorted((ROOT / "demos").glob("*.py"))
#: Modules of packages that the project does not install, by the demo that shows how to use them.
NEEDED = {
    "dolfinx_materials_law": "dolfinx_materials",
    "external_operator": "dolfinx_external_operator",
}


@pytest.mark.parametrize("demo", DEMOS, ids=lambda path: path.stem)
def test_demo(demo: Path, tmp_path: Path):
    text = demo.read_text()
    assert "assert" in text, "a demo ends in an assertion on a number"
    if "dolfinx" in text and importlib.util.find_spec("dolfinx") is None:
        pytest.skip("DOLFINx is not installed")
    if demo.stem in NEEDED and importlib.util.find_spec(NEEDED[demo.stem]) is None:
        pytest.skip(f"{NEEDED[demo.stem]} is not installed")
    process = run_demo(demo, tmp_path)
    assert process.returncode == 0, process.stderr


@pytest.mark.parametrize("demo", NEEDED)
def test_a_demo_tells_in_one_sentence_what_it_needs(demo: str, tmp_path: Path):
    if importlib.util.find_spec("dolfinx") is None:
        pytest.skip("DOLFINx is not installed")
    if importlib.util.find_spec(NEEDED[demo]) is not None:
        pytest.skip(f"{NEEDED[demo]} is installed")
    process = run_demo(ROOT / "demos" / f"{demo}.py", tmp_path)
    assert process.returncode == 1
    (sentence,) = process.stderr.splitlines()
    assert sentence.startswith("This demo needs dolfinx")
    assert "DOLFINx 0.1" in sentence
    assert "pip install" in sentence


def run_demo(demo: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(demo)],
        cwd=folder,
        env=clean_environment() | {"TMPDIR": str(folder)},
        capture_output=True,
        text=True,
        timeout=400,
    )


def test_the_run_file_of_the_demo_on_two_ranks(dmn_fe_process, tmp_path):
    """One small step of the bracket, with all its output."""
    if importlib.util.find_spec("dolfinx") is None:
        pytest.skip("DOLFINx is not installed")
    text = (ROOT / "demos" / "bracket.toml").read_text()
    points = next(line for line in text.splitlines() if line.startswith("points = "))
    text = text.replace(points, "points = [[0.0, 0.0], [0.1, 0.1]]")
    for file in ("../meshes/bracket.msh", "spheres.dmn"):
        assert f'"{file}"' in text
        text = text.replace(f'"{file}"', f'"{(ROOT / "demos" / file).resolve()}"')
    (tmp_path / "bracket.toml").write_text(text)
    process = dmn_fe_process("run", "bracket.toml", "--ranks", 2, "--output", "out")
    assert process.returncode == 0, process.stderr
    with open(tmp_path / "out" / "reactions.csv", newline="") as file:
        rows = [{k: float(v) for k, v in row.items()} for row in csv.DictReader(file)]
    assert [row["time"] for row in rows] == [0.0, 0.1]
    # 0.2 mm in the elastic range: about 395 N, a tenth of 3.9 kN
    assert 370.0 < rows[1]["loaded F1"] < 420.0
    assert abs(rows[1]["loaded F1"] + rows[1]["clamped F1"]) < 1e-4
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"reactions.csv", "reactions_matrix.csv", "picture.png"} <= names


def test_the_small_study_with_smaller_networks(dmn_fe, tmp_path):
    text = (ASSESSMENT / "small.toml").read_text(encoding="utf-8")
    shortened = {"depth = 4": "depth = 2", "= 100\n": "= 10\n", "= 200 }": "= 5 }"}
    shortened |= {"depth = 3": "depth = 1", "depth = 5": "depth = 3"}
    shortened |= {"path_samples = 100": "path_samples = 5", "= 40 }": "= 5 }"}
    for long, short in shortened.items():
        assert long in text
        text = text.replace(long, short)
    text = text.replace('"data/', f'"{ASSESSMENT}/data/')
    (tmp_path / "small.toml").write_text(text, encoding="utf-8")
    process = dmn_fe("study", "small.toml", "--output", "out")
    assert process.returncode == 0, process.stderr
    report = (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
    plan = read_study_file(ASSESSMENT / "small.toml")
    for comparison in plan.comparisons:
        assert f"## {comparison.title}" in report


def test_the_full_study_fits_its_data():
    check_files(read_study_file(ASSESSMENT / "full.toml"))


def test_the_truth_of_ones_own_rve(tmp_path, monkeypatch):
    """What demos/assessment/README.md tells to do for a study of one's own."""
    (block,) = re.findall(
        r"```python\n(.*?)```", (ASSESSMENT / "README.md").read_text(encoding="utf-8"), re.DOTALL
    )
    assert "steps=30" in block
    monkeypatch.chdir(tmp_path)
    voxels = np.zeros((4, 4, 4), dtype=np.uint8)
    voxels[:2, :2, :2] = 1
    np.save("spheres.npy", voxels)
    exec(compile(block.replace("steps=30", "steps=6"), "README.md", "exec"), {})
    truth = ReferencePaths.load("truth.safetensors")
    assert truth.stress.shape == (7, 7, 6)
    assert (truth.stress[:, 1:].norm(dim=-1) > 10.0).all()
