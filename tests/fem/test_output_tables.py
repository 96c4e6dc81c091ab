"""Tables of reactions and probes: values, restarts, wrong input."""

# isort: off
from dmn_fe.fem import Support, Traction, make_problem, mark  # before torch
from dmn_fe.fem.output import Probes, Reactions
from dmn_fe.fem.output.csv_table import CsvTable
from dmn_fe.fem.output.group_mean import GroupMean
from dmn_fe.fem.output.places import find_places

# isort: on
import csv

import numpy as np
import pytest
from dolfinx import mesh
from helpers.files import largest_file
from helpers.parts import box, near, rectangle
from helpers.patches import elastic_stress, patch
from helpers.runs import cube, forget_steps_after, simulation
from mpi4py import MPI

from dmn_fe import InputError, laws

GRADIENT = 1e-2 * np.array([[0.3, 0.2, -0.1], [0.0, -0.1, 0.4], [0.1, 0.0, 0.2]])
STRESS = elastic_stress(0.5 * (GRADIENT + GRADIENT.T))


def read(path) -> tuple[list[str], np.ndarray]:
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    return rows[0], np.array(rows[1:], dtype=float)


@pytest.mark.parametrize("cell", ["tetrahedron", "hexahedron"])
def test_reactions_and_probes_of_a_patch(tmp_path, cell):
    part = box(2, cell)
    place = [0.2, 0.7, 0.6]
    outputs = [
        Reactions(tmp_path / "new" / "reactions.csv", part, ["x1", "y0"]),
        Probes(tmp_path / "probes.csv", part, {"in": place, "corner": [1.0, 1.0, 0.0]}),
    ]
    simulation(patch(part, GRADIENT), outputs, steps=4).run()
    header, rows = read(tmp_path / "new" / "reactions.csv")
    assert header[:7] == ["step", "time", "size", "iterations", "x1 u1", "x1 u2", "x1 u3"]
    assert header[7:11] == ["x1 F1", "x1 F2", "x1 F3", "y0 u1"]
    np.testing.assert_array_equal(rows[:, 0], range(5))
    np.testing.assert_allclose(rows[:, 1], np.linspace(0.0, 1.0, 5))
    np.testing.assert_allclose(rows[:, 2], [0.0, 0.25, 0.25, 0.25, 0.25])
    assert rows[0, 3] == 0
    assert (rows[1:, 3] >= 1).all()
    t = rows[:, 1:2]
    middles = GRADIENT @ [1.0, 0.5, 0.5], GRADIENT @ [0.5, 0.0, 0.5]
    np.testing.assert_allclose(rows[:, 4:7], t * middles[0], atol=1e-14)
    np.testing.assert_allclose(rows[:, 10:13], t * middles[1], atol=1e-14)
    # Every boundary dof is held here: those of an edge have the forces of both faces.
    assert np.abs(rows[1:, 7:10]).min() > 0
    header, rows = read(tmp_path / "probes.csv")
    assert header[4:10] == ["in u1", "in u2", "in u3", "in S11", "in S22", "in S33"]
    assert header[10:14] == ["in S23", "in S13", "in S12", "corner u1"]
    np.testing.assert_allclose(rows[:, 4:7], t * (GRADIENT @ place), atol=1e-14)
    np.testing.assert_allclose(rows[:, 13:16], t * (GRADIENT @ [1.0, 1.0, 0.0]), atol=1e-14)
    components = STRESS[[0, 1, 2, 1, 0, 0], [0, 1, 2, 2, 2, 1]]
    for stress in (rows[:, 7:13], rows[:, 16:22]):
        np.testing.assert_allclose(stress, t * components, atol=1e-10)


def test_reactions_of_a_plane_part_have_its_components(tmp_path):
    part = rectangle(2.0, 1.0, (4, 2), "triangle")
    problem = patch(part, [[0.01, 0.0], [0.0, 0.0]])
    outputs = [
        Reactions(tmp_path / "r.csv", part, ["left"]),
        Probes(tmp_path / "p.csv", part, {"a": [2.0, 0.5]}),
    ]
    simulation(problem, outputs, steps=1).run()
    names = ["left u1", "left u2", "left F1", "left F2", "all supports F1", "all supports F2"]
    assert read(tmp_path / "r.csv")[0][4:] == names
    header, rows = read(tmp_path / "p.csv")
    assert header[4:7] == ["a u1", "a u2", "a S11"]
    stress = elastic_stress(np.diag([0.01, 0.0, 0.0]))
    np.testing.assert_allclose(rows[-1, 4:9], [0.02, 0.0, *np.diag(stress)], atol=1e-10)


