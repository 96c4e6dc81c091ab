"""``dmn-fe validate`` on two triangles, whose RVE is a laminate that a network knows exactly."""

import csv
import importlib.util
import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
from helpers.networks import layers, random_network
from helpers.processes import clean_environment
from helpers.run_files import assert_one_sentence, assert_same_table, reactions, two_ranks

from dmn_fe import save
from dmn_fe.files import lock
from dmn_fe.network import Ensemble

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("dolfinx") is None or importlib.util.find_spec("gmsh") is None,
    reason="DOLFINx or gmsh is not installed",
)

CASE = """
title = "Two triangles"

[mesh]
file = "square.msh"
kind = "plane strain"

[materials.body]
rve = "laminate.npy"
names = ["matrix", "inclusion"]
solver = "fft"
phases.matrix = { law = "J2", young = 3000.0, poisson = 0.35, hardening = { type = "linear", yield_stress = 30.0, modulus = 50.0 } }
phases.inclusion = { law = "Elastic", young = 70000.0, poisson = 0.2 }

[[supports]]
group = "left"
displacement = [0.0, 0.0]

[[supports]]
group = "right"
displacement = ["free", 0.06]

[loading]
points = [[0.0, 0.0], [1.0, 1.0]]

[steps]
first = 0.25
largest = 0.25

[output]
folder = "out"
reactions = ["left"]

[validation]
reference = "kept.safetensors"
points = { corner = [0.9, 0.1] }

[validation.networks]
exact = "exact.dmn"
pair = "pair.dmn"
switched = { network = "pair.dmn", switch = { spread = 0.0, envelope = "off", most = 0.5 } }
"""  # noqa: E501


@pytest.fixture(scope="module")
def square(tmp_path_factory):
    """Two triangles."""
    import gmsh

    path = tmp_path_factory.mktemp("mesh") / "square.msh"
    gmsh.initialize(readConfigFiles=False, interruptible=False)
    gmsh.option.setNumber("General.Terminal", 0)
    gmsh.model.occ.addRectangle(0, 0, 0, 1, 1)
    gmsh.model.occ.synchronize()
    gmsh.model.addPhysicalGroup(2, [1], name="body")
    for name, x in (("left", 0.0), ("right", 1.0)):
        box = gmsh.model.getEntitiesInBoundingBox(x - 0.01, -1, -1, x + 0.01, 2, 1, dim=1)
        gmsh.model.addPhysicalGroup(1, [tag for _, tag in box], name=name)
    for _, edge in gmsh.model.getEntities(1):
        gmsh.model.mesh.setTransfiniteCurve(edge, 2)
    gmsh.model.mesh.setTransfiniteSurface(1)
    gmsh.model.mesh.generate(2)
    gmsh.write(str(path))
    gmsh.finalize()
    return path


def fill(folder, square):
    shutil.copy(square, folder / "square.msh")
    np.save(folder / "laminate.npy", np.array([0, 0, 0, 1], dtype=np.uint8)[:, None, None])
    save(layers(0.25, 0), folder / "exact.dmn")
    save(Ensemble((layers(0.24, 0), layers(0.28, 0))), folder / "pair.dmn")
    (folder / "case.toml").write_text(CASE)


def process(folder, *arguments) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "dmn_fe", "validate", *map(str, arguments)],
        cwd=folder,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=240,
    )


@pytest.fixture(scope="module")
def validated(square, tmp_path_factory):
    """A folder in which all runs have been made."""
    folder = tmp_path_factory.mktemp("validated")
    fill(folder, square)
    done = process(folder, "case.toml", "--output", "out")
    assert done.returncode == 0, done.stderr
    assert "FE² (1 of 6 runs)" in done.stdout
    return folder


@pytest.fixture
def folder(square, tmp_path):
    fill(tmp_path, square)
    return tmp_path


