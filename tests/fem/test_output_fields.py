"""Fields over time in all formats, and quadrature points, as other programs read them."""

# isort: off
from dmn_fe.fem import StepControl, StepFailed, StepSizes, Simulation  # before torch
from dmn_fe.fem.output import Fields, PointCloud, Quantity, field_formats

# isort: on
import numpy as np
import pytest
from dolfinx.common import has_adios2
from helpers.blocks import Fragile
from helpers.field_files import series_arrays, vtx_arrays, xdmf_steps
from helpers.files import largest_file
from helpers.parts import box, rectangle
from helpers.patches import elastic_stress, patch
from helpers.runs import STEEL, cube, forget_steps_after, simulation

from dmn_fe import InputError

pyvista = pytest.importorskip("pyvista")

GRADIENT = 1e-2 * np.array([[0.3, 0.2, -0.1], [0.0, -0.1, 0.4], [0.1, 0.0, 0.2]])
STRAIN = 0.5 * (GRADIENT + GRADIENT.T)
FORMATS = [
    "vtkhdf",
    "xdmf",
    pytest.param("vtx", marks=pytest.mark.skipif(not has_adios2, reason="no ADIOS2")),
]


def vtkhdf_at(path, t):
    reader = pyvista.get_reader(path, force_ext=".hdf").reader  # old versions know no .vtkhdf
    with pyvista.VtkErrorCatcher(raise_errors=True):
        reader.UpdateInformation()
        reader.UpdateTimeStep(t)
    return pyvista.wrap(reader.GetOutputDataObject(0)).copy()


def times(path):
    return series_arrays(path)["times"].tolist()


def same(first, second):
    """Two files of fields are equal."""
    one, other = series_arrays(first), series_arrays(second)
    assert one.keys() == other.keys()
    for name, values in one.items():
        np.testing.assert_allclose(other[name], values, rtol=1e-9, atol=1e-12, err_msg=name)


@pytest.mark.parametrize("cell", ["tetrahedron", "hexahedron"])
def test_vtkhdf_has_displacement_and_stress_of_a_patch(tmp_path, cell):
    problem = patch(box(2, cell), GRADIENT)
    fields = Fields(tmp_path / "new" / "out", quantities=["stress", "pressure", "status"], every=2)
    simulation(problem, [fields], steps=5).run()
    path = tmp_path / "new" / "out" / "fields.vtkhdf"
    np.testing.assert_allclose(times(path), [0.0, 0.4, 0.8, 1.0])
    for t in times(path):
        grid = vtkhdf_at(path, t)
        x = grid.points
        assert len(x) == 125
        np.testing.assert_allclose(grid.point_data["displacement"], t * x @ GRADIENT.T, atol=1e-12)
        stress = grid.cell_data["stress"].reshape(-1, 3, 3)
        expected = t * elastic_stress(STRAIN)
        np.testing.assert_allclose(stress, np.broadcast_to(expected, stress.shape), atol=1e-9)
        np.testing.assert_allclose(grid.cell_data["pressure"], -np.trace(expected) / 3, atol=1e-9)
        assert not grid.cell_data["status"].any()


@pytest.mark.parametrize("plane", [False, True])
def test_xdmf_has_displacement_and_stress_of_a_patch(tmp_path, plane):
    part = rectangle(1.0, 1.0, (2, 2)) if plane else box(2)
    gradient = GRADIENT[:2, :2] if plane else GRADIENT
    fields = Fields(tmp_path, "xdmf", ["stress", "von_mises"])
    simulation(patch(part, gradient), [fields], steps=2).run()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fields.h5", "fields.xdmf"]
    nodes, found = xdmf_steps(tmp_path / "fields.xdmf")
    assert list(found) == [0.0, 0.5, 1.0]
    whole = np.zeros((3, 3))
    whole[: len(gradient), : len(gradient)] = gradient
    for t, values in found.items():
        moved = t * nodes @ whole[: nodes.shape[1], : nodes.shape[1]].T
        displacement = values["displacement"]
        np.testing.assert_allclose(displacement[:, : moved.shape[1]], moved, atol=1e-12)
        stress = values["stress"].reshape(-1, 3, 3)
        expected = t * elastic_stress(0.5 * (whole + whole.T))
        np.testing.assert_allclose(stress, np.broadcast_to(expected, stress.shape), atol=1e-9)
        deviator = expected - np.trace(expected) / 3 * np.eye(3)
        mises = np.sqrt(1.5 * (deviator**2).sum())
        np.testing.assert_allclose(values["von_mises"], mises, atol=1e-9)