def test_all_supports_balance_the_load_though_groups_share_nodes(tmp_path):
    part = rectangle(2.0, 1.0, (4, 2))
    held = [Support("left", [0.0, 0.0]), Support("bottom", [None, 0.0])]
    pull = [Traction("right", [3.0, 1.0])]
    problem = make_problem(part, {"part": laws.Elastic.isotropic(1000.0, 0.3)}, held, pull)
    reactions = Reactions(tmp_path / "r.csv", part, ["left", "bottom"])
    simulation(problem, [reactions], steps=2).run()
    header, rows = read(tmp_path / "r.csv")
    last = dict(zip(header, rows[-1], strict=True))
    np.testing.assert_allclose(last["all supports F1"], -3.0, rtol=1e-9)
    np.testing.assert_allclose(last["all supports F2"], -1.0, rtol=1e-9)
    assert abs(last["left F1"] + last["bottom F1"] + 3.0) > 0.01  # the corner twice


def test_numbers_keep_all_their_digits(tmp_path):
    table = CsvTable(tmp_path / "table.csv", ["time", "a group, u1"], MPI.COMM_SELF)
    table.begin()
    table.add(np.float64(1.0) / 3.0, np.float64(1e-17) / 7.0)
    table.add(2, np.int32(3))
    text = (tmp_path / "table.csv").read_text()
    assert text == f'time,"a group, u1"\n{1.0 / 3.0!r},{1e-17 / 7.0!r}\n2,3\n'


def test_the_mean_of_an_axisymmetric_problem_is_around_the_axis():
    part = rectangle(1.0, 1.0, (3, 2))
    part.mesh.geometry.x[:, 0] += 1.0
    problem = patch(part, np.zeros((2, 2)), kind="axisymmetric")
    problem.u.interpolate(lambda x: x[:2])
    mean = GroupMean(problem.u, part.facets("top"), problem.qmap.kinematics, "top")
    np.testing.assert_allclose(mean(), [(7 / 3) / (3 / 2), 1.0])


def test_the_mean_over_facets_inside_of_a_part():
    domain = mesh.create_unit_cube(MPI.COMM_WORLD, 2, 2, 2)
    part = mark(domain, {"x0": near(0, 0.0)})
    problem = patch(part, np.zeros((3, 3)))
    problem.u.interpolate(lambda x: np.stack([x[0], x[1] ** 2, x[2]]))
    inside = mesh.locate_entities(domain, 2, near(0, 0.5))
    assert len(inside) == 8
    mean = GroupMean(problem.u, inside, problem.qmap.kinematics, "inside")
    np.testing.assert_allclose(mean(), [0.5, 1 / 3, 0.5])
    with pytest.raises(InputError, match="group 'none' has no facets"):
        GroupMean(problem.u, inside[:0], problem.qmap.kinematics, "none")


def test_a_probe_takes_the_nearest_quadrature_point_of_the_cells_it_touches():
    part = rectangle(1.0, 1.0, (2, 2))
    problem = patch(part, np.zeros((2, 2)))
    x = problem.qmap.coordinates()
    for point in ([0.3, 0.2], [0.5, 0.2], [0.5, 0.5], [1.0, 1.0], [0.0, 0.5]):
        place = find_places(problem, {"a": np.array(point)})["a"]
        distances = np.linalg.norm(x - point, axis=1)
        assert distances[place.point] == pytest.approx(distances.min(), rel=1e-9)
        assert place.point // problem.qmap.points_per_cell == place.cell
    # Of four cells that are as near the first in the mesh file.
    place = find_places(problem, {"a": np.array([0.5, 0.5])})["a"]
    assert part.mesh.topology.original_cell_index[place.cell] == 0


@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_probes_on_the_boundary_are_found_in_any_unit(scale):
    part = box(3)
    part.mesh.geometry.x[:] = scale * (part.mesh.geometry.x / 3.0 + 7.0)
    problem = patch(part, np.zeros((3, 3)))
    random = np.random.default_rng(0)
    for axis in range(3):
        for _ in range(20):
            point = random.random(3)
            point[axis] = random.integers(0, 2)
            find_places(problem, {"a": scale * (point / 3.0 + 7.0)})


def tables(part, folder):
    return [
        Reactions(folder / "reactions.csv", part, ["x0", "x1"]),
        Probes(folder / "probes.csv", part, {"a": [0.4, 0.5, 0.6], "b": [1.0, 1.0, 1.0]}),
    ]


