"""``dmn-fe run`` on a small block: results, ranks and wrong input."""

import contextlib
import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
from helpers.networks import random_network
from helpers.processes import clean_environment, mpirun_options
from helpers.run_files import (
    RUN_FILE,
    assert_one_sentence,
    assert_same_table,
    reactions,
    run_process,
    two_ranks,
    wait_for_rows,
    without_comparison,
)

from dmn_fe import read_series
from dmn_fe.cli import passes
from dmn_fe.network import Ensemble, save

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("dolfinx") is None or importlib.util.find_spec("gmsh") is None,
    reason="DOLFINx or gmsh is not installed",
)


def test_results(dmn_fe, folder):
    process = dmn_fe("run", "part.toml")
    assert process.returncode == 0, process.stderr
    rows = reactions(folder / "out" / "reactions.csv")
    assert [row["time"] for row in rows] == [0.0, 0.5, 1.0, 1.5, 2.0]
    assert [row["step"] for row in rows] == [0, 1, 2, 3, 4]
    moved = [row["right u1"] for row in rows]
    assert moved == pytest.approx([0.0, 0.01, 0.02, 0.01, 0.0], abs=1e-12)
    for row in rows:
        assert row["left F1"] == pytest.approx(-row["right F1"], rel=1e-6, abs=1e-6)
    alone = reactions(folder / "out" / "reactions_matrix.csv")
    assert rows[2]["right F1"] > 1.2 * alone[2]["right F1"] > 0  # the inclusions stiffen
    assert rows[4]["right F1"] < 0  # plastic strain is left
    assert len(steps_told(process.stdout)) == 8
    picture = (folder / "out" / "picture.png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert (folder / "out" / "fields.vtkhdf").is_file()
    paths = read_series(folder / "out" / "strain_paths.vtkhdf")
    assert paths.times.tolist() == [0.0, 0.5, 1.0, 1.5, 2.0]
    assert len(paths.points) == paths.notes["all_points"]
    assert (paths.point_data["material"] == paths.notes["groups"]["body"]).all()
    volume = paths.point_data["volume"][0]
    assert volume.sum() == pytest.approx(paths.notes["all_volume"])
    strain = paths.point_data["strain"]
    assert not strain[0].any()
    # The mean over the volume, by the displacement of the two ends.
    assert volume @ strain[2, :, 0, 0] / volume.sum() == pytest.approx(0.02, rel=1e-3)
    summary = json.loads((folder / "out" / "summary.json").read_text())
    assert summary["finished"]
    assert (summary["steps"], summary["ranks"]) == (4, 1)  # and not those of the comparison


@pytest.mark.parametrize("most", [0, 3])
def test_strain_paths_of_some_points_or_none(dmn_fe, folder, most):
    without_comparison(folder)
    text = (folder / "part.toml").read_text()
    given = text.replace("fields.every = 2", f"fields.every = 2\nstrain_paths = {most}")
    (folder / "part.toml").write_text(given)
    process = dmn_fe("run", "part.toml")
    assert process.returncode == 0, process.stderr
    path = folder / "out" / "strain_paths.vtkhdf"
    assert path.exists() == (most > 0)
    if most > 0:
        assert len(read_series(path).points) == most


def steps_told(stdout: str) -> list[str]:
    """The lines of load steps."""
    lines = [line for line in stdout.splitlines() if line.strip()[:1].isdigit()]
    return [line for line in lines if " / " in line]


@two_ranks
def test_two_ranks_give_the_same_reactions(dmn_fe_process, folder):
    for ranks in (1, 2):
        options = ("--ranks", ranks, "--output", f"out{ranks}")
        process = dmn_fe_process("run", "part.toml", *options)
        assert process.returncode == 0, process.stderr
        assert f"{ranks} rank(s)" in process.stdout
        assert len(steps_told(process.stdout)) == 8  # and no bar, which mpirun's terminal would get
    one, two = (reactions(folder / f"out{ranks}" / "reactions.csv") for ranks in (1, 2))
    largest = max(abs(value) for row in one for key, value in row.items() if "F" in key)
    for row, other in zip(one, two, strict=True):
        for key, value in row.items():
            assert other[key] == pytest.approx(value, rel=0, abs=1e-10 * largest)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('title = "Block"', 'titel = "Block"', "'titel' is unknown; did you mean 'title'?"),
        ("young = 3000.0", "jung = 3000.0", "phases.matrix.jung' is unknown; did you mean 'young'"),
        ('file = "block.msh"', 'path = "block.msh"', "'mesh.path' is unknown; did you mean 'file'"),
        (
            'law = "J2"',
            'law = "J3"',
            "matrix.law' = 'J3' is unknown; give one of 'Elastic', 'J2', 'Chaboche', "
            "'DruckerPrager', 'Norton', 'Perzyna', 'Maxwell', 'CrystalPlasticity', 'Void'.",
        ),
        ('law = "J2", ', "", "'materials.body.phases.matrix.law' is missing"),
        ('type = "linear"', 'type = "line"', "give one of 'linear', 'voce', 'power'."),
        (
            'network = "net.dmn"',
            "",
            "'materials.body': give 'network', 'networks' or 'rve' with 'phases', or 'law'",
        ),
        (
            'network = "net.dmn"',
            'law = "J3"',
            "'materials.body': give 'network', 'networks' or 'rve' with 'phases'",
        ),
        (
            'network = "net.dmn"',
            'network = "net.dmn"\nlaw = "J2"',
            "'materials.body.law' is unknown",
        ),
        (
            "phases.matrix =",
            "phases.extra = 3\nphases.matrix =",
            "'materials.body.phases.extra' = 3",
        ),
        ('[mesh]\nfile = "block.msh"', "mesh = 3", "'mesh' = 3: it must be a table; mend"),
        ('group = "right"', 'group = "left"', "component 1 of 'left' is prescribed twice"),
        ("[0.0, 0.0, 0.0]", '["free", "free", 0.0]', "free to move (displacement along e2)"),
        ('file = "block.msh"', 'file = "none.msh"', "none.msh"),
        ('network = "net.dmn"', 'network = "none.dmn"', "none.dmn: no such file"),
        ("phases.inclusion", "phases.fibre", "'fibre'"),
        ("[materials.body]", "[materials.core]", '"core"'),
        ('group = "right"', 'group = "top"', '"top"'),
        ("largest = 0.5", "largest = 0.0", "largest = 0.0 must be a positive number"),
        ("[1.0, 1.0]", "[1.0, nan]", "loading.points"),
        ("[1.0, 1.0]", "[3.0, 1.0]", "must rise"),
        ("[0.02,", "[0.0,", "nothing loads the part"),
        ("fields.every = 2", "strain_paths = -1", "'output.strain_paths' = -1"),
        ('file = "block.msh"', 'file = "block.msh"\nquadrature_degree = 3', "negative"),
        ('phase = "matrix"', 'phase = "resin"', "'resin'"),
        ("young = 70000.0", "young = -1.0", "young = -1.0"),
        ("[mesh]", "[mesh", "not valid TOML"),
    ],
)
def test_wrong_input_gets_one_sentence(dmn_fe, folder, old, new, words):
    assert old in RUN_FILE
    text = RUN_FILE.replace(old, new, 1)
    (folder / "part.toml").write_text(text)
    process = dmn_fe("run", "part.toml")
    assert process.returncode == 2, process.stderr
    assert_one_sentence(process.stderr, words)
    assert not (folder / "out").exists()


