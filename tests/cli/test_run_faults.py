"""``dmn-fe run`` on two ranks while something goes wrong: it ends with a sentence, and goes on."""

import importlib.util
import os
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from helpers.networks import random_network
from helpers.processes import clean_environment, process_of_rank
from helpers.run_files import (
    RUN_FILE,
    assert_one_sentence,
    assert_same_table,
    reactions,
    run_process,
    two_ranks,
    wait_for_rows,
)

from dmn_fe import read_series, save

pytestmark = [
    two_ranks,
    pytest.mark.skipif(sys.platform != "linux", reason="ranks are found as of Linux"),
    pytest.mark.skipif(
        importlib.util.find_spec("dolfinx") is None or importlib.util.find_spec("gmsh") is None,
        reason="DOLFINx or gmsh is not installed",
    ),
]
MANY_STEPS = (
    RUN_FILE.replace("largest = 0.5", "largest = 0.05")
    .replace("fields.every = 2", "fields.every = 1")
    .replace('[comparison]\nphase = "matrix"', "[checkpoints]\nevery = 0")
    + "[solver]\npetsc = { snes_rtol = 1e-13 }\n"
)
SOON = 30  # seconds


@pytest.fixture(scope="module")
def whole(block, tmp_path_factory):
    """A folder with a run that nothing has disturbed."""
    folder = tmp_path_factory.mktemp("whole")
    shutil.copy(block, folder / "block.msh")
    save(random_network(2), folder / "net.dmn")
    (folder / "part.toml").write_text(MANY_STEPS)
    command = [sys.executable, "-m", "dmn_fe", "run", "part.toml"]
    subprocess.run(
        command,
        cwd=folder,
        env=clean_environment(),
        timeout=120,
        check=True,
        capture_output=True,
    )
    return folder


@pytest.fixture
def under_way(whole, tmp_path):
    """The same run on two ranks, after some steps: its folder and process."""
    for name in ("block.msh", "net.dmn", "part.toml"):
        shutil.copy(whole / name, tmp_path)
    process = run_process(tmp_path, "--ranks", "2")
    wait_for_rows(tmp_path / "out" / "reactions.csv", 6, process)
    yield tmp_path, process
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)


def assert_goes_on(folder, whole, *options):
    """A restart leaves what one run leaves."""
    process = run_process(folder, "--restart", *options)
    stdout, stderr = process.communicate(timeout=120)
    assert process.returncode == 0, stderr
    assert "going on from step" in stdout
    found, expected = (reactions(one / "out" / "reactions.csv") for one in (folder, whole))
    assert_same_table(found, expected, 1e-10)
    for name in ("fields", "strain_paths"):
        path = Path("out", f"{name}.vtkhdf")
        found, expected = (read_series(one / path) for one in (folder, whole))
        n, at = len(found.times), f"out/{name}_damaged.vtkhdf"
        # A process that was killed in a write left a file that could not be continued.
        assert n == len(expected.times) or (folder / at).is_file()
        np.testing.assert_array_equal(found.times, expected.times[-n:])
        assert found.cell_data.keys() == expected.cell_data.keys()
        strain = (one.point_data.get("strain", np.empty(0)) for one in (found, expected))
        np.testing.assert_allclose(*(values[-n:] for values in strain), rtol=0, atol=1e-10)


@pytest.mark.parametrize("rank", [0, 1])
def test_a_rank_that_is_killed_ends_the_others(under_way, whole, rank):
    folder, process = under_way
    os.kill(process_of_rank(folder, rank), signal.SIGKILL)
    _, stderr = process.communicate(timeout=SOON)
    assert process.returncode not in (0, 75)
    last = stderr.splitlines()[-1]
    assert last.startswith("dmn-fe: the ranks ended early, with exit status ")
    assert last.endswith("are in out, and the last checkpoint, from which --restart goes on.")
    assert_goes_on(folder, whole)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
def test_a_signal_to_who_started_the_ranks_stops_them(under_way, whole, number):
    folder, process = under_way
    process.send_signal(number)
    _, stderr = process.communicate(timeout=SOON)
    assert process.returncode == 75, stderr
    assert_one_sentence(stderr, "it was asked to stop; go on with --restart")
    assert len(reactions(folder / "out" / "reactions.csv")) < 40
    assert_goes_on(folder, whole)


@pytest.mark.parametrize(("rank", "named"), [(1, "rank_00001.safetensors"), (0, ".vtkhdf")])
def test_a_disk_that_is_full_for_one_rank(under_way, whole, rank, named):
    """No file of the rank may grow beyond 1000 bytes, or beyond the size of the fields.

    Whether fields or strain paths are then the first that cannot grow depends on the moment.
    """
    folder, process = under_way
    pid = process_of_rank(folder, rank)
    os.kill(pid, signal.SIGSTOP)  # or the fields might grow meanwhile
    size = 1000 if rank == 1 else (folder / "out" / "fields.vtkhdf").stat().st_size
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, size))
    os.kill(pid, signal.SIGCONT)
    _, stderr = process.communicate(timeout=SOON)
    assert process.returncode == 2, stderr
    assert_one_sentence(stderr, f"{named}: File too large; check the file, its folder")
    kept = [one for one in (folder / "out" / "checkpoints").iterdir() if one.name[0] != "."]
    assert all((one / "manifest.json").is_file() for one in kept)
    assert_goes_on(folder, whole, "--ranks", "2")


def test_networks_are_in_memory(under_way, whole):
    folder, process = under_way
    (folder / "net.dmn").unlink()
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 0, stderr
    found, expected = (reactions(one / "out" / "reactions.csv") for one in (folder, whole))
    assert_same_table(found, expected, 1e-10)
    again = run_process(folder, "--restart", "--ranks", "2")
    _, stderr = again.communicate(timeout=SOON)
    assert again.returncode == 2
    assert_one_sentence(stderr, "net.dmn: no such file")
