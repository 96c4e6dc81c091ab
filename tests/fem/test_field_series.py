"""Files of fields, read without DOLFINx."""

# isort: off
from dmn_fe.fem.output import Fields, PointCloud, Quantity  # before torch

# isort: on
import shutil
import subprocess
import sys

import h5py
import numpy as np
import pytest
from helpers.parts import box
from helpers.patches import elastic_stress, patch
from helpers.runs import simulation

import dmn_fe
from dmn_fe import InputError

GRADIENT = 1e-2 * np.array([[0.3, 0.2, -0.1], [0.0, -0.1, 0.4], [0.1, 0.0, 0.2]])
STRAIN = 0.5 * (GRADIENT + GRADIENT.T)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Fields and points of a patch in two steps."""
    folder = tmp_path_factory.mktemp("patch")
    problem = patch(box(2), GRADIENT)
    place = Quantity("place", lambda problem: problem.qmap.coordinates(), (3,), "length")
    points = PointCloud(folder / "points.vtkhdf", ["strain", "status", place])
    simulation(problem, [Fields(folder), points], steps=2).run()
    return folder


def test_fields_of_a_patch(folder):
    series = dmn_fe.read_series(folder / "fields.vtkhdf")
    assert series.times.tolist() == [0.0, 0.5, 1.0]
    assert series.points.shape == (125, 3)
    assert series.cells.shape == (48, 10)
    assert np.ptp(series.points[series.cells], axis=1).max() == pytest.approx(0.5)
    assert series.point_data.keys() == {"displacement"}
    assert series.cell_data.keys() == {"stress", "von_mises"}
    times = series.times[:, None, None]
    moved = times * (series.points @ GRADIENT.T)
    np.testing.assert_allclose(series.point_data["displacement"], moved, atol=1e-12)
    stress = np.broadcast_to(times[..., None] * elastic_stress(STRAIN), (3, 48, 3, 3))
    np.testing.assert_allclose(series.cell_data["stress"], stress, atol=1e-9)
    assert series.cell_data["von_mises"].shape == (3, 48)


def test_points_of_a_patch(folder):
    series = dmn_fe.read_series(str(folder / "points.vtkhdf"))
    n = len(series.points)
    assert series.cells is None
    assert series.cell_data == {}
    assert series.notes == {"all_points": n, "all_volume": pytest.approx(1.0), "seed": 0}
    times = series.times[:, None, None, None]
    expected = np.broadcast_to(times * STRAIN, (3, n, 3, 3))
    np.testing.assert_allclose(series.point_data["strain"], expected, atol=1e-12)
    for at_time in series.point_data["place"]:
        np.testing.assert_allclose(at_time, series.points, atol=1e-12)
    assert series.point_data["status"].dtype == np.int32
    assert not series.point_data["status"].any()


def test_some_fields_only(folder):
    series = dmn_fe.read_series(folder / "fields.vtkhdf", ["stress"])
    assert series.point_data == {}
    assert series.cell_data.keys() == {"stress"}
    with pytest.raises(
        InputError,
        match=r"no field 'strain'; the file has: 'displacement', 'stress', 'von_mises'\.",
    ):
        dmn_fe.read_series(folder / "fields.vtkhdf", ["stress", "strain"])


def test_it_needs_neither_dolfinx_nor_mpi_nor_torch(folder):
    code = (
        "import sys\n"
        "for name in ('dolfinx', 'mpi4py', 'torch', 'vtk'): sys.modules[name] = None\n"
        "import dmn_fe\n"
        f"series = dmn_fe.read_series({str(folder / 'points.vtkhdf')!r}, ['strain'])\n"
        "print(series.point_data['strain'][-1, 0, 0, 0])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) == pytest.approx(STRAIN[0, 0])


def test_wrong_and_damaged_files_get_one_sentence(folder, tmp_path):
    source = folder / "fields.vtkhdf"
    with pytest.raises(InputError, match=r"none\.vtkhdf: there is no such file; give"):
        dmn_fe.read_series(tmp_path / "none.vtkhdf")
    with pytest.raises(InputError, match="is a folder; give"):
        dmn_fe.read_series(tmp_path)
    path = tmp_path / "fields.vtkhdf"
    path.write_text("step,time\n")
    with pytest.raises(InputError, match="is damaged, or no file of fields over time"):
        dmn_fe.read_series(path)
    for part in (0.2, 0.6, 0.95):
        path.write_bytes(source.read_bytes()[: int(part * source.stat().st_size)])
        with pytest.raises(InputError, match="is damaged, or no file of fields over time"):
            dmn_fe.read_series(path)
    with h5py.File(path, "w") as file:
        file["numbers"] = np.arange(3)
    with pytest.raises(InputError, match="is damaged, or no file of fields over time"):
        dmn_fe.read_series(path)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda root: root["CellData/stress"].resize(100, axis=0), "'stress' has too few values"),
        (lambda root: root["Steps/PointOffsets"].__setitem__(2, 125), "the points move"),
        (lambda root: root["Offsets"].__setitem__(1, 4), "cells of several kinds"),
        (lambda root: root.__delitem__("Points"), "Points"),
        (lambda root: root.file.attrs.__setitem__("dmn_fe", "{"), "Expecting property name"),
    ],
)
def test_a_file_that_does_not_fit_together_gets_one_sentence(folder, tmp_path, spoil, words):
    path = tmp_path / "fields.vtkhdf"
    shutil.copy(folder / "fields.vtkhdf", path)
    with h5py.File(path, "r+") as file:
        spoil(file["VTKHDF"])
    with pytest.raises(InputError, match=rf"cannot be read as fields over time .*{words}"):
        dmn_fe.read_series(path)


def test_a_run_that_was_killed_before_its_first_state_has_no_times(folder, tmp_path):
    path = tmp_path / "points.vtkhdf"
    shutil.copy(folder / "points.vtkhdf", path)
    with h5py.File(path, "r+") as file:
        steps = file["VTKHDF/Steps"]
        steps.attrs["NSteps"] = 0
    series = dmn_fe.read_series(path)
    assert len(series.times) == 0
    assert series.point_data["strain"].shape == (0, len(series.points), 3, 3)
