"""Checkpoints: restarts on any number of ranks, interrupted writing, wrong files."""

# isort: off
from dmn_fe.fem import Checkpoints, Support, make_problem  # before torch

# isort: on
import json
import shutil

import numpy as np
import pytest
from helpers.parts import box, rectangle

from dmn_fe import InputError, laws

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


def test_what_does_not_fit_is_refused_and_changes_nothing(written, tmp_path):
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