@two_ranks
def test_wrong_input_on_two_ranks_is_said_once(dmn_fe_process, folder):
    (folder / "part.toml").write_text(RUN_FILE.replace('group = "right"', 'group = "top"'))
    process = dmn_fe_process("run", "part.toml", "--ranks", 2)
    assert process.returncode == 2
    assert_one_sentence(process.stderr, 'no physical surface "top"')


@pytest.mark.skipif(shutil.which("mpirun") is None, reason="mpirun is not installed")
@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('network = "net.dmn"', 'network = "none.dmn"', "none.dmn: no such file"),
        ('file = "block.msh"', 'file = "none.msh"', "none.msh: there is no such mesh file"),
        ('folder = "out"', 'folder = "net.dmn/out"', "net.dmn is a file"),
        ("", "", "--ranks 10000 is more than"),
    ],
)
def test_much_wrong_input_is_found_before_ranks_start(dmn_fe, folder, old, new, words):
    (folder / "part.toml").write_text(RUN_FILE.replace(old, new))
    process = dmn_fe("run", "part.toml", "--ranks", 10000)
    assert process.returncode == 2
    assert_one_sentence(process.stderr, words)


@pytest.mark.skipif(shutil.which("mpirun") is None, reason="mpirun is not installed")
def test_ranks_of_a_launcher_start_none(folder):
    """Each would, and all would write the same files."""
    command = ["mpirun", *mpirun_options(), "-n", "2", sys.executable, "-m", "dmn_fe", "run"]
    process = subprocess.run(
        [*command, "part.toml", "--ranks", "2"],
        cwd=folder,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert process.returncode == 2
    assert "mpirun has started 2 ranks already; leave --ranks away." in process.stderr
    assert not (folder / "out").exists()


@pytest.mark.skipif(shutil.which("mpirun") is None, reason="mpirun is not installed")
def test_ranks_that_end_before_a_checkpoint_are_told(folder):
    """Their Python ends as it starts."""
    text = (
        "import os\nif {'OMPI_COMM_WORLD_RANK', 'PMI_RANK'} & set(os.environ):\n    os._exit(3)\n"
    )
    (folder / "sitecustomize.py").write_text(text)
    environment = clean_environment()
    process = subprocess.run(
        [sys.executable, "-m", "dmn_fe", "run", "part.toml", "--ranks", "2"],
        cwd=folder,
        env=environment | {"PYTHONPATH": f"{folder}{os.pathsep}{environment['PYTHONPATH']}"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert process.returncode != 0
    last = process.stderr.splitlines()[-1]
    assert last.startswith("dmn-fe: the ranks ended early, with exit status ")
    assert last.endswith("there is no checkpoint in out from which --restart could go on.")


def test_output_must_be_a_folder(dmn_fe, folder):
    process = dmn_fe("run", "part.toml", "--output", "part.toml")
    assert process.returncode == 2
    assert_one_sentence(process.stderr, "part.toml is a file")
    assert process.stdout == ""


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_output_must_be_writable(dmn_fe, folder):
    (folder / "sealed").mkdir(mode=0o500)
    process = dmn_fe("run", "part.toml", "--output", "sealed/out")
    assert process.returncode == 2
    assert_one_sentence(process.stderr, "sealed may not be written")


@pytest.fixture
def only_short_steps(monkeypatch):
    """``only_short_steps(limit)``: laws that fail in longer steps of time."""

    from helpers.blocks import OnlyShortSteps

    def limit_steps(limit: float) -> None:
        law = passes.material_law
        monkeypatch.setattr(passes, "material_law", lambda *t: OnlyShortSteps(law(*t), limit))

    return limit_steps


def test_a_step_that_does_not_converge_is_cut_back(dmn_fe, folder, only_short_steps):
    without_comparison(folder)
    only_short_steps(0.25)
    process = dmn_fe("run", "part.toml")
    assert process.returncode == 0
    assert process.stderr == ""
    assert process.stdout.count("cut back from 0.5 to 0.25: DIVERGED_") == 1
    assert process.stdout.count("grows to 0.375") == 1  # after some steps
    assert process.stdout.count("cut back from") == 2
    rows = reactions(folder / "out" / "reactions.csv")
    assert rows[1]["time"] == 0.25
    assert {1.0, 2.0} <= {row["time"] for row in rows}  # the corners of the loading


def test_a_step_that_fails_ends_with_one_sentence(dmn_fe, folder, only_short_steps):
    only_short_steps(0.0)
    process = dmn_fe("run", "part.toml")
    assert process.returncode == 1
    assert_one_sentence(process.stderr, "cannot be cut below 'smallest' = 0.000488")
    assert "check that every piece of the part is held" in process.stderr
    assert len(reactions(folder / "out" / "reactions.csv")) == 1
    assert (folder / "out" / "picture.png").is_file()


@two_ranks
def test_a_step_that_fails_on_two_ranks_ends_in_order(dmn_fe_process, folder, monkeypatch):
    without_comparison(folder)
    monkeypatch.setenv("PETSC_OPTIONS", "-dmn_fe_snes_max_it 0")
    process = dmn_fe_process("run", "part.toml", "--ranks", 2)
    assert process.returncode == 1
    assert_one_sentence(process.stderr, "cannot be cut below 'smallest'")
    assert (folder / "out" / "picture.png").is_file()


def test_a_picture_that_fails_does_not_fail_the_run(dmn_fe, folder, monkeypatch):
    def fail(*_, **__):
        raise MemoryError("no room for\na picture")

    monkeypatch.setattr("dmn_fe.cli.run_picture.draw", fail)
    without_comparison(folder)
    process = dmn_fe("run", "part.toml")
    assert process.returncode == 0
    words = "warning: the picture could not be drawn (MemoryError: no room for a picture)"
    assert_one_sentence(process.stderr, words)
    assert len(reactions(folder / "out" / "reactions.csv")) == 5


def test_a_plain_law_needs_no_network(dmn_fe, folder):
    plain = '[materials.body]\nlaw = "Elastic"\nyoung = 1000.0\npoisson = 0.0\n'
    text = RUN_FILE.replace('[comparison]\nphase = "matrix"\n', "")
    start, end = text.index("[materials.body]"), text.index("[[supports]]")
    text = text[:start] + plain + text[end:]
    (folder / "part.toml").write_text(text + '[comparison]\nphase = "matrix"\n')
    refused = dmn_fe("run", "part.toml")
    assert refused.returncode == 2
    assert_one_sentence(refused.stderr, "'comparison' needs a material with a network")
    (folder / "part.toml").write_text(text)
    process = dmn_fe("run", "part.toml")
    assert process.returncode == 0, process.stderr
    assert not (folder / "out" / "strain_paths.vtkhdf").exists()
    forces = [row["right F1"] for row in reactions(folder / "out" / "reactions.csv")]
    assert forces == pytest.approx([0.0, 10.0, 20.0, 10.0, 0.0], abs=1e-6)


def test_results_of_an_earlier_run_are_not_taken_for_new_ones(dmn_fe, folder, monkeypatch):
    def fail(*_, **__):
        raise MemoryError

    monkeypatch.setattr("dmn_fe.cli.run_picture.draw", fail)
    without_comparison(folder)
    (folder / "out").mkdir()
    for name in ("picture.png", "notes.txt"):
        (folder / "out" / name).write_text("from yesterday")
    process = dmn_fe("run", "part.toml")
    assert process.returncode == 0
    (results,) = [line for line in process.stdout.splitlines() if line.startswith("results in")]
    assert str(folder / "out") in results
    assert not (folder / "out" / "picture.png").exists()
    assert (folder / "out" / "notes.txt").read_text() == "from yesterday"


@pytest.mark.parametrize("ranks", [1, pytest.param(2, marks=two_ranks)])
def test_an_interrupted_run_says_what_is_kept(folder, ranks):
    """Ctrl-C, which a terminal sends to all processes of a command."""
    without_comparison(folder)
    text = (folder / "part.toml").read_text()
    (folder / "part.toml").write_text(text.replace("largest = 0.5", "largest = 0.0001"))
    command = [sys.executable, "-m", "dmn_fe", "run", "part.toml", "--ranks", str(ranks)]
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=clean_environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    table, limit = folder / "out" / "reactions.csv", time.monotonic() + 120
    try:
        while not (table.exists() and table.read_text().count("\n") > 3):
            assert process.poll() is None
            assert time.monotonic() < limit
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGINT)
        _, stderr = process.communicate(timeout=60)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == 130
    # Some mpiruns pass the signal on to the ranks, which say it as well.
    said = [line for line in stderr.splitlines() if line.startswith("dmn-fe: interrupted")]
    assert "the tables of the steps that were finished are in" in said[0]
    assert "Traceback" not in stderr
    assert len(reactions(table)) >= 3


def test_after_a_run_ctrl_c_is_what_it_was_before(dmn_fe, folder):
    before = signal.getsignal(signal.SIGINT)
    without_comparison(folder)
    assert dmn_fe("run", "part.toml").returncode == 0
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
def test_a_signal_stops_after_the_step_and_restart_goes_on(folder, many_steps, number):
    process, table = run_process(folder), folder / "out" / "reactions.csv"
    wait_for_rows(table, 5, process)
    process.send_signal(number)
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 75, stderr
    assert_one_sentence(stderr, "it was asked to stop; go on with --restart")
    assert 5 <= len(reactions(table)) < len(many_steps)
    refused = run_process(folder)
    _, stderr = refused.communicate(timeout=60)
    assert refused.returncode == 2
    assert_one_sentence(stderr, "holds a run that was not finished; restart it")
    process = run_process(folder, "--restart")
    stdout, stderr = process.communicate(timeout=200)
    assert process.returncode == 0, stderr
    assert "going on from step" in stdout
    assert_same_table(reactions(table), many_steps, 1e-12)


@two_ranks
def test_a_run_killed_twice_goes_on_with_other_ranks(folder, many_steps):
    table = folder / "out" / "reactions.csv"
    for options, rows in ((("--ranks", "2"), 8), (("--restart",), 20)):
        process = run_process(folder, *options)
        wait_for_rows(table, rows, process)
        os.killpg(process.pid, signal.SIGKILL)  # and mpirun; the ranks have groups of their own
        process.communicate(timeout=60)  # their output ends: they have ended as well
    process = run_process(folder, "--restart", "--ranks", "2")
    _, stderr = process.communicate(timeout=200)
    assert process.returncode == 0, stderr
    assert_same_table(reactions(table), many_steps, 1e-9)


def test_the_wall_clock_ends_a_run_in_time(folder, many_steps):
    text = (folder / "part.toml").read_text()
    (folder / "part.toml").write_text(text.replace("[steps]", '[steps]\nwall_clock = "1.5 s"'))
    process = run_process(folder)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 75
    assert_one_sentence(stderr, "the wall clock would run out in the next step; go on with")
    assert len(reactions(folder / "out" / "reactions.csv")) < len(many_steps)


def test_a_finished_run_may_be_repeated(dmn_fe, folder):
    without_comparison(folder)
    for _ in range(2):
        assert dmn_fe("run", "part.toml").returncode == 0
    again = dmn_fe("run", "part.toml", "--restart")
    assert again.returncode == 0
    assert len(reactions(folder / "out" / "reactions.csv")) == 5
    assert "all load steps were done before; without --restart the run begins anew" in again.stdout
    missing = dmn_fe("run", "part.toml", "--restart", "--output", "new")
    assert missing.returncode == 2
    assert_one_sentence(missing.stderr, "there is no checkpoint; start without a restart")


def test_check_tells_costs_and_writes_nothing(dmn_fe, folder):
    process = dmn_fe("run", "part.toml", "--check")
    assert process.returncode == 0, process.stderr
    assert "B a quadrature point" in process.stdout
    assert "s a step of four Newton iterations" in process.stdout
    assert "4 steps or more" in process.stdout
    assert "part.toml: all fits together" in process.stdout
    assert not (folder / "out").exists()
    (folder / "part.toml").write_text(RUN_FILE.replace('group = "right"', 'group = "top"'))
    refused = dmn_fe("run", "part.toml", "--check")
    assert refused.returncode == 2
    assert_one_sentence(refused.stderr, "top")


def test_a_load_factor_is_found_along_a_path(dmn_fe, folder):
    start, end = RUN_FILE.index("[[supports]]"), RUN_FILE.index("[output]")
    text = (
        RUN_FILE[:start]
        + """
[[supports]]
group = "left"
displacement = [0.0, 0.0, 0.0]

[[tractions]]
group = "right"
traction = [10.0, 0.0, 0.0]
amplitude = "factor"

[path]
group = "right"
direction = [1.0, 0.0, 0.0]
until = 0.02

[steps]
largest = 0.005

"""
        + RUN_FILE[end:].replace('[comparison]\nphase = "matrix"\n', "")
    )
    (folder / "part.toml").write_text(text)
    process = dmn_fe("run", "part.toml")
    assert process.returncode == 0, process.stderr
    rows = reactions(folder / "out" / "reactions.csv")
    assert [row["right u1"] for row in rows] == pytest.approx([0.0, 0.005, 0.01, 0.015, 0.02])
    for row in rows:
        assert row["left F1"] == pytest.approx(-10.0 * row["factor"], rel=1e-6, abs=1e-9)
    (folder / "part.toml").write_text(text.replace('amplitude = "factor"', ""))
    refused = dmn_fe("run", "part.toml")
    assert_one_sentence(refused.stderr, "needs a force with amplitude")
    dead = '[[pressures]]\ngroup = "right"\npressure = 1.0\n[path]'
    moved = '[[supports]]\ngroup = "right"\nrate = ["free", 0.1, "free"]\n[path]'
    warm = "[temperature]\nchange = 1.0\n[path]"
    for new, words in (
        (dead, "with a 'path' the pressure of 'right' needs an 'amplitude' of its own"),
        (moved, "with a 'path' the support of 'right' needs an 'amplitude' of its own"),
        (warm, "with a 'path' the temperature needs an 'amplitude' of its own"),
        ('[solver]\nnewton = "modified"\n[path]', "remove 'newton'"),
    ):
        (folder / "part.toml").write_text(text.replace("[path]", new))
        assert_one_sentence(dmn_fe("run", "part.toml", "--check").stderr, words)


def test_a_rate_takes_no_amplitude(dmn_fe, folder):
    old = 'group = "right"\ndisplacement = [0.02, "free", "free"]'
    assert old in RUN_FILE
    new = 'group = "right"\nrate = [0.02, "free", "free"]\namplitude = "cycle"'
    cycle = "[amplitudes]\ncycle = [[0.0, 0.0], [1.0, 1.0]]\n[loading]"
    text = RUN_FILE.replace(old, new).replace("[loading]", cycle)
    (folder / "part.toml").write_text(text)
    assert_one_sentence(dmn_fe("run", "part.toml").stderr, "a rate has no amplitude")


@pytest.fixture
def cell(folder):
    """A run file of a cube under a mean strain; uneven.msh is one that is no periodic cell."""
    import gmsh

    gmsh.initialize(readConfigFiles=False, interruptible=False)
    gmsh.option.setNumber("General.Terminal", 0)
    gmsh.model.occ.addBox(0, 0, 0, 1, 1, 1)
    gmsh.model.occ.synchronize()
    gmsh.model.addPhysicalGroup(3, [1], name="body")
    for name, nodes_of_one_edge in (("cell", 3), ("uneven", 4)):
        for _, curve in gmsh.model.getEntities(1):
            gmsh.model.mesh.setTransfiniteCurve(curve, 3 if curve > 1 else nodes_of_one_edge)
        gmsh.model.mesh.clear()
        gmsh.model.mesh.generate(3)
        gmsh.write(str(folder / f"{name}.msh"))
    gmsh.finalize()
    start, end = RUN_FILE.index("[[supports]]"), RUN_FILE.index("[loading]")
    strain = "[periodic]\nstrain = { 11 = 0.02, 12 = 0.0 }\nstress = { 33 = 4.0 }\n"
    text = RUN_FILE[:start] + strain + RUN_FILE[end:]
    text = text.replace("block.msh", "cell.msh").replace('reactions = ["left"]\n', "")
    (folder / "part.toml").write_text(text)
    return folder


def test_a_periodic_cell(dmn_fe, cell):
    assert "all fits together" in dmn_fe("run", "part.toml", "--check").stdout
    process = dmn_fe("run", "part.toml")
    assert process.returncode == 0, process.stderr
    rows, alone = (reactions(cell / "out" / name) for name in ("cell.csv", "cell_matrix.csv"))
    assert [row["strain 11"] for row in rows] == pytest.approx([0.0, 0.01, 0.02, 0.01, 0.0])
    assert [row["stress 33"] for row in rows] == pytest.approx([0.0, 2.0, 4.0, 2.0, 0.0], abs=1e-6)
    assert rows[2]["stress 11"] > 1.2 * alone[2]["stress 11"] > 0
    assert rows[4]["stress 11"] < 0
    assert rows[4]["stress 22"] == pytest.approx(0.0, abs=1e-6)
    assert not (cell / "out" / "reactions.csv").exists()
    assert (cell / "out" / "picture.png").read_bytes().startswith(b"\x89PNG")
    process = dmn_fe("plot", "out")
    assert process.returncode == 0, process.stderr
    assert (cell / "out" / "curves.png").is_file()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            "[periodic]\n",
            '[[supports]]\ngroup = "left"\nrate = [0, 0, 0]\n[periodic]\n',
            "or else 'periodic'",
        ),
        ("12 = 0.0", "21 = 0.0", "it must be '11', '22'"),
        ("stress = { 33", "stress = { 11", "both have the component 11"),
        ("12 = 0.0", "12 = nan", "the key 'periodic.strain.12' = nan"),
        ("[output]\n", '[output]\nreactions = ["left"]\n', "remove 'output.reactions'"),
        ("cell.msh", "uneven.msh", "the mesh is not periodic"),
    ],
)
def test_wrong_periodic_cells_get_one_sentence(dmn_fe, cell, old, new, words):
    text = (cell / "part.toml").read_text()
    assert old in text
    (cell / "part.toml").write_text(text.replace(old, new))
    process = dmn_fe("run", "part.toml")
    assert process.returncode == 2
    assert_one_sentence(process.stderr, words)
    assert not (cell / "out").exists()


