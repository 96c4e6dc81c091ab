"""Cases of outputs that pytest starts on several ranks; see ``mpi_restart.py``."""

# isort: off
from dmn_fe.fem import StepControl, StepFailed, StepSizes, Simulation  # before torch
from dmn_fe.fem.output import (
    Fields,
    PointCloud,
    Probes,
    Progress,
    Quantity,
    Reactions,
    StrainPaths,
    Summary,
)

# isort: on
import errno
import io
import json
import os
import sys
from pathlib import Path

import numpy as np
from dolfinx.common import has_adios2
from helpers.blocks import Fragile
from helpers.runs import STEEL, cube, forget_steps_after, simulation
from mpi4py import MPI
from rich.console import Console

from dmn_fe import InputError

COMM = MPI.COMM_WORLD
FORMATS = ["vtkhdf", "xdmf"] + ["vtx"] * has_adios2
# On corners, edges and faces that ranks share, and inside of cells.
POINTS = {
    "corner": [0.5, 0.5, 0.5],
    "edge": [0.5, 0.5, 0.2],
    "face": [0.5, 0.1, 0.2],
    "in": [0.3, 0.1, 0.77],
    "end": [1.0, 1.0, 1.0],
}
QUANTITIES = ["stress", "strain", "von_mises", "iterations"]


def outputs(part, folder: Path, every: int = 2) -> list:
    return [
        Reactions(folder / "reactions.csv", part, ["x0", "x1", "y0"]),
        Probes(folder / "probes.csv", part, POINTS),
        Fields(folder, quantities=QUANTITIES, every=every),
        PointCloud(folder / "points.vtkhdf", QUANTITIES, every=every),
        StrainPaths(folder / "strain_paths.vtkhdf", part, most=20),
        Summary(folder / "summary.json"),
    ]


def whole(folder: Path) -> dict:
    """A run, and its progress as each rank tells it."""
    part, problem = cube()
    text = io.StringIO()
    progress = Progress(Console(file=text))
    simulation(problem, [progress, *outputs(part, folder / f"whole{COMM.size}")]).run()
    return {"lines": text.getvalue().splitlines()}


def first_part(folder: Path) -> dict:
    """Four steps, and the checkpoints of the first three."""
    part, problem = cube()
    simulation(problem, outputs(part, folder), folder, stop_after=4).run()
    if COMM.rank == 0:
        forget_steps_after(folder, 3)
    return {}


def second_part(folder: Path) -> dict:
    """The rest."""
    part, problem = cube()
    run = simulation(problem, outputs(part, folder), folder)
    run.restart()
    run.run()
    return {"steps": problem.steps}


def one_cell(folder: Path) -> dict:
    """More ranks than cells, with all kinds of output."""
    part, problem = cube(n=1, cell="hexahedron")
    folder = folder / f"one{COMM.size}"
    middle = Probes(folder / "middle.csv", part, {"middle": [0.5] * 3})
    fields = [Fields(folder / name, name, QUANTITIES) for name in FORMATS]
    simulation(problem, [*outputs(part, folder), middle, *fields]).run()
    return {"cells": len(problem.qmap.cells)}


def told(action) -> str:
    try:
        action()
    except (InputError, RuntimeError) as error:
        return f"{type(error).__name__}: {error}"
    return "nothing"


def fails_on_last_rank(problem) -> np.ndarray:
    if COMM.rank == COMM.size - 1:
        raise ArithmeticError("one rank only")
    return np.zeros(len(problem.qmap.committed_stress))


class Full:
    """An output to a disk that is full after the first state."""

    def __init__(self, output):
        self.output = output
        self.check, self.begin, self.end = output.check, output.begin, output.end

    def step(self, *arguments) -> None:
        if isinstance(self.output, Reactions) and COMM.rank == 0:
            self.output.path.unlink()
            self.output.path.symlink_to("/dev/full")
        before = os.posix_fallocate
        os.posix_fallocate = no_room
        try:
            self.output.step(*arguments)
        finally:
            os.posix_fallocate = before


def no_room(*_) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def wrong(folder: Path) -> dict:
    """What every rank is told."""
    part, problem = cube()
    if COMM.rank == 0:
        (folder / "file").write_text("")
        (folder / "device.csv").symlink_to("/dev/full")
    COMM.barrier()
    within = folder / "file" / "in"
    given = {
        "reactions": Reactions(within / "r.csv", part, ["x0"]),
        "probes": Probes(within / "p.csv", part, POINTS),
        "outside": Probes(folder / "p.csv", part, POINTS | {"tip": [2.0, 0.0, 0.0]}),
        "cloud": PointCloud(within / "points.vtkhdf"),
        "temperature": PointCloud(folder / "points.vtkhdf", ["temperature"]),
        "one rank": Fields(folder, quantities=[Quantity("one", fails_on_last_rank, (), "1")]),
    }
    given |= {f"folder {name}": Fields(within, name) for name in FORMATS}
    said = {name: told(simulation(problem, [one]).run) for name, one in given.items()}
    full_table = Reactions(folder / "device.csv", part, ["x0"])
    said["full device"] = told(simulation(problem, [full_table]).run)
    for name in ["table", "cloud", *FORMATS]:
        part, problem = cube()  # and the one before goes on all ranks at once, or this hangs
        if name == "table":
            output = Reactions(folder / "full.csv", part, ["x0"])
        elif name == "cloud":
            output = PointCloud(folder / "full.vtkhdf")
        else:
            output = Fields(folder / f"full {name}", name)
        said[f"full {name}"] = told(simulation(problem, [Full(output)]).run)
        if name in FORMATS:
            output.close()
    return said


def failed(folder: Path) -> dict:
    """A run that fails: all outputs are ended."""
    part, problem = cube(Fragile(STEEL, 0.008))
    folder = folder / f"failed{COMM.size}"
    sizes = StepSizes(StepControl(1 / 6, smallest=1 / 6, growth=1.0), 1.0)
    fields = [Fields(folder / name, name, every=9) for name in FORMATS]
    run = Simulation(problem, sizes, [*outputs(part, folder, every=9), *fields])
    try:
        run.run()
    except StepFailed:
        return {"time": problem.time, "steps": problem.steps}
    return {}


if __name__ == "__main__":
    case, folder = sys.argv[1], Path(sys.argv[2])
    result = globals()[case](folder)
    file = folder / f"{case}.{COMM.size}.{COMM.rank}.json"
    file.write_text(json.dumps(result))