def rows(path) -> list[dict[str, str]]:
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_report_tells_the_error_of_each_network(validated):
    text = (validated / "out" / "report.md").read_text()
    assert text.startswith("# Two triangles: networks against full FE²\n")
    assert "**exact**: good" in text
    assert "its file does not tell what RVE it is of" in text
    assert "| pair: right, direction 2 | " in text
    assert "corner (0.667, 0.167, 0)" in text
    errors = rows(validated / "out" / "errors.csv")
    assert [row["time"] for row in errors] == 3 * ["0.25", "0.5", "0.75", "1.0"]
    for row in errors:
        found = [float(row[key]) for key in ("reaction right 2", "stress", "displacement")]
        if row["network"] == "exact":
            assert max(found) < 1e-5
    last = errors[7]
    assert last["network"] == "pair"
    assert 1e-3 < float(last["reaction right 2"]) < 0.1
    local = rows(validated / "out" / "local.csv")
    assert {row["of"] for row in local} == {"FE²", "exact", "pair"}
    values = {
        name: [float(r["von Mises stress"]) for r in local if r["of"] == name]
        for name in ("FE²", "exact")
    }
    assert values["exact"] == pytest.approx(values["FE²"], rel=1e-3)
    for name in ("reactions", "errors", "points", "local", "map"):
        assert (validated / "out" / f"{name}.png").read_bytes().startswith(b"\x89PNG")


def test_report_tells_what_points_with_the_rve_bring_and_cost(validated):
    """Half of six points have the RVE after the first step, and never come back."""
    text = (validated / "out" / "report.md").read_text()
    assert "| points with the RVE at most | – | – | – | 3 |" in text
    assert "| left the network | – | – | – | 3 |" in text
    assert "| came back to it | – | – | – | 0 |" in text
    assert "pair, member 2" not in text
    assert "switched: right" not in text  # no error bar of the part
    errors = rows(validated / "out" / "errors.csv")
    pair, switched = (
        [float(row["stress"]) for row in errors if row["network"] == name]
        for name in ("pair", "switched")
    )
    assert switched[0] == pair[0]
    assert max(switched[1:]) < 0.8 * max(pair[1:])


def test_what_is_finished_is_kept(validated):
    """The folder was not touched, and that of another case is made anew."""
    folders = [path for path in (validated / "out").iterdir() if path.is_dir()]
    assert len(folders) == 6
    before = {path: os.stat(path / "summary.json").st_mtime_ns for path in folders}
    again = process(validated, "case.toml", "--output", "out")
    assert again.returncode == 0, again.stderr
    assert again.stdout.count("done before, in") == 6
    assert before == {path: os.stat(path / "summary.json").st_mtime_ns for path in folders}


def test_reference_file_takes_the_place_of_fe2(validated, tmp_path):
    shutil.copytree(validated, tmp_path, dirs_exist_ok=True)
    kept = process(tmp_path, "case.toml", "--keep-reference", "out/fe2", "--remark", "Slow.")
    assert kept.returncode == 0, kept.stderr
    assert (tmp_path / "kept.safetensors").stat().st_size < 50_000
    errors = rows(tmp_path / "out" / "errors.csv")
    shutil.rmtree(tmp_path / "out" / "fe2")
    again = process(tmp_path, "case.toml", "--output", "out")
    assert again.returncode == 0, again.stderr
    assert "full FE² is taken from kept.safetensors" in again.stdout
    assert not (tmp_path / "out" / "fe2").exists()
    assert "Of full FE²: Slow." in (tmp_path / "out" / "report.md").read_text()
    assert "with the RVE" not in again.stdout  # its stress inside is in the file
    for row, before in zip(rows(tmp_path / "out" / "errors.csv"), errors, strict=True):
        assert float(row["stress"]) == pytest.approx(float(before["stress"]), abs=1e-6)
    from dmn_fe.cli.runfile import read_run_file
    from dmn_fe.cli.validation_reference import fitting

    (tmp_path / "other.toml").write_text(CASE.replace("0.06]", "0.05]"))
    reference, why = fitting(read_run_file(tmp_path / "other.toml"))
    assert reference is None
    assert "differs in 'supports'" in why