def test_other_loads_and_kinds_of_a_run_file(dmn_fe, folder):
    """A sheet in plane stress that is warm, pulled and pressed, with probes and points."""
    import gmsh

    gmsh.initialize(readConfigFiles=False, interruptible=False)
    gmsh.option.setNumber("General.Terminal", 0)
    gmsh.model.occ.addRectangle(0, 0, 0, 2, 1)
    gmsh.model.occ.synchronize()
    gmsh.model.addPhysicalGroup(2, [1], name="sheet")
    for name, tag in (("bottom", 1), ("right", 2), ("top", 3), ("left", 4)):
        gmsh.model.addPhysicalGroup(1, [tag], name=name)
    gmsh.option.setNumber("Mesh.MeshSizeMin", 0.5)
    gmsh.model.mesh.generate(2)
    gmsh.write(str(folder / "sheet.msh"))
    gmsh.finalize()
    (folder / "part.toml").write_text(
        """
[mesh]
file = "sheet.msh"
kind = "plane stress"
thickness = 0.5

[materials.sheet]
law = "Elastic"
young = 1000.0
poisson = 0.25
expansion = 1e-3

[axes.sheet]
rotation = [[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]

[[supports]]
group = "left"
displacement = [0.0, "free"]

[[supports]]
group = "bottom"
displacement = ["free", 0.0]

[[resultants]]
group = "right"
force = [2.0, 0.0]
amplitude = "late"

[[pressures]]
group = "top"
pressure = 8.0

[temperature]
change = 10.0

[amplitudes]
late = [[0.0, 0.0], [0.5, 0.0], [1.0, 1.0]]

[loading]
points = [[0.0, 0.0], [1.0, 1.0]]

[steps]
largest = 1.0

[output]
folder = "out"
probes = { corner = [2.0, 1.0] }
points = { quantities = ["stress", "temperature"] }
fields = { format = "xdmf", quantities = ["von_mises", "temperature"] }
"""
    )
    process = dmn_fe("run", "part.toml")
    assert process.returncode == 0, process.stderr
    rows = reactions(folder / "out" / "probes.csv")
    assert [row["time"] for row in rows] == [0.0, 0.5, 1.0]
    for row, pull in ((rows[1], 0.0), (rows[2], 4.0)):
        press, warm = -8.0 * row["time"], 1e-2 * row["time"]
        assert row["corner u1"] == pytest.approx(2.0 * ((pull - 0.25 * press) / 1000.0 + warm))
        assert row["corner u2"] == pytest.approx((press - 0.25 * pull) / 1000.0 + warm)
    names = {path.name for path in (folder / "out").iterdir()}
    assert {"fields.xdmf", "points.vtkhdf", "reactions.csv", "checkpoints"} <= names


