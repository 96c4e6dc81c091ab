"""Simulations of a plastic cube, whole or in parts."""

import shutil
from pathlib import Path

from dmn_fe import laws
from dmn_fe.fem import (
    Checkpoints,
    Simulation,
    StepControl,
    StepSizes,
    Support,
    make_problem,
)
from helpers.parts import box

__all__ = ["STEEL", "cube", "forget_steps_after", "simulation"]

STEEL = laws.J2(200e3, 0.3, laws.VoceHardening(250.0, 100.0, 40.0, 1000.0))


def cube(law=STEEL, n: int = 2, cell: str = "tetrahedron", degree: int = 2):
    """A part and its problem: "x0" is held, "x1" moves."""
    part = box(n, cell)
    supports = [Support("x0", [0.0] * 3), Support("x1", [0.01, 0.004, 0.0])]
    options = {"snes_rtol": 1e-13}
    problem = make_problem(
        part, {"part": law}, supports, displacement_degree=degree, petsc_options=options
    )
    return part, problem


def simulation(problem, outputs, folder: Path | None = None, steps: int = 6, stop_after=None):
    """Equal steps to time 1; with checkpoints after each in a folder, if there is one."""

    def stop() -> bool:
        return stop_after is not None and problem.steps >= stop_after

    return Simulation(
        problem,
        StepSizes(StepControl(1.0 / steps, growth=1.0), 1.0),
        outputs,
        None if folder is None else Checkpoints(folder, keep=100),
        checkpoint_every=0.0,
        stop=stop,
    )


def forget_steps_after(folder: Path, step: int) -> None:
    """Remove the checkpoints of later steps, as if the run was killed before they were due."""
    for path in folder.glob("step_*"):
        if int(path.name.removeprefix("step_").removesuffix("_end")) > step:
            shutil.rmtree(path)
