"""Some of the quadrature points: how they are drawn, and their strain paths."""

# isort: off
from dmn_fe.fem import Support, make_problem, mark  # before torch
from dmn_fe.fem.output import PointCloud, StrainPaths

# isort: on
import numpy as np
import pytest
from dolfinx import mesh
from helpers.parts import box
from helpers.patches import ELASTIC
from helpers.runs import STEEL, cube, forget_steps_after, simulation
from mpi4py import MPI

from dmn_fe import InputError, read_series
from dmn_fe.fem.output.point_draw import draw_points


def test_every_point_is_as_likely_as_the_others():
    """Also pairs of neighbours, by keys of four points in each of some cells."""
    keys = 4 * np.arange(7, 32)[:, None] + np.arange(4)
    keys = keys.reshape(-1)
    count, pairs, draws, most = np.zeros(len(keys)), 0, 2000, 20
    for seed in range(draws):
        rows = draw_points(keys, most, seed, MPI.COMM_SELF)
        assert len(rows) == most
        count[rows] += 1
        pairs += (np.diff(rows) == 1).sum()
    share = most / len(keys)
    deviation = (count - draws * share) / np.sqrt(draws * share * (1.0 - share))
    assert np.abs(deviation).max() < 4.0
    assert np.sqrt((deviation**2).mean()) == pytest.approx(1.0, abs=0.2)
    assert pairs == pytest.approx(draws * share * (most - 1), rel=0.05)


def test_the_draw_is_by_the_keys_alone():
    keys = np.arange(1000)
    first = draw_points(keys, 10, 3, MPI.COMM_SELF)
    shuffled = np.random.default_rng(0).permutation(keys)
    again = shuffled[draw_points(shuffled, 10, 3, MPI.COMM_SELF)]
    assert sorted(again) == first.tolist()
    assert first.tolist() != draw_points(keys, 10, 4, MPI.COMM_SELF).tolist()
    assert draw_points(keys, None, 0, MPI.COMM_SELF).tolist() == keys.tolist()
    assert draw_points(keys, 1000, 0, MPI.COMM_SELF).tolist() == keys.tolist()


def test_some_points_have_the_values_that_they_have_among_all(tmp_path):
    quantities = ["strain", "volume"]
    clouds = [
        PointCloud(tmp_path / "all.vtkhdf", quantities),
        PointCloud(tmp_path / "some.vtkhdf", quantities, most=30, seed=5),
    ]
    simulation(cube()[1], clouds, steps=3).run()
    every, some = (read_series(cloud.path) for cloud in clouds)
    n = len(every.points)
    notes = {"all_points": n, "all_volume": pytest.approx(1.0)}
    assert every.notes == notes | {"seed": 0}
    assert some.notes == notes | {"seed": 5}
    assert len(some.points) == 30 < n
    rows = [int(np.abs(every.points - x).sum(axis=1).argmin()) for x in some.points]
    assert rows == sorted(set(rows))  # the order of all points
    np.testing.assert_array_equal(every.points[rows], some.points)
    for name in quantities:
        np.testing.assert_array_equal(every.point_data[name][:, rows], some.point_data[name])
    # In equal cells, what the kept points stand for is all of the part.
    volume = some.point_data["volume"][0].sum() * n / 30
    assert volume == pytest.approx(1.0)


def halves():
    """A box in two groups, "left" and "right", and its problem."""
    domain = mesh.create_unit_cube(MPI.COMM_SELF, 4, 2, 2)
    part = mark(
        domain,
        {"x0": lambda x: np.isclose(x[0], 0.0), "x1": lambda x: np.isclose(x[0], 1.0)},
        {"left": lambda x: x[0] <= 0.5 + 1e-9, "right": lambda x: x[0] >= 0.5 - 1e-9},
    )
    supports = [Support("x0", [0.0] * 3), Support("x1", [0.01, 0.004, 0.0])]
    return part, make_problem(part, {"left": ELASTIC, "right": STEEL}, supports)


def test_strain_paths_tell_the_group_of_each_point(tmp_path):
    part, problem = halves()
    paths = [
        StrainPaths(tmp_path / "both.vtkhdf", part),
        StrainPaths(tmp_path / "right.vtkhdf", part, ["right"], most=50),
    ]
    simulation(problem, paths, steps=2).run()
    both, right = (read_series(one.path) for one in paths)
    for series in (both, right):
        assert series.times.tolist() == [0.0, 0.5, 1.0]
        assert series.point_data.keys() == {"strain", "volume", "material"}
        assert not series.point_data["strain"][0].any()
        assert series.point_data["strain"][2].any(axis=(1, 2)).all()
    assert both.notes["groups"] == {"left": 1, "right": 2}
    numbers = np.where(both.points[:, 0] < 0.5, 1, 2)
    assert (both.point_data["material"] == numbers).all()
    assert both.point_data["volume"][0].sum() == pytest.approx(1.0)
    assert len(right.points) == 50
    assert right.points[:, 0].min() > 0.5
    assert (right.point_data["material"] == 2).all()
    n = len(both.points)
    assert right.notes == {
        "groups": {"right": 2},
        "all_points": n // 2,
        "all_volume": pytest.approx(0.5),
        "seed": 0,
    }


def test_a_restart_continues_the_paths_of_the_same_points(tmp_path):
    whole, parts = tmp_path / "whole", tmp_path / "parts"

    def run(folder, stop_after=None, seed=0):
        part, problem = cube()
        paths = StrainPaths(folder / "strain_paths.vtkhdf", part, most=20, seed=seed)
        return simulation(problem, [paths], folder, stop_after=stop_after)

    run(whole).run()
    run(parts, stop_after=4).run()
    forget_steps_after(parts, 3)
    other = run(parts, seed=1)
    other.restart()
    with pytest.raises(InputError, match="holds other points"):
        other.run()
    resumed = run(parts)
    resumed.restart()
    resumed.run()
    expected, found = (read_series(one / "strain_paths.vtkhdf") for one in (whole, parts))
    assert found.times.tolist() == expected.times.tolist()
    assert len(found.times) == 7
    np.testing.assert_array_equal(found.points, expected.points)
    np.testing.assert_allclose(
        found.point_data["strain"], expected.point_data["strain"], rtol=1e-9, atol=1e-12
    )


def test_wrong_input_is_one_sentence(tmp_path):
    for most in (0, 2.5, True):
        with pytest.raises(InputError, match=r"most = .* must be a whole number from 1\."):
            PointCloud(tmp_path / "x.vtkhdf", most=most)
    with pytest.raises(InputError, match=r"seed = -1 must be a whole number from 0\."):
        PointCloud(tmp_path / "x.vtkhdf", seed=-1)
    with pytest.raises(InputError, match='no physical volume "bolt"'):
        StrainPaths(tmp_path / "x.vtkhdf", box(1), ["bolt"])
