"""Fields over time in VTKHDF files, as VTK reads them."""

# isort: off
from dmn_fe.fem.output.vtkhdf import MeshSeries, PointSeries

# isort: on
import fcntl
import json
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from dolfinx import fem, mesh
from helpers.processes import clean_environment
from mpi4py import MPI

from dmn_fe import InputError

pv = pytest.importorskip("pyvista")
mutable = pytest.importorskip("vtkmodules.vtkCommonCore").mutable
vtkStreamingDemandDrivenPipeline = pytest.importorskip(
    "vtkmodules.vtkCommonExecutionModel"
).vtkStreamingDemandDrivenPipeline
_HERE = Path(__file__).parent
_SECONDS = 120

CELLS = {
    "triangle": mesh.CellType.triangle,
    "quadrilateral": mesh.CellType.quadrilateral,
    "tetrahedron": mesh.CellType.tetrahedron,
    "hexahedron": mesh.CellType.hexahedron,
}


def unit_box(cell: str) -> mesh.Mesh:
    if cell in ("triangle", "quadrilateral"):
        return mesh.create_unit_square(MPI.COMM_SELF, 2, 3, CELLS[cell])
    return mesh.create_unit_cube(MPI.COMM_SELF, 2, 2, 1, CELLS[cell])


def displacement(domain: mesh.Mesh, degree: int) -> fem.Function:
    dim = domain.geometry.dim
    u = fem.Function(fem.functionspace(domain, ("Lagrange", degree, (dim,))))
    u.interpolate(lambda x: polynomial(x, degree)[:dim])
    return u


def polynomial(x: np.ndarray, degree: int) -> np.ndarray:
    """Three components ``[3, n]`` of this degree at ``x [3, n]``."""
    mixed = x[0] * x[1] ** (degree - 1) + x[2]
    return np.stack([x[0] ** degree - x[1], mixed, x[1] * x[2] ** (degree - 1) - 2 * x[0]])


def opened(path: Path):
    reader = pv.get_reader(path, force_ext=".hdf").reader  # old versions know no .vtkhdf
    with pv.VtkErrorCatcher(raise_errors=True):
        reader.UpdateInformation()
    return reader


def times(path: Path) -> list[float]:
    """Times that VTK, and so ParaView, offers; it offers none if there is one step."""
    key = vtkStreamingDemandDrivenPipeline.TIME_STEPS()
    return list(opened(path).GetOutputInformation(0).Get(key) or steps(path))


def steps(path: Path) -> list[float]:
    """Times in the file."""
    with h5py.File(path) as file:
        group = file["VTKHDF/Steps"]
        values = list(group["Values"]) if "Values" in group else []
        assert group.attrs["NSteps"] == len(values)
    return values


def at_time(path: Path, t: float):
    reader = opened(path)
    with pv.VtkErrorCatcher(raise_errors=True):
        reader.UpdateTimeStep(t)
    return pv.wrap(reader.GetOutputDataObject(0)).copy()


def inside_cells(grid, name: str) -> tuple[np.ndarray, np.ndarray]:
    """A place ``[n, 3]`` in each cell and the value ``[n, ...]`` that VTK interpolates there."""
    places, values = [], []
    for k in range(grid.n_cells):
        cell, x = grid.GetCell(k), np.zeros(3)
        weights = np.zeros(cell.GetNumberOfPoints())
        cell.EvaluateLocation(mutable(0), (0.2, 0.3, 0.1), x, weights)
        points = [cell.GetPointId(i) for i in range(len(weights))]
        places.append(x)
        values.append(weights @ grid.point_data[name][points])
    return np.array(places), np.array(values)


