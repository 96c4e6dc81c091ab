"""Load-factor control past limit points."""

# isort: off
from dmn_fe.fem import (  # before torch
    ArcLength,
    Checkpoints,
    Ending,
    LoadFactor,
    MeanDisplacement,
    PathFollowing,
    Pressure,
    Simulation,
    StepControl,
    StepSizes,
    Support,
    Traction,
    make_problem,
)

# isort: on
import numpy as np
import pytest
import torch
from helpers.parts import quarter_ring, rectangle

from dmn_fe import InputError, laws

SIDES = [Support("left", [0.0, None]), Support("bottom", [None, 0.0])]


def softening(strain, state, dt):
    """Stress along e1 falls beyond a strain of 0.01, and with it the load; nonlinear elastic."""
    stress = 1000.0 * strain
    axial = strain[:, 0]
    fallen = 1000.0 * axial * torch.exp(-0.5 * (axial / 0.01).square())
    return torch.cat([fallen[:, None], stress[:, 1:]], dim=-1), state


@pytest.mark.parametrize("kind", ["arc length", "mean displacement"])
def test_a_softening_bar_is_followed_past_its_limit(kind):
    part = rectangle(1.0, 1.0, (1, 1))  # one linear cell: nothing to localise in
    factor = LoadFactor()
    law = laws.Batched(softening, symmetric=True)
    pull = Traction("right", [1.0, 0.0], factor)
    problem = make_problem(part, {"part": law}, SIDES, [pull], displacement_degree=1)
    if kind == "arc length":
        measure = ArcLength()
        size = 0.004
    else:
        measure = MeanDisplacement(part, problem.u, "right", [1.0, 0.0])
        size = 0.002
    following = PathFollowing(problem, factor, measure)
    loads, strains = [], []
    for step in range(1, 13):
        assert following.step(step * size).converged
        strains.append(problem.u.x.array.reshape(-1, 2)[:, 0].max())
        loads.append(factor.value)
        expected = 1000.0 * strains[-1] * np.exp(-0.5 * (strains[-1] / 0.01) ** 2)
        np.testing.assert_allclose(factor.value, expected, rtol=1e-6)
    assert np.all(np.diff(strains) > 0)
    assert 1 < int(np.argmax(loads)) < 9
    if kind == "mean displacement":
        np.testing.assert_allclose(strains, 0.002 * np.arange(1, 13), rtol=1e-9)


def test_limit_load_of_a_thick_sphere():
    """Hill (1950), V.2: a perfectly plastic sphere bears 2 σ_y ln(b/a)."""
    part = quarter_ring(1.0, 2.0, (8, 12))
    factor = LoadFactor()
    law = laws.J2(200e3, 0.3, laws.LinearHardening(250.0))
    problem = make_problem(
        part,
        {"part": law},
        [Support("x0", [0.0, None]), Support("y0", [None, 0.0])],
        [Pressure("inner", 1.0, factor)],
        kind="axisymmetric",
    )
    # Along the radius at the inner surface, on average.
    measure = MeanDisplacement(part, problem.u, "inner", [1.0, 1.0])
    following = PathFollowing(problem, factor, measure)
    pressures = []
    for step in range(1, 16):
        report = following.step(step * 5e-4)
        assert report.converged, report
        pressures.append(factor.value)
    assert np.all(np.diff(pressures) > -1e-6)
    np.testing.assert_allclose(pressures[-1], 500.0 * np.log(2.0), rtol=5e-3)


def bar(kind="arc length", petsc_options=None) -> PathFollowing:
    part = rectangle(1.0, 1.0, (1, 1))
    factor = LoadFactor()
    problem = make_problem(
        part,
        {"part": laws.Batched(softening, symmetric=True)},
        SIDES,
        [Traction("right", [1.0, 0.0], factor)],
        displacement_degree=1,
        petsc_options=petsc_options,
    )
    measure = ArcLength()
    if kind == "mean displacement":
        measure = MeanDisplacement(part, problem.u, "right", [1.0, 0.0])
    return PathFollowing(problem, factor, measure)


@pytest.mark.parametrize(
    ("kind", "size"), [("arc length", 0.0045), ("arc length", 0.004), ("mean displacement", 0.003)]
)
def test_a_restart_after_any_step_goes_on_alike(tmp_path, kind, size):
    whole = bar(kind)
    checkpoints = [Checkpoints(tmp_path / str(step)) for step in range(1, 8)]
    factors = []
    for step, kept in enumerate(checkpoints, start=1):
        assert whole.step(step * size).converged
        factors.append(whole.factor.value)
        kept.save(whole.problem, whole.notes())
    assert factors[-1] < max(factors)
    for kept in checkpoints[:-1]:
        restarted = bar(kind)
        restarted.restore(kept.restore(restarted.problem))
        for step in range(restarted.problem.steps + 1, 8):
            assert restarted.step(step * size).converged
            np.testing.assert_allclose(restarted.factor.value, factors[step - 1], rtol=1e-9)
        np.testing.assert_allclose(restarted.problem.u.x.array, whole.problem.u.x.array, atol=1e-12)


