"""One rank fails: all of them end or go on together, and nothing that was kept is lost."""

# isort: off
import dmn_fe.fem  # noqa: F401  before torch

# isort: on
import shutil

import numpy as np
from helpers.field_files import series_arrays, table_columns

SCRIPT = "mpi_faults.py"


def test_a_rank_that_is_killed_in_a_step_loses_that_step_only(on_ranks, start_ranks, tmp_path):
    steps, expected = on_ranks(2, "whole", SCRIPT)[0]
    process = start_ranks(2, "killed", SCRIPT, seconds=30)
    assert process.returncode != 0
    assert "9" in process.stderr  # the signal, in the words of this mpirun
    names = sorted(path.name for path in (tmp_path / "killed").iterdir())
    assert names == ["step_0000001", "step_0000002", "step_0000003"]
    for ranks in (1, 3):
        shutil.copytree(tmp_path / "killed", tmp_path / "kept", dirs_exist_ok=True)
        found = on_ranks(ranks, "resumed", SCRIPT)[0]
        assert found[0] == steps
        difference = np.abs(np.subtract(found[1], expected)).max()
        assert difference <= 1e-10 * np.abs(expected).max()
        shutil.rmtree(tmp_path / "killed")
        (tmp_path / "kept").rename(tmp_path / "killed")


def test_laws_that_give_no_numbers_cut_the_step_back(on_ranks):
    first, second = on_ranks(2, "broken", SCRIPT)
    assert first == second
    assert len(first) == 12
    for name, (limit, time, steps, sentence) in first.items():
        assert time == 1.0, name
        assert steps >= 1.0 / limit
        assert "cannot be cut below 'smallest' = 0.1" in sentence
        if "all tangents" not in name:
            what = "tangent is" if "tangent" in name else "strain or the stress is"
            assert "cell " in sentence, name
            assert "point 3, strain [0. 0. 0. 0. 0. 0.]: the " in sentence, name
            assert f"{what} not a finite number" in sentence


def test_ranks_without_cells_write_all_and_go_on(on_ranks, tmp_path):
    on_ranks(1, "one_cell", SCRIPT)
    assert sorted(on_ranks(3, "one_cell", SCRIPT)) == [0, 0, 1]
    assert on_ranks(2, "one_cell_first", SCRIPT) == [3, 3]
    assert on_ranks(3, "one_cell_rest", SCRIPT) == [6, 6, 6]
    for name in ("reactions.csv", "phases.csv", "fields.vtkhdf", "points.vtkhdf"):
        read = series_arrays if name.endswith("hdf") else table_columns
        expected = read(tmp_path / "one1" / name)
        for other in ("one3", "one"):
            found = read(tmp_path / other / name)
            assert found.keys() == expected.keys()
            for key, values in expected.items():
                close = 1e-9 * max(1.0, np.abs(values).max(initial=0.0))
                np.testing.assert_allclose(found[key], values, rtol=0, atol=close, err_msg=key)