def test_full_fe2_is_one_line(dmn_fe, folder):
    """An RVE in place of the network; here one whose phases are alike, which is its matrix."""
    np.save(folder / "rve.npy", np.eye(3, dtype=np.uint8)[:, :, None])
    pytest.importorskip("dolfinx_mpc")
    text = RUN_FILE.replace('network = "net.dmn"', 'rve = "rve.npy"\nsolver = "elements"')
    text = text.replace("largest = 0.5", "largest = 1.0").replace(", [2.0, 0.0]]", "]")
    text = text.replace(
        'phases.inclusion = { law = "Elastic", young = 70000.0, poisson = 0.2 }',
        text[text.index("phases.matrix") :].split("\n")[0].replace("matrix", "inclusion"),
    )
    (folder / "part.toml").write_text(text)
    process = dmn_fe("run", "part.toml")
    assert process.returncode == 0, process.stderr
    assert "FE² on rve.npy" in process.stdout
    out = folder / "out"
    tables = [reactions(out / name) for name in ("reactions.csv", "reactions_matrix.csv")]
    assert_same_table(*tables, 1e-5)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("rve.npy", "none.npy", "none.npy"),
        ("phases.inclusion", "phases.fibre", "rve.npy: "),
        ('solver = "fft"', 'solver = "fftw"', "materials.body.solver"),
        ('solver = "fft"', "tolerance = 0.0", "materials.body.tolerance"),
        ('solver = "fft"', 'names = ["resin", "inclusion"]', "'resin'"),
    ],
)
def test_wrong_input_of_full_fe2_gets_one_sentence(dmn_fe, folder, old, new, words):
    np.save(folder / "rve.npy", np.eye(3, dtype=np.uint8)[:, :, None])
    text = RUN_FILE.replace('network = "net.dmn"', 'rve = "rve.npy"\nsolver = "fft"')
    assert old in text
    (folder / "part.toml").write_text(text.replace(old, new))
    process = dmn_fe("run", "part.toml")
    assert process.returncode == 2
    assert_one_sentence(process.stderr, words)
    assert not (folder / "out").exists()


