"""A small block for ``dmn-fe run``: its run file, processes that run it, and their tables."""

import csv
import shutil
import subprocess
import sys
import time

import pytest

from dmn_fe.resources import available_cores
from helpers.processes import clean_environment

__all__ = [
    "RUN_FILE",
    "assert_one_sentence",
    "assert_same_table",
    "reactions",
    "run_process",
    "two_ranks",
    "wait_for_rows",
    "without_comparison",
]

RUN_FILE = """
title = "Block"

[mesh]
file = "block.msh"

[materials.body]
network = "net.dmn"
phases.matrix = { law = "J2", young = 3000.0, poisson = 0.35, hardening = { type = "linear", yield_stress = 30.0, modulus = 50.0 } }
phases.inclusion = { law = "Elastic", young = 70000.0, poisson = 0.2 }

[[supports]]
group = "left"
displacement = [0.0, 0.0, 0.0]

[[supports]]
group = "right"
displacement = [0.02, "free", "free"]

[loading]
points = [[0.0, 0.0], [1.0, 1.0], [2.0, 0.0]]

[steps]
largest = 0.5

[output]
folder = "out"
reactions = ["left"]
fields.every = 2

[comparison]
phase = "matrix"
"""  # noqa: E501


two_ranks = pytest.mark.skipif(
    shutil.which("mpirun") is None or available_cores() < 2,
    reason="mpirun is not installed, or there is one core only",
)


def reactions(path) -> list[dict[str, float]]:
    """Rows of a table."""
    with open(path, newline="") as file:
        return [{k: float(v) for k, v in row.items()} for row in csv.DictReader(file)]


def assert_one_sentence(stderr, words):
    """Nothing but one line of the command, with these words in it."""
    assert stderr.startswith("dmn-fe: ")
    assert stderr.count("\n") == 1
    assert stderr.endswith("\n")
    assert words in stderr


def without_comparison(folder):
    """Write the run file without its second pass."""
    text = RUN_FILE.replace('[comparison]\nphase = "matrix"\n', "")
    assert text != RUN_FILE
    (folder / "part.toml").write_text(text)


def run_process(folder, *options) -> subprocess.Popen:
    """``dmn-fe run part.toml`` in a folder, in a group of processes of its own."""
    command = [sys.executable, "-m", "dmn_fe", "run", "part.toml", *options]
    return subprocess.Popen(
        command,
        cwd=folder,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait_for_rows(table, count: int, process) -> None:
    """Wait until the table of a run has more than so many lines."""
    limit = time.monotonic() + 120
    while not (table.exists() and table.read_text().count("\n") > count):
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < limit
        time.sleep(0.02)


def assert_same_table(found, expected, tolerance):
    """The same steps, and numbers that differ by a part of the largest force."""
    assert [row["step"] for row in found] == [row["step"] for row in expected]
    largest = max(abs(value) for row in expected for key, value in row.items() if "F" in key)
    for row, other in zip(found, expected, strict=True):
        for key, value in other.items():
            if key != "iterations":
                assert row[key] == pytest.approx(value, rel=0, abs=tolerance * largest)
