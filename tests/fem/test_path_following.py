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


@pytest.mark.parametrize("kind", ["arc length", "mean displacement"])
def test_a_restart_past_the_limit_goes_on_downwards(tmp_path, kind):
    def make() -> Simulation:
        part = rectangle(1.0, 1.0, (1, 1))
        factor = LoadFactor()
        problem = make_problem(
            part,
            {"part": laws.Batched(softening, symmetric=True)},
            SIDES,
            [Traction("right", [1.0, 0.0], factor)],
            displacement_degree=1,
        )
        measure = ArcLength()
        if kind == "mean displacement":
            measure = MeanDisplacement(part, problem.u, "right", [1.0, 0.0])
        following = PathFollowing(problem, factor, measure)
        sizes = StepSizes(StepControl(0.002), end)
        checkpoints = Checkpoints(tmp_path / "checkpoints")
        return Simulation(problem, sizes, [], checkpoints, following=following)

    end = 0.04
    whole = make()
    assert whole.run() is Ending.FINISHED
    end = 0.03
    first = make()
    first.run()
    assert first.following.factor.value > whole.following.factor.value
    end = 0.04
    second = make()
    second.restart()
    second.run()
    np.testing.assert_allclose(second.following.factor.value, whole.following.factor.value)
    np.testing.assert_allclose(second.problem.u.x.array, whole.problem.u.x.array, atol=1e-9)


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
    with pytest.raises(InputError, match="must be a time later"):
        following.step(0.0)
    with pytest.raises(InputError, match="must have 2 components"):
        MeanDisplacement(part, problem.u, "right", [1.0])