@pytest.mark.parametrize("degree", [1, 2, 3])
@pytest.mark.parametrize("cell", CELLS)
def test_displacement_has_its_full_degree_inside_cells(tmp_path, cell, degree):
    domain = unit_box(cell)
    u = displacement(domain, degree)
    MeshSeries(tmp_path / "fields.vtkhdf", u).write(0.0, {"displacement": u}, {})
    grid = at_time(tmp_path / "fields.vtkhdf", 0.0)
    places, values = inside_cells(grid, "displacement")
    expected = polynomial(places.T, degree).T
    expected[:, domain.geometry.dim :] = 0.0
    np.testing.assert_allclose(values, expected, atol=1e-12)
    # Cells that are folded, as those of a wrong order of points, have another size.
    assert len(np.unique(np.round(grid.points, 9), axis=0)) == grid.n_points
    sizes = grid.compute_cell_sizes()["Area" if domain.geometry.dim == 2 else "Volume"]
    np.testing.assert_allclose(sizes, 1 / grid.n_cells, rtol=1e-6)


def test_all_kinds_of_data_are_at_their_points_and_cells(tmp_path):
    domain = unit_box("tetrahedron")
    u = displacement(domain, 2)
    scalar = fem.Function(fem.functionspace(domain, ("Lagrange", 1)))
    scalar.interpolate(lambda x: x[0] + 2 * x[1])
    tensor = fem.Function(fem.functionspace(domain, ("Lagrange", 1, (3, 3))))
    tensor.interpolate(lambda x: np.outer(np.arange(9), x[2]))
    cells = np.arange(domain.topology.index_map(3).size_local, dtype=np.int32)
    centres = mesh.compute_midpoints(domain, 3, cells)
    data = {
        "phase": cells % 3,
        "mandel": np.c_[centres, 2 * centres],
        "stress": centres[:, :, None] * [1.0, 2.0, 3.0],
    }
    series = MeshSeries(tmp_path / "fields.vtkhdf", u)
    series.write(0.0, {"u": u, "scalar": scalar, "tensor": tensor}, data)
    grid = at_time(tmp_path / "fields.vtkhdf", 0.0)
    x, y, z = grid.points.T
    np.testing.assert_allclose(grid.point_data["scalar"], x + 2 * y, atol=1e-12)
    np.testing.assert_allclose(grid.point_data["tensor"], np.outer(z, np.arange(9)), atol=1e-12)
    read = grid.cell_centers().points
    np.testing.assert_allclose(grid.cell_data["mandel"], np.c_[read, 2 * read], atol=1e-6)
    stress = grid.cell_data["stress"].reshape(-1, 3, 3)
    np.testing.assert_allclose(stress, read[:, :, None] * [1.0, 2.0, 3.0], atol=1e-6)
    assert grid.cell_data["phase"].dtype.kind == "i"
    assert sorted(grid.cell_data["phase"]) == sorted(cells % 3)


def test_file_can_be_read_between_writes_and_continued_after_a_cut(tmp_path):
    path, domain = tmp_path / "fields.vtkhdf", unit_box("quadrilateral")
    u = displacement(domain, 2)
    ones = np.ones(domain.topology.index_map(2).size_local)
    start = u.x.array.copy()

    def write(series, t):
        u.x.array[:] = (1 + t) * start
        series.write(t, {"displacement": u}, {"t": t * ones})
        after = at_time(path, t)  # and the reader keeps nothing from the writer
        np.testing.assert_array_equal(after.cell_data["t"], t * ones)

    series = MeshSeries(path, u)
    assert at_time(path, 0.0).n_cells == 6
    for t in (0.0, 0.25, 0.5, 0.75):
        write(series, t)
    assert times(path) == [0.0, 0.25, 0.5, 0.75]
    series = MeshSeries(path, u, append=0.25)
    assert times(path) == [0.0, 0.25]
    for t in (0.375, 0.5):
        write(series, t)
    assert times(path) == [0.0, 0.25, 0.375, 0.5]
    for t in times(path):
        grid = at_time(path, t)
        expected = (1 + t) * polynomial(grid.points.T, 2).T[:, :2]
        np.testing.assert_allclose(grid.point_data["displacement"][:, :2], expected, atol=1e-12)
        np.testing.assert_array_equal(grid.cell_data["t"], t * ones)
    series = MeshSeries(path, u, append=-1.0)  # before the first step: other fields may follow
    series.write(3.0, {"other": u}, {})
    assert times(path) == [3.0]
    assert at_time(path, 3.0).point_data.keys() == ["other"]
    series.close()


