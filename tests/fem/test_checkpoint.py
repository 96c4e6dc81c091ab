"""Checkpoints: restarts on any number of ranks, interrupted writing, wrong files."""

# isort: off
from dmn_fe.fem import (  # before torch
    Checkpoints,
    Simulation,
    StepControl,
    StepSizes,
    Support,
    make_problem,
)

# isort: on
import json
import logging
import shutil
from pathlib import Path

import numpy as np
import pytest
from helpers.parts import box, rectangle

from dmn_fe import InputError, laws
from dmn_fe.fem.checkpoint_files import read_rows, write_rows

SCRIPT = "mpi_restart.py"
STEEL = laws.J2(200e3, 0.3, laws.LinearHardening(250.0, 2000.0))


@pytest.mark.parametrize(("writers", "readers"), [(1, (1, 2)), (2, (1, 3)), (3, (2,))])
def test_a_restart_on_other_ranks_goes_on_alike(on_ranks, writers, readers):
    whole = on_ranks(writers, "write", SCRIPT)[0]
    for ranks in readers:
        restarted = on_ranks(ranks, "read", SCRIPT)[0]
        for name, reactions in whole.items():
            expected = np.array(reactions[1:])
            tolerance = 1e-12 if ranks == writers else 1e-10
            largest = np.abs(expected).max()
            np.testing.assert_allclose(restarted[name], expected, atol=tolerance * largest)


def test_a_restart_on_as_many_ranks_reads_the_files_of_neighbours_alone(on_ranks):
    results = on_ranks(3, "read_again", SCRIPT)
    for rank, found in enumerate(results):
        assert found["opened"][0] == rank
        assert set(found["opened"][1:]) <= set(found["owners"])
    assert min(len(found["opened"]) for found in results) < 3  # the ends of the bar are none


def test_ranks_agree_on_a_file_that_one_of_them_finds_damaged(on_ranks):
    for found in on_ranks(3, "damage", SCRIPT):
        assert found == {"time": 0.2, "converged": True}


def sheet(law=STEEL, n=2, degree=2):
    part = rectangle(1.0, 1.0, (n, n))
    supports = [Support("left", [0.0, 0.0]), Support("right", [0.01, 0.0])]
    return make_problem(part, {"part": law}, supports, displacement_degree=degree)


@pytest.fixture
def written(tmp_path):
    problem = sheet()
    assert problem.step(0.5).converged
    checkpoints = Checkpoints(tmp_path / "checkpoints")
    checkpoints.save(problem)
    return checkpoints


def test_old_checkpoints_go_and_interrupted_ones_are_not_taken(written):
    problem = sheet()
    written.restore(problem)
    for t in (0.6, 0.7, 0.8):
        assert problem.step(t).converged
        written.save(problem)
    names = sorted(path.name for path in written.folder.iterdir())
    assert names == ["step_0000003", "step_0000004"]
    (written.folder / "step_0000009").mkdir()  # without a manifest
    shutil.copytree(written.folder / "step_0000004", written.folder / ".step_0000010.partial")
    other = sheet()
    written.restore(other)
    assert (other.time, other.steps) == (0.8, 4)
    np.testing.assert_array_equal(other.u.x.array, problem.u.x.array)
    assert other.qmap.state_of(1).equal(problem.qmap.state_of(1))


def test_what_does_not_fit_is_refused_and_changes_nothing(written):
    harder = laws.J2(200e3, 0.3, laws.LinearHardening(251.0, 2000.0))
    for other, words in (
        (sheet(harder), "other laws"),
        (sheet(n=3), r"other cells \(4, here 9\)"),
        (sheet(degree=1), r"other displacement degree"),
        (make_problem(box(1), {"part": STEEL}, [Support("x0", [0.0] * 3)]), "other cells"),
    ):
        with pytest.raises(InputError, match=words):
            written.restore(other)
        assert other.time == 0.0
    (kept,) = written.folder.iterdir()
    rows = read_rows(kept, 0)
    rows["cell"][0] = 1000  # of another mesh
    write_rows(kept, 0, rows)
    incomplete = sheet()
    with pytest.raises(InputError, match=r"does not fit .*cells of this mesh are missing"):
        written.restore(incomplete)
    assert incomplete.time == 0.0
    assert not incomplete.u.x.array.any()


def test_a_mesh_that_lies_elsewhere_and_a_folder_without_checkpoints(written, tmp_path):
    moved = sheet()
    moved.u.function_space.mesh.geometry.x[:, 0] *= 2.0
    with pytest.raises(InputError, match="lie elsewhere"):
        written.restore(moved)
    with pytest.raises(InputError, match="there is no checkpoint"):
        Checkpoints(tmp_path / "none").restore(sheet())