def test_a_switch_to_another_rve_than_that_of_the_network_is_refused(dmn_fe, folder):
    network = random_network(2).with_metadata(data={"rve_hash": "0" * 64})
    save(network, folder / "net.dmn")
    np.save(folder / "rve.npy", np.eye(3, dtype=np.uint8)[:, :, None])
    switched = 'network = "net.dmn"\nswitch = { rve = "rve.npy" }'
    (folder / "part.toml").write_text(RUN_FILE.replace('network = "net.dmn"', switched))
    process = dmn_fe("run", "part.toml", "--check")
    assert process.returncode == 2
    words = "materials.body.switch, rve.npy: the network has learnt from another RVE"
    assert_one_sentence(process.stderr, words)


def test_points_switch_to_the_rve(dmn_fe, folder):
    network = random_network(2)
    envelope = {"strain_envelope": {"deviatoric": 0.01, "volumetric": 0.01}}
    save(replace(network, metadata=envelope), folder / "net.dmn")
    np.save(folder / "rve.npy", np.eye(3, dtype=np.uint8)[:, :, None])
    switch = 'switch = { rve = "rve.npy", spread = "off", envelope = 0.5, most = 0.02 }'
    text = RUN_FILE.replace('network = "net.dmn"', f'network = "net.dmn"\n{switch}')
    text = text.replace('[comparison]\nphase = "matrix"\n', "").replace(
        "0.5\n\n[out", "1.0\n\n[out"
    )
    (folder / "part.toml").write_text(text)
    process = dmn_fe("run", "part.toml")
    assert process.returncode == 0, process.stderr
    rows = reactions(folder / "out" / "switching.csv")
    points = int(re.search(r"(\d+) quadrature points", process.stdout).group(1))
    assert [row["rve points"] for row in rows[:2]] == [0.0, points // 50]
    assert rows[1]["left network"] == points // 50
    assert rows[-1]["rve seconds"] > rows[0]["rve seconds"]


def test_thresholds_that_switch_all_points_are_told_before(dmn_fe, folder, caplog):
    np.save(folder / "rve.npy", np.eye(3, dtype=np.uint8)[:, :, None])
    save(Ensemble((random_network(2, 1), random_network(2, 2))), folder / "net.dmn")
    switch = 'switch = { rve = "rve.npy", spread = 1e-6 }'
    text = RUN_FILE.replace('network = "net.dmn"', f'network = "net.dmn"\n{switch}')
    (folder / "part.toml").write_text(text)
    process = dmn_fe("run", "part.toml", "--check")
    assert process.returncode == 0, process.stderr
    assert "beyond its thresholds at small elastic strains already" in caplog.text
    assert "points will have the full RVE, as many as 'most' lets, which takes " in caplog.text
    assert not (folder / "out").exists()


@pytest.mark.parametrize(
    ("switch", "words"),
    [
        ('rve = "none.npy"', "none.npy"),
        ('rve = "rve.npy", spread = -1.0', "materials.body.switch.spread"),
        ('rve = "rve.npy", spread = "off", envelope = "off"', "give a threshold"),
        ('rve = "rve.npy", names = ["resin", "inclusion"]', "'resin'"),
        ('rve = "rve.npy"', "part.toml: materials.body.switch: the rule counts nothing"),
    ],
)
def test_wrong_switches_get_one_sentence(dmn_fe, folder, switch, words):
    np.save(folder / "rve.npy", np.eye(3, dtype=np.uint8)[:, :, None])
    switched = f'network = "net.dmn"\nswitch = {{ {switch} }}'
    (folder / "part.toml").write_text(RUN_FILE.replace('network = "net.dmn"', switched))
    process = dmn_fe("run", "part.toml")
    assert process.returncode == 2
    assert_one_sentence(process.stderr, words)
