"""The end of all ranks after an error."""

import contextlib
import shutil
import subprocess
import sys

import pytest
from helpers.files import largest_file
from helpers.processes import clean_environment

from dmn_fe import InputError
from dmn_fe.cli.communicator import communicator
from dmn_fe.cli.failure import Failure, fail_together, handover, read_failure
from dmn_fe.resources import available_cores

ERROR = InputError("a.toml: is wrong; mend it")

two_ranks = pytest.mark.skipif(
    shutil.which("mpirun") is None or available_cores() < 2,
    reason="mpirun is not installed, or there is one core only",
)


@pytest.fixture
def started(tmp_path, monkeypatch):
    """As ranks are started; the file for their failure."""
    file = tmp_path / "left" / "failure"
    file.parent.mkdir()
    for name, value in handover(2, file).items():
        monkeypatch.setenv(name, value)
    return file


def test_who_started_the_ranks_says_it(started, capsys):
    with pytest.raises(SystemExit) as ending:
        fail_together(ERROR, 2, None)
    assert ending.value.code == 0  # mpirun has nothing to add
    assert capsys.readouterr().err == ""
    assert read_failure(started) == Failure(2, str(ERROR))


def test_nobody_has_failed(tmp_path):
    assert read_failure(tmp_path / "failure") is None


@pytest.mark.parametrize("hindrance", ["nobody asks", "nobody waits", "the disk is full"])
def test_where_it_cannot_be_left_it_is_said_here(started, capsys, monkeypatch, hindrance):
    limit = contextlib.nullcontext()
    if hindrance == "nobody asks":
        monkeypatch.delenv("DMN_FE_FAILURE")
    elif hindrance == "nobody waits":
        started.parent.rmdir()
    else:
        limit = largest_file(0)
    with limit, pytest.raises(SystemExit) as ending:
        fail_together(ERROR, 2, None)
    assert ending.value.code == 2
    assert capsys.readouterr().err == f"dmn-fe: {ERROR}\n"
    assert read_failure(started) is None


def test_ranks_need_an_mpi4py_that_works(started, monkeypatch):
    monkeypatch.setitem(sys.modules, "mpi4py", None)
    with pytest.raises(SystemExit):
        communicator()
    told = read_failure(started)
    assert told.status == 2
    assert told.sentence.startswith("mpi4py cannot be used (")
    for name in ("DMN_FE_RANKS", "DMN_FE_FAILURE"):
        monkeypatch.delenv(name)
    assert communicator() is None


@two_ranks
def test_a_rank_that_fails_alone_ends_the_others():
    code = """
from mpi4py import MPI
from dmn_fe.cli import failure
failure._SECONDS_TO_MEET = 1.0
comm = MPI.COMM_WORLD
if comm.rank == 1:
    failure.fail_together(ValueError("one of two"), 3, comm)
comm.recv(source=1)
"""
    command = ["mpirun", "-n", "2", sys.executable, "-c", code]
    process = subprocess.run(
        command, env=clean_environment(), capture_output=True, text=True, timeout=60, check=False
    )
    assert process.returncode == 3  # that of the failure, not of a mistake in this test
