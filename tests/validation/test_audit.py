"""The error of small runs, estimated and true."""

# isort: off
from dmn_fe.fem import Simulation, StepControl, StepSizes, Support, make_problem  # before torch
from dmn_fe.fem.output import KeptNetwork, Reactions, StrainPaths

# isort: on
import numpy as np
import pytest
import torch
from helpers.blocks import STEEL
from helpers.networks import layers
from helpers.parts import rectangle

from dmn_fe import InputError, evaluate, laws
from dmn_fe.homogenization import RVELaw, VoxelProblem
from dmn_fe.laws import Status, Update
from dmn_fe.microstructure import VoxelRVE, laminate
from dmn_fe.network import Ensemble
from dmn_fe.validation import audit, read_recorded_paths

PHASES = {"matrix": STEEL, "inclusion": laws.Elastic.isotropic(600e3, 0.2)}
LAYERS = laminate(4, 0.25)
EXACT, WRONG = layers(0.25, 0), layers(0.28, 0)
STEPS = 8


def run(folder, law, kept=None, kind="plane strain", n=(2, 1), **options):
    """A strip that is bent into plasticity and half the way back; its force at the right."""
    part = rectangle(2.0, 1.0, n, "triangle")
    back = [(0.0, 0.0), (0.625, 1.0), (1.0, 0.5)]
    supports = [Support("left", [0.0, 0.0]), Support("right", [None, -0.03], amplitude=ramp(back))]
    problem = make_problem(part, {"part": law}, supports, kind=kind)
    outputs = [Reactions(folder / "reactions.csv", part, ["left", "right"])]
    if kept is not None:
        path = folder / "strain_paths.vtkhdf"
        outputs.append(StrainPaths(path, part, networks={"part": kept}, **options))
    sizes = StepSizes(StepControl(1.0 / STEPS, growth=1.0), 1.0)
    Simulation(problem, sizes, outputs).run()
    table = np.genfromtxt(folder / "reactions.csv", delimiter=",", names=True)
    return table["right_F2"]


def ramp(points):
    times, values = zip(*points, strict=True)
    return lambda t: float(np.interp(t, times, values))


def run_of(folder, network, **options):
    folder.mkdir(exist_ok=True)
    law = evaluate.network_law(network, PHASES)
    return run(folder, law, KeptNetwork(network, PHASES), **options)


@pytest.fixture(scope="module")
def wrong(tmp_path_factory):
    """Folder and force of a run with a network that has too much of the inclusion."""
    folder = tmp_path_factory.mktemp("wrong")
    return folder, run_of(folder, WRONG)


@pytest.mark.parametrize("kind", ["plane strain", "plane stress"])
def test_an_exact_network_has_no_error(tmp_path, kind):
    run_of(tmp_path, EXACT, kind=kind)
    found = audit(tmp_path, LAYERS, points=4)
    assert np.nanmax(np.abs(found.error)) < 1e-5
    assert max(point.error.max() for point in found.points) < 1e-5


@pytest.mark.parametrize("kind", ["plane strain", "plane stress"])
def test_the_error_of_a_wrong_network_is_that_of_its_force(tmp_path, kind):
    """Beside full FE², on a path that turns back; in plane stress FE² in closed form."""
    force = run_of(tmp_path, WRONG, kind=kind)
    (tmp_path / "truth").mkdir()
    laminates = {
        "plane strain": RVELaw(VoxelProblem(LAYERS, PHASES)),
        "plane stress": evaluate.network_law(EXACT, PHASES),
    }
    truth = run(tmp_path / "truth", laminates[kind], kind=kind)
    error = (force - truth)[1:] / np.abs(force).max()
    assert np.abs(error).max() > 0.01
    found = audit(tmp_path, LAYERS, points=1000)
    assert not found.standard_error[1:].any()
    # The force works against the motion on the way back.
    way = np.where(np.arange(STEPS) < 5, -1.0, 1.0)
    np.testing.assert_allclose(found.force[1:], way * force[1:], rtol=1e-5, atol=1e-5)
    # Less a part that is due to the strains of earlier steps, which are others in FE².
    assert np.abs(way * found.error[1:] - error).max() < 0.15 * np.abs(error).max()
    assert np.isnan([found.force[0], found.error[0]]).all()


def test_few_points_estimate_the_error_of_all(tmp_path):
    run_of(tmp_path, WRONG, n=(6, 3))
    exact = audit(tmp_path, LAYERS, points=1000)
    few = audit(tmp_path, LAYERS, points=10, seed=1)
    assert exact.all_points == 108
    assert sum(point.drawn for point in few.points) == 10
    assert len(few.points) <= 11
    assert sum(point.most_strained for point in few.points) == 1
    away = np.abs(few.error - exact.error)[1:]
    assert (away < 3.0 * few.standard_error[1:] + 1e-6).all()
    assert few.standard_error[1:].max() < np.abs(exact.error[1:]).max()
    assert few.bound > abs(few.error[few.largest]) >= few.root_mean_square > 0.0
    np.testing.assert_array_equal(few.force, exact.force)


