"""What a simulation prints: rank 0 speaks."""

import sys

from mpi4py import MPI

from dmn_fe.cli.material_tables import MaterialTable, NetworkTable, RVETable
from dmn_fe.cli.runfile import RunFile
from dmn_fe.fem import Costs, Part, Problem

__all__ = ["costs_in_words", "describe", "say", "warn"]


def say(comm: MPI.Comm, line: str) -> None:
    """Print a line on rank 0."""
    if comm.rank == 0:
        print(line, flush=True)


def warn(sentence: str) -> None:
    """Print a warning; for one rank."""
    print(f"dmn-fe: warning: {sentence}", file=sys.stderr, flush=True)


def describe(run_file: RunFile, part: Part, problem: Problem) -> str:
    """Title, mesh, materials and solver of a run."""
    topology, q = part.mesh.topology, problem.qmap.points_per_cell
    cells = topology.index_map(topology.dim).size_global
    materials = ", ".join(f"{name}: {_name(t)}" for name, t in run_file.materials.items())
    return (
        f"{run_file.title}\n{part.source}: {cells} cells with {cells * q} quadrature points, "
        f"{problem.qmap.kinematics.kind}, on {part.mesh.comm.size} rank(s)\n{materials}\n"
        f"{problem.linear_solver}"
    )


def costs_in_words(costs: Costs, steps: int, ranks: int) -> str:
    """Memory and seconds of a run, and how they come about."""
    points = costs.point_bytes * costs.points / ranks
    minutes = costs.step * steps / 60.0
    return (
        f"memory: {costs.point_bytes:.0f} B a quadrature point, {points / 1e6:.0f} MB of points a "
        f"rank; a rank has needed {costs.rank_bytes / 1e6:.0f} MB in this trial\n"
        f"time: {costs.step:.2g} s a step of four Newton iterations, each {costs.micro:.2g} s in "
        f"the laws, {costs.assembly:.2g} s in the assembly, {costs.solve:.2g} s in the solver; "
        f"{steps} steps or more, {minutes:.2g} minutes"
    )


def _name(table: MaterialTable) -> str:
    if isinstance(table, RVETable):
        return f"FE² on {table.rve.name}"
    if not isinstance(table, NetworkTable):
        return table.law
    names = ", ".join(path.name for path in table.files)
    return f"network {names}" if table.network is not None else f"networks between {names}"