def test_interrupted_run_goes_on(validated, tmp_path, square):
    """As one that was killed after its second step: later checkpoints are not there."""
    fill(tmp_path, square)
    often = CASE.replace("[output]", "[checkpoints]\nevery = 0\nkeep = 9\n\n[output]")
    (tmp_path / "case.toml").write_text(often)
    arguments = ("case.toml", "--output", "out", "--only", "FE²")
    assert process(tmp_path, *arguments).returncode == 0
    results = tmp_path / "out" / "fe2"
    for later in ("step_0000003", "step_0000004", "step_0000004_end"):
        shutil.rmtree(results / "checkpoints" / later)
    summary = json.loads((results / "summary.json").read_text())
    (results / "summary.json").write_text(json.dumps(summary | {"finished": False}))
    done = process(tmp_path, *arguments)
    assert done.returncode == 0, done.stderr
    assert "going on from step 2" in done.stdout
    assert json.loads((results / "summary.json").read_text())["starts"] == 2
    tables = [reactions(one / "out" / "fe2" / "reactions.csv") for one in (tmp_path, validated)]
    assert_same_table(*tables, 1e-6)


@two_ranks
def test_two_ranks_make_the_same_run(validated, tmp_path, square):
    fill(tmp_path, square)
    done = process(tmp_path, "case.toml", "--output", "out", "--only", "exact", "--ranks", 2)
    assert done.returncode == 0, done.stderr
    tables = [reactions(one / "out" / "exact" / "reactions.csv") for one in (tmp_path, validated)]
    assert_same_table(*tables, 1e-6)


def test_runs_that_do_not_converge_are_compared_as_far_as_they_went(folder):
    """A force that is more than the part can bear."""
    text = CASE.replace(
        '[[supports]]\ngroup = "right"\ndisplacement = ["free", 0.06]\n',
        '[[tractions]]\ngroup = "right"\ntraction = [0.0, 24.0]\n',
    )
    text = text.replace("largest = 0.25", "largest = 0.25\nsmallest = 0.25")
    text = text.replace("modulus = 50.0", "modulus = 0.0").replace('pair = "pair.dmn"', "")
    (folder / "case.toml").write_text(text)
    done = process(folder, "case.toml", "--output", "out")
    assert done.returncode == 0, done.stderr
    assert "the run 'exact' did not converge to its end" in done.stdout
    report = (folder / "out" / "report.md").read_text()
    assert "**Full FE² is not complete: it failed" in report
    assert "(not complete: it failed, after time" in report


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("[validation.networks]\n", "[validation.network]\n", "did you mean 'networks'?"),
        ('exact = "exact.dmn"', 'fe2 = "exact.dmn"', "makes no folder of its own"),
        ("spread = 0.0", "spread = -1.0", "validation.networks.switched.switch.spread"),
        ("spread = 0.0", 'spread = "off"', "give a threshold for 'spread' or for 'envelope'"),
        ('pair = "pair.dmn"', "pair = 3", "validation.networks.pair"),
        ('"exact.dmn"', '"none.dmn"', "none.dmn: no such file"),
        ('"exact.dmn"', '"foreign.dmn"', "learnt from another RVE"),
        ('"exact.dmn"', '"fibres.dmn"', "has the phases resin, fibre, but the RVE of 'body'"),
        (CASE[CASE.index("[validation]") :], "", "has no table 'validation'"),
        ("phases.inclusion", "phases.fibre", "materials.body, laminate.npy: phase 'inclusion'"),
        ('rve = "laminate.npy"', 'network = "exact.dmn"', "materials.body"),
    ],
)
def test_wrong_case_gets_one_sentence(dmn_fe, folder, old, new, words):
    foreign, fibres = random_network(1), random_network(1)
    foreign.metadata["data"] = {"rve_hash": "0" * 64}
    save(foreign, folder / "foreign.dmn")
    save(_renamed(fibres), folder / "fibres.dmn")
    assert old in CASE
    (folder / "case.toml").write_text(CASE.replace(old, new))
    process = dmn_fe("validate", "case.toml", "--output", "out")
    assert process.returncode == 2
    assert_one_sentence(process.stderr, words)
    assert not (folder / "out").exists()


def _renamed(network):
    from dataclasses import replace

    return replace(network, phase_names=("resin", "fibre"))