def test_a_file_of_some_points_stands_for_all(tmp_path):
    run_of(tmp_path, WRONG, n=(6, 3), most=40)
    paths = read_recorded_paths(tmp_path)
    assert len(paths.points) == 40
    assert paths.volume.sum() == pytest.approx(2.0)
    force = np.genfromtxt(tmp_path / "reactions.csv", delimiter=",", names=True)["right_F2"]
    found = audit(tmp_path, LAYERS, points=2)
    assert np.abs(found.force[1:]) == pytest.approx(
        np.abs(force[1:]), abs=0.2 * np.abs(force).max()
    )


def test_points_that_are_done_are_not_done_again(wrong, tmp_path, monkeypatch):
    folder, _ = wrong
    first = audit(folder, LAYERS, points=3, output=tmp_path)
    counted = []
    integrate = RVELaw.integrate

    def count(self, *arguments):
        counted.append(1)
        return integrate(self, *arguments)

    monkeypatch.setattr(RVELaw, "integrate", count)
    again = audit(folder, LAYERS, points=3, output=tmp_path)
    assert not counted
    np.testing.assert_array_equal(first.error, again.error)
    more = audit(folder, LAYERS, points=1000, output=tmp_path)
    assert len(counted) == (len(more.points) - len(first.points)) * STEPS


def test_the_spread_of_an_ensemble_is_told(tmp_path):
    run_of(tmp_path, Ensemble((layers(0.23, 0), layers(0.29, 0))))
    found = audit(tmp_path, LAYERS, points=3)
    assert found.covered == 1.0
    run_of(tmp_path, Ensemble((layers(0.29, 0), layers(0.2901, 0))))
    found = audit(tmp_path, LAYERS, points=3)
    assert found.covered == 0.0
    assert all((point.spread[1:] > 0).all() for point in found.points)


def test_a_path_that_fails_is_told_and_left_out(wrong, tmp_path, monkeypatch):
    folder, _ = wrong
    whole = audit(folder, LAYERS, points=1000, output=tmp_path / "whole")
    paths = read_recorded_paths(folder)
    limit = float(paths.strain.norm(dim=-1).amax(1).sort().values[-2])
    integrate = RVELaw.integrate

    def fail_far_out(self, strain, state, dt=0.0):
        update = integrate(self, strain, state, dt)
        status = torch.full((len(strain),), int(Status.MAX_ITERATIONS), dtype=torch.int8)
        if float(strain.norm()) < limit:
            return update
        return Update(update.stress, update.state, lambda: 0.0, status, update.iterations)

    monkeypatch.setattr(RVELaw, "integrate", fail_far_out)
    found = audit(folder, LAYERS, points=1000, output=tmp_path / "some")
    failed = [point.failed for point in found.points]
    assert 1 <= sum(failed) <= 2
    assert found.points[failed.index(True)].error[1] > 0.0
    assert np.isfinite(found.error[1:]).all()
    assert found.error[1:] == pytest.approx(whole.error[1:], abs=0.5 * whole.bound)
    limit = 0.0
    with pytest.raises(InputError, match=r"has converged on none of \d+ paths; take shorter"):
        audit(folder, LAYERS, points=1000, output=tmp_path / "none")


def test_other_rves_are_refused(wrong, tmp_path):
    folder, _ = wrong
    with pytest.raises(InputError, match=r"phases \['a', 'b'\], the network \['matrix', 'incl"):
        audit(folder, VoxelRVE(LAYERS.phase, ("a", "b")))
    three = VoxelRVE(np.arange(3).reshape(3, 1, 1))
    with pytest.raises(InputError, match="give the RVE that the network has learnt from"):
        audit(folder, three)
    learnt = EXACT.with_metadata(data={"rve_hash": LAYERS.hash})
    run_of(tmp_path, learnt)
    assert audit(tmp_path, LAYERS, points=2).all_points == 12
    with pytest.raises(InputError, match="has learnt from another RVE"):
        audit(tmp_path, laminate(8, 0.25))


def test_runs_without_what_is_needed_are_refused(tmp_path):
    with pytest.raises(InputError, match="there is no such folder"):
        audit(tmp_path / "no", LAYERS)
    with pytest.raises(InputError, match=r"has no strain_paths\.vtkhdf \(runs of"):
        audit(tmp_path, LAYERS)
    law = evaluate.network_law(EXACT, PHASES)
    run(tmp_path, law, "it has material axes")
    with pytest.raises(InputError, match="cannot be followed again, since it has material axes"):
        audit(tmp_path, LAYERS)
    with pytest.raises(InputError, match="there is no material 'bolt'; give one of 'part'"):
        audit(tmp_path, LAYERS, material="bolt")
    part = rectangle(1.0, 1.0, (1, 1))
    supports = [Support("left", [0.0, 0.0]), Support("right", [0.01, 0.0])]
    problem = make_problem(part, {"part": law}, supports)
    paths = StrainPaths(tmp_path / "strain_paths.vtkhdf", part)
    Simulation(problem, StepSizes(StepControl(1.0), 1.0), [paths]).run()
    with pytest.raises(InputError, match="does not tell the networks of its points"):
        audit(tmp_path, LAYERS)