@pytest.mark.skipif(not has_adios2, reason="no ADIOS2")
@pytest.mark.parametrize("quantities", [["stress", "von_mises"], []])
def test_vtx_has_displacement_and_stress_of_a_patch(tmp_path, quantities):
    problem = patch(box(2), GRADIENT)
    simulation(problem, [Fields(tmp_path, "vtx", quantities)], steps=2).run()
    expected = elastic_stress(STRAIN)
    # Numbers lie in the files as they are.
    data = (tmp_path / "displacement.bp" / "data.0").read_bytes()
    assert problem.u.x.array.tobytes() in data
    assert (tmp_path / "quantities.bp").exists() == bool(quantities)
    for t in (0.5, 1.0):
        read = vtx_arrays(tmp_path / "displacement.bp", t)
        if read is None:
            break
        points, found = read
        np.testing.assert_allclose(found["displacement"], t * points @ GRADIENT.T, atol=1e-12)
        if quantities:
            _, found = vtx_arrays(tmp_path / "quantities.bp", t)
            stress = found["stress"].reshape(-1, 3, 3)
            assert len(stress) == len(found["von_mises"]) == 48
            np.testing.assert_allclose(
                stress, np.broadcast_to(t * expected, stress.shape), atol=1e-9
            )


def test_points_carry_their_quantities(tmp_path):
    problem = patch(rectangle(2.0, 1.0, (2, 2)), GRADIENT[:2, :2], kind="plane stress")
    place = Quantity("place", lambda problem: problem.qmap.coordinates(), (2,), "length")
    cloud = PointCloud(tmp_path / "new" / "points.vtkhdf", ["strain", place], every=2)
    simulation(problem, [cloud], steps=3).run()
    path = tmp_path / "new" / "points.vtkhdf"
    np.testing.assert_allclose(times(path), [0.0, 2 / 3, 1.0])
    for t in times(path):
        points = vtkhdf_at(path, t)
        assert points.n_points == 4 * problem.qmap.points_per_cell
        np.testing.assert_allclose(points.point_data["place"], points.points[:, :2])
        strain = points.point_data["strain"].reshape(-1, 3, 3)
        expected = np.broadcast_to(t * STRAIN[:2, :2], (len(strain), 2, 2))
        np.testing.assert_allclose(strain[:, :2, :2], expected, atol=1e-12)
        across = -0.3 / 0.7 * np.trace(t * STRAIN[:2, :2])
        np.testing.assert_allclose(strain[:, 2, 2], across, atol=1e-12)


def fields_and_points(folder):
    quantities = ["stress", "strain", "iterations"]
    return [
        Fields(folder, quantities=quantities, every=2),
        PointCloud(folder / "points.vtkhdf", quantities, every=2),
    ]


@pytest.mark.parametrize(("stopped", "restored"), [(3, 3), (4, 4), (5, 4), (6, 3), (2, 1)])
def test_a_restart_leaves_what_one_run_leaves(tmp_path, stopped, restored):
    """Stopped when a state is due, and when it is not; with steps that are lost, and without."""
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    simulation(cube()[1], fields_and_points(whole)).run()
    simulation(cube()[1], fields_and_points(parts), parts, stop_after=stopped).run()
    assert times(parts / "fields.vtkhdf")[-1] == pytest.approx(stopped / 6)
    forget_steps_after(parts, restored)
    run = simulation(cube()[1], fields_and_points(parts), parts)
    run.restart()
    assert run.problem.steps == restored
    run.run()
    for name in ("fields.vtkhdf", "points.vtkhdf"):
        np.testing.assert_allclose(times(parts / name), [0.0, 2 / 6, 4 / 6, 1.0])
        same(whole / name, parts / name)


def test_a_restart_without_a_step_keeps_the_last_state(tmp_path):
    fields = Fields(tmp_path, every=4)
    simulation(cube()[1], [fields], tmp_path).run()
    before = times(tmp_path / "fields.vtkhdf")
    run = simulation(cube()[1], [fields], tmp_path)
    run.restart()
    run.run()
    assert times(tmp_path / "fields.vtkhdf") == before


def test_a_restart_in_another_folder_starts_the_files_anew(tmp_path):
    simulation(cube()[1], [], tmp_path, stop_after=3).run()
    run = simulation(cube()[1], fields_and_points(tmp_path / "other"), tmp_path)
    run.restart()
    run.run()
    for name in ("fields.vtkhdf", "points.vtkhdf"):
        np.testing.assert_allclose(times(tmp_path / "other" / name), [4 / 6, 1.0])


def test_a_restart_with_damaged_files_begins_new_ones(tmp_path, caplog):
    simulation(cube()[1], fields_and_points(tmp_path), tmp_path, stop_after=3).run()
    names = ("fields.vtkhdf", "points.vtkhdf")
    for name in names:
        with open(tmp_path / name, "r+b") as file:
            file.truncate((tmp_path / name).stat().st_size - 100)
    run = simulation(cube()[1], fields_and_points(tmp_path), tmp_path)
    run.restart()
    run.run()
    for name in names:
        np.testing.assert_allclose(times(tmp_path / name), [4 / 6, 1.0])
        assert (tmp_path / name.replace(".", "_damaged.")).is_file()
    assert len(caplog.messages) == 2