@pytest.mark.parametrize("damage", ["cut", "version", "json", "missing"])
def test_damaged_files_are_refused(written, damage):
    folder = next(written.folder.iterdir())
    rows, manifest = folder / "rank_00000.safetensors", folder / "manifest.json"
    words = "rank_00000.safetensors"
    if damage == "cut":
        rows.write_bytes(rows.read_bytes()[:-100])
    elif damage == "missing":
        rows.unlink()
    elif damage == "version":
        text = json.loads(manifest.read_text()) | {"format_version": 99}
        manifest.write_text(json.dumps(text))
        words = "format version 99"
    else:
        manifest.write_text("{")
        words = "is damaged"
    problem = sheet()
    with pytest.raises(InputError, match=words):
        written.restore(problem)
    assert problem.time == 0.0
    assert not problem.u.x.array.any()


def names(checkpoints: Checkpoints) -> list[str]:
    return sorted(path.name for path in checkpoints.folder.iterdir())


@pytest.fixture
def killed(monkeypatch):
    """A removal of a folder that is interrupted when it has begun."""

    def rmtree(path, ignore_errors=False):
        if not Path(path).exists():
            return
        (Path(path) / "rank_00000.safetensors").unlink()
        raise KeyboardInterrupt

    def kill():
        monkeypatch.setattr(shutil, "rmtree", rmtree)
        return monkeypatch.undo

    return kill


def test_a_kill_while_a_checkpoint_is_replaced_leaves_it_whole(written, killed):
    problem = sheet()
    written.restore(problem)
    revive = killed()
    with pytest.raises(KeyboardInterrupt):
        written.save(problem)
    revive()
    other = sheet()
    written.restore(other)
    assert other.time == 0.5
    np.testing.assert_array_equal(other.u.x.array, problem.u.x.array)
    assert problem.step(0.6).converged
    written.save(problem)
    assert names(written) == ["step_0000001", "step_0000002"]


def test_a_kill_while_an_old_checkpoint_is_removed_leaves_no_half_of_it(written, killed):
    problem, one = sheet(), Checkpoints(written.folder, keep=1)
    one.restore(problem)
    assert problem.step(0.6).converged
    revive = killed()
    with pytest.raises(KeyboardInterrupt):
        one.save(problem)
    revive()
    assert [name for name in names(one) if not name.startswith(".")] == ["step_0000002"]
    assert problem.step(0.7).converged
    one.save(problem)
    assert names(one) == ["step_0000003"]


def test_what_earlier_runs_left_is_removed(written):
    shutil.copytree(written.folder / "step_0000001", written.folder / ".step_0000007.partial")
    problem = sheet()
    written.restore(problem)
    assert problem.step(0.6).converged
    written.save(problem)
    assert names(written) == ["step_0000001", "step_0000002"]


@pytest.mark.parametrize("damage", ["cut", "json", "missing"])
def test_of_a_damaged_checkpoint_the_one_before_is_taken(written, damage, caplog):
    problem = sheet()
    written.restore(problem)
    assert problem.step(0.6).converged
    newest = written.save(problem)
    rows = newest / "rank_00000.safetensors"
    if damage == "cut":
        rows.write_bytes(rows.read_bytes()[:-100])
    elif damage == "missing":
        rows.unlink()
    else:
        (newest / "manifest.json").write_text("{")
    other = sheet()
    with caplog.at_level(logging.WARNING):
        written.restore(other)
    assert (other.time, other.steps) == (0.5, 1)
    assert "going on from step_0000001" in caplog.text
    assert names(written) == ["damaged_step_0000002", "step_0000001"]
    with pytest.raises(InputError, match="other cells"):
        written.restore(sheet(n=3))


def test_a_foreign_newest_checkpoint_is_refused(written):
    problem = sheet(n=3)
    for t in (0.5, 0.6):
        assert problem.step(t).converged
    written.save(problem)
    with pytest.raises(InputError, match=r"other cells \(9, here 4\)"):
        written.restore(sheet())
    assert names(written) == ["step_0000001", "step_0000002"]


def test_an_end_is_written_once(tmp_path):
    def run(restart: bool) -> None:
        sizes = StepSizes(StepControl(0.5), 0.5)
        simulation = Simulation(sheet(), sizes, [], Checkpoints(tmp_path / "checkpoints"))
        if restart:
            simulation.restart()
        simulation.run()

    run(False)
    manifest = tmp_path / "checkpoints" / "step_0000001_end" / "manifest.json"
    before = manifest.stat()
    run(True)
    assert (manifest.stat().st_ino, manifest.stat().st_mtime_ns) == (
        before.st_ino,
        before.st_mtime_ns,
    )


def test_a_simulation_goes_on_from_a_checkpoint_without_notes(written):
    simulation = Simulation(sheet(), StepSizes(StepControl(0.25), 1.0), [], written)
    simulation.restart()
    simulation.run()
    assert (simulation.problem.time, simulation.problem.steps) == (1.0, 3)