def test_points_carry_data_in_the_order_of_their_keys(tmp_path):
    path, random = tmp_path / "points.vtkhdf", np.random.default_rng(0)
    points, keys = random.random((20, 3)), random.permutation(np.repeat(np.arange(10), 2))
    series = PointSeries(path, points, MPI.COMM_SELF, order=keys)
    for t in (0.0, 1.0, 2.0):
        series.write(t, {"key": keys, "strain": np.c_[points, t * points]})
    PointSeries(path, points, MPI.COMM_SELF, 1.0, keys).write(
        4.0, {"key": keys, "strain": np.c_[points, 4 * points]}
    )
    assert times(path) == [0.0, 1.0, 4.0]
    for t in times(path):
        cloud = at_time(path, t)
        assert cloud.n_points == cloud.n_verts == 20
        np.testing.assert_array_equal(cloud.point_data["key"], np.sort(keys))
        np.testing.assert_allclose(cloud.points, points[np.argsort(keys, kind="stable")])
        both = np.c_[cloud.points, t * cloud.points]
        np.testing.assert_allclose(cloud.point_data["strain"], both)


def test_a_reader_with_a_lock_does_not_stop_the_simulation(tmp_path):
    path, points = tmp_path / "points.vtkhdf", np.zeros((3, 3))
    series = PointSeries(path, points, MPI.COMM_SELF)
    with open(path) as reader:
        fcntl.flock(reader, fcntl.LOCK_SH)  # as HDF5 does for ParaView
        series.write(0.0, {"x": points})
    assert steps(path) == [0.0]


def test_there_may_be_no_points(tmp_path):
    series = PointSeries(tmp_path / "points.vtkhdf", np.empty((0, 3)), MPI.COMM_SELF)
    for t in (0.0, 1.0):
        series.write(t, {"x": np.empty((0, 6))})
        assert at_time(tmp_path / "points.vtkhdf", t).n_points == 0


def test_many_points_take_several_chunks(tmp_path):
    path, n = tmp_path / "points.vtkhdf", (1 << 16) + 7
    series = PointSeries(path, np.zeros((n, 3)), MPI.COMM_SELF)
    for t in (0.0, 1.0):
        series.write(t, {"number": np.arange(n) + t})
    for t in (0.0, 1.0):
        np.testing.assert_array_equal(at_time(path, t).point_data["number"], np.arange(n) + t)


def test_wrong_input_is_one_sentence(tmp_path):
    path, u = tmp_path / "fields.vtkhdf", displacement(unit_box("triangle"), 1)
    series = MeshSeries(path, u)
    series.write(0.0, {"u": u}, {"a": np.ones(12)})
    with pytest.raises(InputError, match="this one has CellData/b, PointData/u and those before"):
        series.write(1.0, {"u": u}, {"b": np.ones(12)})
    with pytest.raises(InputError, match="CellData/a has 11 rows, but needs 12"):
        series.write(1.0, {"u": u}, {"a": np.ones(11)})
    with pytest.raises(InputError, match="CellData/a has 6 numbers, but had 1"):
        series.write(1.0, {"u": u}, {"a": np.ones((12, 6))})
    with pytest.raises(InputError, match="other points or cells"):
        MeshSeries(path, displacement(unit_box("triangle"), 2), append=0.0)
    with pytest.raises(InputError, match="other points or cells"):
        PointSeries(path, np.zeros((3, 3)), MPI.COMM_SELF, append=0.0)
    with pytest.raises(InputError, match="No such file"):
        MeshSeries(tmp_path / "none.vtkhdf", u, append=0.0)
    with pytest.raises(InputError, match="directory"):
        MeshSeries(tmp_path, u)
    assert times(path) == [0.0]