@pytest.mark.parametrize("format", FORMATS[1:])
def test_a_restart_begins_new_files_where_dolfinx_cannot_append(tmp_path, format):
    endings = [".xdmf", ".h5"] if format == "xdmf" else [".bp"]
    stem = "fields" if format == "xdmf" else "displacement"

    def names():
        return sorted(path.name for path in tmp_path.glob(f"{stem}*"))

    def restarted(step, **options):
        forget_steps_after(tmp_path, step)
        run = simulation(cube()[1], [Fields(tmp_path, format)], tmp_path, **options)
        run.restart()
        run.run()

    first = [stem + ending for ending in sorted(endings)]
    simulation(cube()[1], [Fields(tmp_path, format)], tmp_path, stop_after=5).run()
    restarted(4, stop_after=5)
    restarted(2)
    second = [f"{stem}_0000002{ending}" for ending in sorted(endings)]
    assert names() == sorted(first + second)  # what began with the lost step 4 is gone
    if format == "xdmf":
        _, found = xdmf_steps(tmp_path / "fields_0000002.xdmf")
        np.testing.assert_allclose(list(found), [3 / 6, 4 / 6, 5 / 6, 1.0])
    (tmp_path / f"{stem}_mine{endings[0]}").write_text("")
    simulation(cube()[1], [Fields(tmp_path, format)]).run()
    assert names() == sorted([*first, f"{stem}_mine{endings[0]}"])


@pytest.mark.parametrize("format", FORMATS)
def test_a_run_that_fails_leaves_its_last_state(tmp_path, format):
    _, problem = cube(Fragile(STEEL, 0.008))
    sizes = StepSizes(StepControl(1 / 6, smallest=1 / 6, growth=1.0), 1.0)
    with pytest.raises(StepFailed):
        Simulation(problem, sizes, [Fields(tmp_path, format, every=7)]).run()
    last = problem.time
    assert 0 < problem.steps < 6
    if format == "vtkhdf":
        assert times(tmp_path / "fields.vtkhdf") == [0.0, last]
    elif format == "xdmf":
        assert list(xdmf_steps(tmp_path / "fields.xdmf")[1]) == [0.0, pytest.approx(last)]
    else:
        data = (tmp_path / "displacement.bp" / "data.0").read_bytes()
        assert problem.u.x.array.tobytes() in data


def test_states_at_given_times(tmp_path):
    def run(targets):
        sizes = StepSizes(StepControl(0.2, growth=1.0), 1.0, targets)
        fields = Fields(tmp_path, times=[0.0, 0.3, 1.0])
        Simulation(cube()[1], sizes, [fields]).run()

    run([0.3, 0.75])
    assert times(tmp_path / "fields.vtkhdf") == [0.0, 0.3, 1.0]
    with pytest.raises(InputError, match=r"no step has to end at t = 0\.3.*targets"):
        run([0.75])


def test_wrong_input_is_one_sentence(tmp_path, monkeypatch):
    with pytest.raises(InputError, match=r"no format 'vtu'; take one of: vtkhdf, vtx, xdmf"):
        Fields(tmp_path, "vtu")
    with pytest.raises(InputError, match="no quantity 'damage'"):
        Fields(tmp_path, quantities=["damage"])
    with pytest.raises(InputError, match="another name"):
        Fields(tmp_path, quantities=[Quantity("displacement", np.zeros, (), "1")])
    for every in (0, 2.0, True):
        with pytest.raises(InputError, match=r"every = .* must be a whole number"):
            Fields(tmp_path, every=every)
    monkeypatch.setattr(field_formats, "has_adios2", False)
    with pytest.raises(InputError, match=r"without ADIOS2; take \"vtkhdf\""):
        Fields(tmp_path, "vtx")
    with pytest.raises(InputError, match="has no temperature"):
        simulation(cube()[1], [Fields(tmp_path / "none", quantities=["temperature"])]).run()
    assert not list(tmp_path.iterdir())


def test_other_quantities_cannot_continue_a_file(tmp_path):
    outputs = fields_and_points(tmp_path)
    simulation(cube()[1], outputs, tmp_path, stop_after=2).run()
    for other in (Fields(tmp_path), PointCloud(tmp_path / "points.vtkhdf", ["stress"])):
        run = simulation(cube()[1], [other], tmp_path)
        run.restart()
        with pytest.raises(InputError, match=r"has the fields .* take the same quantities"):
            run.run()


@pytest.mark.parametrize("format", FORMATS)
def test_a_file_in_place_of_the_folder(tmp_path, format):
    (tmp_path / "out").write_text("")
    for output in (Fields(tmp_path / "out" / "in", format), PointCloud(tmp_path / "out" / "x")):
        with pytest.raises(InputError, match="check the file, its folder"):
            simulation(cube()[1], [output]).run()


@pytest.mark.parametrize("format", FORMATS)
def test_a_full_disk_stops_the_run_with_one_sentence(tmp_path, format):
    closed = []

    class Full(Fields):
        def write(self, problem):
            with largest_file(1000 if problem.steps else 1 << 30):
                super().write(problem)

        def close(self):
            closed.append(self)
            super().close()

    run = simulation(cube()[1], [Full(tmp_path, format)])
    with pytest.raises(InputError, match="space on the disk"):
        run.run()
    assert closed == run.outputs  # what was written before is whole
    if format == "vtkhdf":
        assert times(tmp_path / "fields.vtkhdf") == [0.0]