def test_wrong_options_get_one_sentence(dmn_fe, folder):
    process = dmn_fe("validate", "case.toml", "--only", "exakt")
    assert process.returncode == 2
    assert_one_sentence(process.stderr, "there is no run 'exakt'; give one of 'FE²', 'exact', ")
    (folder / "out").mkdir()
    (folder / "out" / "exact").mkdir()
    (folder / "out" / "exact" / "thesis.txt").write_text("of years")
    process = dmn_fe("validate", "case.toml", "--output", "out", "--only", "exact")
    assert process.returncode == 2
    assert_one_sentence(process.stderr, "holds files that are no results of dmn-fe validate")
    assert (folder / "out" / "exact" / "thesis.txt").exists()
    process = dmn_fe("validate", "case.toml", "--report-only", "--output", "none")
    assert process.returncode == 2
    assert_one_sentence(process.stderr, "there is nothing of full FE² to compare with")
    process = dmn_fe("validate", "case.toml", "--ranks", 99)
    assert process.returncode == 2
    assert_one_sentence(process.stderr, "--ranks 99 is more than the ")
    assert process.stdout == ""
    process = dmn_fe("validate", "case.toml", "--output", "case.toml")
    assert process.returncode == 2
    assert_one_sentence(process.stderr, "case.toml is a file")
    process = dmn_fe("validate", "case.toml", "--keep-reference", "none")
    assert process.returncode == 2
    assert_one_sentence(process.stderr, "none: holds no FE² run of ")


@pytest.mark.parametrize("kind", ["voxels", "mesh"])
def test_an_rve_with_orientations_is_refused(dmn_fe, folder, monkeypatch, kind):
    from dmn_fe import microstructure
    from dmn_fe.cli import validation_case

    axes = {"orientations": np.eye(3)[None], "orientation_index": np.zeros((4, 1, 1), dtype=int)}
    rve = microstructure.VoxelRVE(np.array([0, 0, 0, 1])[:, None, None], **axes)
    if kind == "mesh":
        rve = microstructure.voxels_to_mesh(rve)
    monkeypatch.setattr(validation_case, "read_any", lambda *_: rve)
    process = dmn_fe("validate", "case.toml", "--output", "out")
    assert process.returncode == 2
    assert_one_sentence(
        process.stderr, "the RVE of 'body' (laminate.npy) has material orientations"
    )


def test_full_fe2_of_the_case_before_is_put_aside(validated, tmp_path):
    shutil.copytree(validated, tmp_path, dirs_exist_ok=True)
    (tmp_path / "case.toml").write_text(CASE.replace("0.06]", "0.05]"))
    done = process(tmp_path, "case.toml", "--output", "out", "--only", "FE²")
    assert done.returncode == 0, done.stderr
    assert "is put aside as out/fe2.old" in done.stdout
    before = reactions(validated / "out" / "fe2" / "reactions.csv")
    assert_same_table(reactions(tmp_path / "out" / "fe2.old" / "reactions.csv"), before, 0.0)
    assert reactions(tmp_path / "out" / "fe2" / "reactions.csv") != before


def test_two_validations_do_not_share_a_folder(dmn_fe, folder):
    (folder / "out").mkdir()
    with open(folder / "out" / ".lock", "wb") as file:
        lock(file, folder)
        process = dmn_fe("validate", "case.toml", "--output", "out")
    assert process.returncode == 2
    assert_one_sentence(process.stderr, "out: another process is writing it; wait for it")


def test_ranks_started_by_hand_are_sent_back(dmn_fe, folder, monkeypatch):
    monkeypatch.setenv("OMPI_COMM_WORLD_SIZE", "2")
    process = dmn_fe("validate", "case.toml")
    assert process.returncode == 2
    assert_one_sentence(process.stderr, "validate starts mpirun itself for each run; give --ranks")


def test_run_passes_the_table_over_but_checks_it(dmn_fe, folder):
    process = dmn_fe("run", "case.toml", "--check")
    assert process.returncode == 0, process.stderr
    (folder / "case.toml").write_text(CASE.replace("points =", "pionts ="))
    process = dmn_fe("run", "case.toml", "--check")
    assert process.returncode == 2
    assert_one_sentence(process.stderr, "did you mean 'points'?")