@pytest.mark.parametrize("part", [0.0, 0.01, 0.3, 0.9, "zeros", "no steps"])
def test_a_damaged_file_is_kept_and_a_new_one_begins(tmp_path, caplog, part):
    path, points = tmp_path / "points.vtkhdf", np.random.default_rng(0).random((300, 3))
    series = PointSeries(path, points, MPI.COMM_SELF)
    for t in (0.0, 1.0, 2.0):
        series.write(t, {"x": t * points})
    content = path.read_bytes()
    if part == "zeros":  # as after a loss of power
        content = content[:2048] + bytes(len(content) - 2048)
    elif part == "no steps":
        with h5py.File(path, "r+") as file:
            del file["VTKHDF/Steps"]
        content = path.read_bytes()
    else:
        content = content[: int(part * len(content))]
    names = ["points.vtkhdf"]
    for n in ("", "_2"):
        path.write_bytes(content)
        caplog.clear()
        PointSeries(path, points, MPI.COMM_SELF, append=1.0).write(3.0, {"x": 3.0 * points})
        assert steps(path) == [3.0]
        aside = tmp_path / f"points_damaged{n}.vtkhdf"
        assert aside.read_bytes() == content
        names.append(aside.name)
        (record,) = caplog.records
        assert f"was damaged and is now {aside.name}; a new file begins here" in record.message
    assert sorted(one.name for one in tmp_path.iterdir()) == sorted(names)


def test_a_step_that_was_not_ended_is_dropped(tmp_path):
    path, points = tmp_path / "points.vtkhdf", np.zeros((3, 3))
    series = PointSeries(path, points, MPI.COMM_SELF)
    for t in (0.0, 1.0):
        series.write(t, {"x": points})
    with h5py.File(path, "r+") as file:  # killed before this was written
        file["VTKHDF/Steps"].attrs.modify("NSteps", 1)
    PointSeries(path, points, MPI.COMM_SELF, append=2.0).write(3.0, {"x": points})
    assert steps(path) == [0.0, 3.0]


def test_a_full_disk_leaves_the_steps_before_it(tmp_path):
    path, points = tmp_path / "points.vtkhdf", np.zeros((20000, 3))
    series = PointSeries(path, points, MPI.COMM_SELF)
    series.write(0.0, {"x": points})
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 1000, limits[1]))
    try:
        with pytest.raises(InputError, match="space on the disk"):
            series.write(1.0, {"x": points})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert times(path) == [0.0]
    series.write(2.0, {"x": points})
    assert times(path) == [0.0, 2.0]


def contents(path: Path) -> dict[str, np.ndarray]:
    read = {}
    with h5py.File(path) as file:
        file.visititems(
            lambda name, item: (
                read.update({name: item[()]}) if isinstance(item, h5py.Dataset) else None
            )
        )
    return read


def test_any_number_of_ranks_writes_the_same_files_and_errors(tmp_path):
    if shutil.which("mpirun") is None:
        pytest.skip("mpirun is not installed")
    version = subprocess.run(["mpirun", "--version"], capture_output=True, text=True).stdout
    options = ["--oversubscribe"] if "Open MPI" in version else []
    told = {}
    for n in (1, 2, 3):
        folder = tmp_path / str(n)
        folder.mkdir()
        command = ["mpirun", *options, "-n", str(n), sys.executable]
        command += [str(_HERE / "mpi_vtkhdf.py"), str(folder)]
        subprocess.run(command, env=clean_environment(), check=True, timeout=_SECONDS)
        told[n] = [json.loads((folder / f"{r}.json").read_text()) for r in range(n)]
    for name in ("tetrahedra", "hexahedra", "one", "points"):
        serial = contents(tmp_path / "1" / f"{name}.vtkhdf")
        assert times(tmp_path / "3" / f"{name}.vtkhdf") == [0.0, 1.0 if name == "points" else 2.0]
        for n in (2, 3):
            several = contents(tmp_path / str(n) / f"{name}.vtkhdf")
            assert several.keys() == serial.keys()
            for key, values in serial.items():
                np.testing.assert_allclose(several[key], values, rtol=0, atol=1e-14, err_msg=key)
    for n in (2, 3):
        assert all(sentences == told[n][0] for sentences in told[n])
        parts = ["No such file", "No such file", "other points or cells", "the same fields"]
        parts.append(f"PointData/a has {n - 2} rows, but needs {n - 1}")
        for sentence, part in zip(told[n][0], parts, strict=True):
            assert part in sentence