@pytest.mark.parametrize(("stopped", "restored"), [(3, 3), (5, 2)])
def test_a_restart_leaves_what_one_run_leaves(tmp_path, stopped, restored):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    part, problem = cube()
    simulation(problem, tables(part, whole)).run()
    part, problem = cube()
    simulation(problem, tables(part, parts), parts, stop_after=stopped).run()
    forget_steps_after(parts, restored)
    with open(parts / "probes.csv", "a", encoding="utf-8") as file:
        file.write("6,0.9")  # the run was killed in the middle of a row
    part, problem = cube()
    run = simulation(problem, tables(part, parts), parts)
    run.restart()
    run.run()
    for name in ("reactions.csv", "probes.csv"):
        header, rows = read(whole / name)
        again, others = read(parts / name)
        assert again == header
        np.testing.assert_array_equal(others[:, 0], range(7))
        np.testing.assert_allclose(others, rows, rtol=1e-9, atol=1e-12)


def test_another_run_replaces_the_table(tmp_path):
    for steps in (6, 2):
        part, problem = cube()
        simulation(problem, tables(part, tmp_path), steps=steps).run()
        assert len(read(tmp_path / "reactions.csv")[1]) == steps + 1


def test_a_table_that_is_missing_begins_at_the_restart(tmp_path):
    simulation(cube()[1], [], tmp_path, stop_after=4).run()
    part, problem = cube()
    run = simulation(problem, tables(part, tmp_path), tmp_path)
    run.restart()
    run.run()
    assert read(tmp_path / "reactions.csv")[1][:, 0].tolist() == [5, 6]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"step,time\n1,0.5\n", "has other columns than this run"),
        (None, r"the row '1,half,0\.5,6,.* is damaged"),
        (b"\xff\xfe\n", "is no table"),
    ],
)
def test_what_cannot_be_continued_is_refused_and_left_alone(tmp_path, content, words):
    part, problem = cube()
    simulation(problem, tables(part, tmp_path), tmp_path, steps=2, stop_after=1).run()
    path = tmp_path / "reactions.csv"
    if content is None:
        content = path.read_bytes().replace(b"1,0.5,", b"1,half,")
    path.write_bytes(content)
    part, problem = cube()
    run = simulation(problem, tables(part, tmp_path), tmp_path)
    run.restart()
    with pytest.raises(InputError, match=words):
        run.run()
    assert path.read_bytes() == content


def test_an_empty_file_begins_anew(tmp_path):
    table = CsvTable(tmp_path / "table.csv", ["time"], MPI.COMM_SELF)
    (tmp_path / "table.csv").write_text("")
    table.begin(kept=1.0)
    assert (tmp_path / "table.csv").read_text() == "time\n"


def test_a_full_disk(tmp_path):
    (tmp_path / "full.csv").symlink_to("/dev/full")
    table = CsvTable(tmp_path / "full.csv", ["time"], MPI.COMM_SELF)
    with pytest.raises(InputError, match=r"full\.csv: .*space on the disk"):
        table.begin()
    path = tmp_path / "table.csv"
    table = CsvTable(path, ["time", "x"], MPI.COMM_SELF)
    table.begin()
    for t in range(10):
        table.add(t, 0.5)
    size = path.stat().st_size
    with largest_file(size + 3), pytest.raises(InputError, match="space on the disk"):
        table.add(10, 0.5)
    with largest_file(size - 10), pytest.raises(InputError, match="space on the disk"):
        CsvTable(path, ["time", "x"], MPI.COMM_SELF).begin(kept=9.0)
    table.begin(kept=8.0)  # the row that was cut off is gone
    table.add(9, 1.5)
    _, rows = read(path)
    np.testing.assert_array_equal(rows[:, 0], range(10))


def test_wrong_input_is_one_sentence(tmp_path):
    part, problem = cube()
    with pytest.raises(InputError, match=r'no physical surface "x2"; the mesh has: "x0", "x1"'):
        Reactions(tmp_path / "r.csv", part, ["x2"])
    with pytest.raises(InputError, match="needs the name of a group"):
        Reactions(tmp_path / "r.csv", part, [])
    with pytest.raises(InputError, match="needs the coordinates of a point"):
        Probes(tmp_path / "p.csv", part, {})
    for wrong in ([0.0, 0.0], [0.0, 0.0, np.nan], "here", [[0.0] * 3]):
        with pytest.raises(InputError, match="give 3 finite coordinates"):
            Probes(tmp_path / "p.csv", part, {"a": wrong})
    outside = Probes(tmp_path / "p.csv", part, {"in": [0.5] * 3, "tip": [0.5, 0.5, 1.001]})
    words = r"'tip' at \(0.5, 0.5, 1.001\) lies outside .* spans \(0, 0, 0\) to \(1, 1, 1\)"
    with pytest.raises(InputError, match=words):
        simulation(problem, [outside]).run()
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file" / "r.csv", tmp_path):
        with pytest.raises(InputError, match="check the file, its folder"):
            simulation(problem, [Reactions(path, part, ["x0"])]).run()
    assert not (tmp_path / "p.csv").exists()