def test_a_restarted_run_of_a_path_ends_alike(tmp_path):
    def run(end: float, folder: str) -> Simulation:
        following = bar()
        sizes = StepSizes(StepControl(0.002), end)
        checkpoints = Checkpoints(tmp_path / folder)
        return Simulation(following.problem, sizes, [], checkpoints, following=following)

    whole = run(0.04, "whole")
    assert whole.run() is Ending.FINISHED
    run(0.03, "parts").run()
    second = run(0.04, "parts")
    second.restart()
    second.run()
    np.testing.assert_allclose(second.following.factor.value, whole.following.factor.value)
    np.testing.assert_allclose(second.problem.u.x.array, whole.problem.u.x.array, atol=1e-9)


@pytest.mark.parametrize("preconditioner", ["none", "jacobi"])
def test_a_limit_is_passed_with_an_iterative_solver(preconditioner):
    """Beyond it tangents are indefinite: conjugate gradients would break down."""
    direct = bar()
    options = {"ksp_type": "cg", "pc_type": preconditioner, "ksp_rtol": 1e-12}
    following = bar(petsc_options=options)
    for step in range(1, 9):
        assert direct.step(step * 0.004).converged
        report = following.step(step * 0.004)
        assert report.converged, report
        np.testing.assert_allclose(following.factor.value, direct.factor.value, rtol=1e-6)


def test_a_linear_solver_that_fails_is_told():
    following = bar(petsc_options={"ksp_type": "richardson", "pc_type": "none", "ksp_max_it": 1})
    report = following.step(0.004)
    assert not report.converged
    assert report.reason == "the linear solver failed: DIVERGED_MAX_IT"


def test_tolerances_are_those_of_the_problem():
    assert bar(petsc_options={"snes_atol": 1e30}).step(0.004).iterations == 1
    report = bar(petsc_options={"snes_max_it": 1}).step(0.02)
    assert (report.converged, report.iterations) == (False, 1)


def test_a_run_goes_on_as_it_was_begun(tmp_path):
    def over_time(folder: str) -> Simulation:
        part = rectangle(1.0, 1.0, (1, 1))
        law = {"part": laws.Elastic.isotropic(1000.0, 0.3)}
        problem = make_problem(part, law, SIDES, [Traction("right", [1.0, 0.0])])
        sizes = StepSizes(StepControl(0.5), 0.5)
        return Simulation(problem, sizes, [], Checkpoints(tmp_path / folder))

    def along_path(kind: str) -> Simulation:
        part = rectangle(1.0, 1.0, (1, 1))
        law, factor = {"part": laws.Elastic.isotropic(1000.0, 0.3)}, LoadFactor()
        problem = make_problem(part, law, SIDES, [Traction("right", [1.0, 0.0], factor)])
        measure = ArcLength()
        if kind == "mean displacement":
            measure = MeanDisplacement(part, problem.u, "right", [1.0, 0.0])
        following = PathFollowing(problem, factor, measure)
        sizes, folder = StepSizes(StepControl(0.5), 0.5), tmp_path / kind
        return Simulation(problem, sizes, [], Checkpoints(folder), following=following)

    over_time("time").run()
    along_path("arc length").run()
    length = along_path("arc length")
    length.checkpoints = Checkpoints(tmp_path / "time")
    with pytest.raises(InputError, match="a run by time, this one goes by arc length"):
        length.restart()
    with pytest.raises(InputError, match="a path by arc length, this run goes by time"):
        over_time("arc length").restart()
    moved = along_path("mean displacement")
    moved.checkpoints = Checkpoints(tmp_path / "arc length")
    with pytest.raises(InputError, match="a run by arc length, this one goes by mean displ"):
        moved.restart()


def test_a_failed_step_changes_nothing():
    part = rectangle(1.0, 1.0, (1, 1))
    factor = LoadFactor()
    law = laws.J2(1000.0, 0.3, laws.LinearHardening(1.0, 10.0))
    problem = make_problem(part, {"part": law}, SIDES, [Traction("right", [1.0, 0.0], factor)])
    following = PathFollowing(problem, factor, ArcLength(), max_iterations=2)
    assert following.step(1e-4).converged
    before, value = problem.u.x.array.copy(), factor.value
    report = following.step(0.5)
    assert not report.converged
    assert np.array_equal(problem.u.x.array, before)
    assert (factor.value, problem.time) == (value, 1e-4)


def test_wrong_input():
    part = rectangle(1.0, 1.0, (1, 1))
    law = laws.Elastic.isotropic(1000.0, 0.3)
    problem = make_problem(part, {"part": law}, SIDES, [Traction("right", [1.0, 0.0])])
    following = PathFollowing(problem, LoadFactor(), ArcLength())
    with pytest.raises(InputError, match="no load has the load factor"):
        following.step(0.1)
    modified = make_problem(
        part, {"part": law}, SIDES, [Traction("right", [1.0, 0.0])], newton="modified"
    )
    with pytest.raises(InputError, match="takes newton = 'full' only"):
        PathFollowing(modified, LoadFactor(), ArcLength())
    with pytest.raises(InputError, match="must be a time later"):
        following.step(0.0)
    with pytest.raises(InputError, match="must have 2 components"):
        MeanDisplacement(part, problem.u, "right", [1.0])
    for group, direction in (("left", [1.0, 0.0]), ("bottom", [0.0, 1.0])):
        factor = LoadFactor()
        problem = make_problem(part, {"part": law}, SIDES, [Traction("right", [1.0, 0.0], factor)])
        measure = MeanDisplacement(part, problem.u, group, direction)
        with pytest.raises(InputError, match=f"does not change the mean displacement of '{group}'"):
            PathFollowing(problem, factor, measure).step(0.1)
        assert factor.value == 0.0
