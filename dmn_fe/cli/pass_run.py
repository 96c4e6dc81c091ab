"""One pass through the load steps of a run file: its problem, and the run that solves it."""

from collections.abc import Callable

from dmn_fe.cli.case import problem_of
from dmn_fe.cli.passes import Pass
from dmn_fe.cli.runfile import RunFile
from dmn_fe.fem import (
    ArcLength,
    Checkpoints,
    LoadFactor,
    MeanDisplacement,
    Output,
    Part,
    PathFollowing,
    Problem,
    Simulation,
    StepControl,
    StepSizes,
)

__all__ = ["pass_problem", "pass_simulation"]


def pass_simulation(
    run_file: RunFile,
    problem: Problem,
    outputs: list[Output],
    following: PathFollowing | None,
    stop: Callable[[], bool] | None = None,
    checkpoints: Checkpoints | None = None,
    wall_clock: float | None = None,
) -> Simulation:
    """The load steps of a run file for a problem of it."""
    steps, start, end = run_file.steps, problem.time, _end(run_file)
    corners = [time for points in run_file.amplitudes.values() for time, _ in points]
    control = StepControl(
        steps.largest,
        steps.first,
        steps.smallest,
        steps.growth,
        steps.cut,
        steps.few,
        steps.many,
    )
    if run_file.loading is not None:
        corners += [time for time, _ in run_file.loading.points]
    inside = [t for t in (*corners, *steps.at) if start < t < end]
    return Simulation(
        problem,
        StepSizes(control, end, inside),
        outputs,
        checkpoints,
        run_file.checkpoints.every,
        wall_clock,
        stop,
        following,
    )


def _end(run_file: RunFile) -> float:
    """Time of the last step; of a path its motion."""
    if run_file.path is not None:
        return run_file.path.until
    assert run_file.loading is not None
    return run_file.loading.points[-1][0]


def pass_problem(run_file: RunFile, part: Part, one: Pass) -> tuple[Problem, PathFollowing | None]:
    """The problem of a pass, and what finds its load factor if that is unknown (collective)."""
    path = run_file.path
    if path is None:
        return problem_of(run_file, part, one.materials), None
    factor = LoadFactor()
    problem = problem_of(run_file, part, one.materials, factor)
    if path.group is None:
        return problem, PathFollowing(problem, factor, ArcLength())
    measure = MeanDisplacement(part, problem.u, path.group, path.direction)
    return problem, PathFollowing(problem, factor, measure)
