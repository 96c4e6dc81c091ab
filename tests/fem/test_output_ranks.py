"""Outputs on several ranks: the same files and the same sentences."""

# isort: off
import dmn_fe.fem  # noqa: F401  before torch

# isort: on
import json

import numpy as np
import pytest
from dolfinx.common import has_adios2
from helpers.field_files import series_arrays, table_columns, xdmf_steps

SCRIPT = "mpi_output.py"
FILES = ("reactions.csv", "probes.csv", "fields.vtkhdf", "points.vtkhdf", "strain_paths.vtkhdf")


def read(path) -> dict[str, np.ndarray]:
    """Numbers of a table, or of a file of fields, by name."""
    if path.suffix == ".vtkhdf":
        return series_arrays(path)
    return table_columns(path)


def assert_same(folder, other, names=FILES) -> None:
    for name in names:
        expected, found = read(folder / name), read(other / name)
        assert found.keys() == expected.keys()
        for key, values in expected.items():
            assert found[key].shape == values.shape
            close = 1e-10 * max(1.0, np.abs(values).max(initial=0.0))
            np.testing.assert_allclose(found[key], values, rtol=0, atol=close, err_msg=key)


def test_any_number_of_ranks_leaves_the_same_files(on_ranks, tmp_path):
    """Also with a restart on other ranks."""
    for n in (1, 2, 3):
        told = [rank["lines"] for rank in on_ranks(n, "whole", SCRIPT)]
        assert len(told[0]) == 8
        assert all(not lines for lines in told[1:])
    for n in (2, 3):
        assert_same(tmp_path / "whole1", tmp_path / f"whole{n}")
    on_ranks(2, "first_part", SCRIPT)
    assert len(read(tmp_path / "probes.csv")["step"]) == 5
    assert on_ranks(3, "second_part", SCRIPT)[0]["steps"] == 6
    assert read(tmp_path / "probes.csv")["step"].tolist() == list(range(7))
    assert_same(tmp_path / "whole1", tmp_path)
    assert read(tmp_path / "strain_paths.vtkhdf")["strain"].shape == (7, 20, 3, 3)
    summaries = [json.loads((tmp_path / f"whole{n}" / "summary.json").read_text()) for n in (1, 3)]
    for name in ("steps", "newton_iterations", "points", "unknowns", "bytes_per_point"):
        assert summaries[0][name] == pytest.approx(summaries[1][name]), name
    one, three = summaries
    assert (one["ranks"], three["ranks"]) == (1, 3)
    assert one["memory"] == one["memory_largest_rank"]
    assert 2.0 * three["memory_largest_rank"] < three["memory"] < 3.0 * three["memory_largest_rank"]
    assert 0 < three["seconds_laws_mean"] < three["seconds_laws"]
    restarted = json.loads((tmp_path / "summary.json").read_text())
    assert (restarted["steps"], restarted["starts"], restarted["ranks"]) == (6, 2, 3)
    assert restarted["newton_iterations"] > one["newton_iterations"]


def test_a_rank_may_own_no_cell(on_ranks, tmp_path):
    on_ranks(1, "one_cell", SCRIPT)
    assert sum(rank["cells"] == 0 for rank in on_ranks(3, "one_cell", SCRIPT)) == 2
    one, three = tmp_path / "one1", tmp_path / "one3"
    assert_same(one, three, [*FILES, "middle.csv", "vtkhdf/fields.vtkhdf"])
    _, expected = xdmf_steps(one / "xdmf" / "fields.xdmf")
    _, found = xdmf_steps(three / "xdmf" / "fields.xdmf")
    for t, fields in expected.items():
        np.testing.assert_allclose(found[t]["stress"], fields["stress"], atol=1e-9)


def test_all_ranks_are_told_the_same(on_ranks):
    told = on_ranks(3, "wrong", SCRIPT)
    assert all(rank == told[0] for rank in told)
    expected = {
        "reactions": "InputError: .*check the file, its folder",
        "probes": "InputError: .*check the file, its folder",
        "cloud": "InputError: .*check the file, its folder",
        "outside": r"InputError: the point 'tip' at \(2, 0, 0\) lies outside",
        "temperature": "InputError: the problem has no temperature",
        "one rank": "FailedTogether: ArithmeticError on rank 2: one rank only",
        "full device": r"InputError: .*device\.csv: .*space on the disk",
        "full table": "InputError: .*space on the disk",
        "full cloud": "InputError: .*space on the disk",
    }
    for name in ["vtkhdf", "xdmf"] + ["vtx"] * has_adios2:
        expected[f"folder {name}"] = "InputError: .*check the file, its folder"
        expected[f"full {name}"] = "InputError: .*space on the disk"
    assert told[0].keys() == expected.keys()
    for name, pattern in expected.items():
        with pytest.raises(AssertionError, match=pattern):
            raise AssertionError(told[0][name])


def test_a_run_that_fails_ends_its_outputs_on_all_ranks(on_ranks, tmp_path):
    ends = on_ranks(3, "failed", SCRIPT)
    assert all(end == ends[0] for end in ends)
    steps, time = ends[0]["steps"], ends[0]["time"]
    assert 0 < steps < 6
    folder = tmp_path / "failed3"
    for name in ("fields.vtkhdf", "points.vtkhdf", "vtkhdf/fields.vtkhdf"):
        assert read(folder / name)["times"].tolist() == [0.0, time]
    assert read(folder / "reactions.csv")["step"].tolist() == list(range(steps + 1))
    assert len(xdmf_steps(folder / "xdmf" / "fields.xdmf")[1]) == 2
