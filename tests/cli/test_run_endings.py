"""How ``dmn-fe run`` ends, and what it leaves, where something does not fit or fails."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.networks import random_network
from helpers.processes import clean_environment, mpirun_options
from helpers.run_files import (
    RUN_FILE,
    assert_one_sentence,
    reactions,
    two_ranks,
    without_comparison,
)

if importlib.util.find_spec("dolfinx") is None or importlib.util.find_spec("gmsh") is None:
    pytest.skip("DOLFINx or gmsh is not installed", allow_module_level=True)

import dmn_fe.fem  # noqa: F401  before torch

# isort: split
from mpi4py import MPI

from dmn_fe import save
from dmn_fe.cli import pass_run, passes, simulation
from dmn_fe.cli.failure import handover, read_failure
from dmn_fe.cli.run_outputs import outputs_of
from dmn_fe.fem import Ending
from dmn_fe.laws import Status

ENVELOPE = {"deviatoric": 0.004, "volumetric": 0.02}


def contents(folder: Path) -> dict[str, bytes]:
    return {str(one.relative_to(folder)): one.read_bytes() for one in files(folder)}


def files(folder: Path) -> list[Path]:
    return [one for one in folder.rglob("*") if one.is_file()]


def test_what_does_not_fit_leaves_an_earlier_run_alone(dmn_fe, folder):
    without_comparison(folder)
    text = (folder / "part.toml").read_text()
    assert dmn_fe("run", "part.toml").returncode == 0
    before = contents(folder / "out")
    assert "picture.png" in before
    for wrong, words in (
        ("probes = { far = [9.0, 0.0, 0.0] }", "the point 'far' at (9, 0, 0) lies outside"),
        ('points.quantities = ["temperature"]', "has no temperature to write"),
        ('points.quantities = ["stress of resin"]', "no material of the problem has a phase"),
    ):
        (folder / "part.toml").write_text(text.replace("fields.every", f"{wrong}\nfields.every"))
        for options in (("--check",), ()):
            process = dmn_fe("run", "part.toml", *options)
            assert process.returncode == 2, wrong
            assert_one_sentence(process.stderr, words)
            assert contents(folder / "out") == before


class Hopeless:
    """A law that converges nowhere."""

    def __init__(self, law):
        self.law = law
        self.state_size, self.initial_state = law.state_size, law.initial_state

    def integrate(self, *arguments):
        update = self.law.integrate(*arguments)
        update.status[:] = Status.MAX_ITERATIONS
        return update


def test_a_comparison_that_fails_is_a_warning(dmn_fe, folder, monkeypatch):
    def hopeless(*arguments):
        return Hopeless(comparison_law(*arguments))

    comparison_law = passes.comparison_law
    monkeypatch.setattr(passes, "comparison_law", hopeless)
    process = dmn_fe("run", "part.toml")
    assert process.returncode == 0, process.stderr
    assert "warning: the comparison is not complete (no convergence from 0" in process.stderr
    assert len(reactions(folder / "out" / "reactions.csv")) == 5
    assert (folder / "out" / "picture.png").is_file()


def test_a_comparison_stops_when_asked_to(folder, capfd):
    alone = folder / "out" / "reactions_matrix.csv"
    text = RUN_FILE.replace('"out"', f'"{folder / "out"}"')
    (folder / "part.toml").write_text(text)
    ending = simulation.simulate(
        folder / "part.toml", stop=lambda: alone.exists() and len(reactions(alone)) > 2
    )
    assert ending is Ending.FINISHED
    assert "comparison is not complete (it was asked to stop)" in capfd.readouterr().err
    assert len(reactions(alone)) == 3
    assert len(reactions(folder / "out" / "reactions.csv")) == 5


def test_a_comparison_has_what_the_run_has_left_of_the_wall_clock(dmn_fe, folder, monkeypatch):
    given = []

    class Recorded(pass_run.Simulation):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            given.append(self._clock._limit)

        @property
        def seconds(self):
            return 100.0 if len(given) == 1 and self.problem.time == 2.0 else 0.0

    monkeypatch.setattr(pass_run, "Simulation", Recorded)
    text = RUN_FILE.replace("[steps]", '[steps]\nwall_clock = "1 h"')
    (folder / "part.toml").write_text(text)
    process = dmn_fe("run", "part.toml")
    assert process.returncode == 0, process.stderr
    assert given == [3600.0, 3500.0]


def test_networks_that_ranks_share_are_watched_as_well(folder):
    without_comparison(folder)
    text = (folder / "part.toml").read_text()
    save(random_network(2).with_metadata(strain_envelope=ENVELOPE), folder / "net.dmn")
    told = []
    for share in ("local", "node"):
        shared = text.replace('"net.dmn"', f'"net.dmn"\nshare = "{share}"')
        (folder / "part.toml").write_text(shared)
        run_file, given, part = simulation.read_case(folder / "part.toml", None, MPI.COMM_WORLD)
        problem, _ = pass_run.pass_problem(run_file, part, given[-1])
        outputs = outputs_of(run_file, part, folder, "r.csv", problem, None)
        told.append([type(one).__name__ for one in outputs])
    assert told[0] == told[1]
    assert "EnvelopeWatch" in told[0]


@two_ranks
@pytest.mark.parametrize("ranks", [1, 2])
def test_a_law_that_fails_on_one_rank_ends_with_a_sentence_and_a_checkpoint(folder, ranks):
    without_comparison(folder)
    # As of `dmn-fe run --ranks`: mpirun may lose what a rank says in the end.
    failure = folder / "failure"
    command = ["mpirun", *mpirun_options(), "-n", str(ranks), sys.executable]
    process = subprocess.run(
        [*command, str(Path(__file__).parent / "mpi_full_memory.py")],
        cwd=folder,
        env=clean_environment() | handover(ranks, failure),
        capture_output=True,
        text=True,
        timeout=120,
    )
    told = read_failure(failure)
    assert told is not None
    assert told.status == 1
    assert "CUDA out of memory" in told.sentence
    assert "Traceback" not in process.stderr
    steps = int(reactions(folder / "out" / "reactions.csv")[-1]["step"])
    assert steps >= 1
    kept = sorted(one.name for one in (folder / "out" / "checkpoints").iterdir())
    assert kept[-1] == f"step_{steps:07d}"
