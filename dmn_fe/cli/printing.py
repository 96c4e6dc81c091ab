"""What a simulation prints: rank 0 speaks."""

import sys
from collections.abc import Mapping, Sequence

from mpi4py import MPI

from dmn_fe.cli.material_tables import MaterialTable, NetworkTable
from dmn_fe.cli.runfile import RunFile
from dmn_fe.evaluate import EnsembleLaw
from dmn_fe.fem import Part, StepReport
from dmn_fe.laws import MaterialLaw

__all__ = ["STEP_HEADER", "description", "say", "step_line", "warn"]

STEP_HEADER = (
    "step     time  SNES        |F|  micro max/mean   micro s  assembly s  solve s   factor   force"
)


def say(comm: MPI.Comm, line: str) -> None:
    """Print a line on rank 0."""
    if comm.rank == 0:
        print(line, flush=True)


def warn(sentence: str) -> None:
    """Print a warning; for one rank."""
    print(f"dmn-fe: warning: {sentence}", file=sys.stderr, flush=True)


def description(run_file: RunFile, part: Part, laws: Mapping[str, MaterialLaw]) -> str:
    """Title, mesh and materials of a run."""
    cells = part.mesh.topology.index_map(part.mesh.topology.dim).size_global
    materials = ", ".join(
        f"{name}: {_law_name(law, run_file.materials[name])}" for name, law in laws.items()
    )
    ranks = part.mesh.comm.size
    return f"{run_file.title}\n{part.source}: {cells} cells on {ranks} rank(s); {materials}"


def _law_name(law: MaterialLaw, table: MaterialTable) -> str:
    if not isinstance(table, NetworkTable):
        return type(law).__name__
    if isinstance(law, EnsembleLaw):
        leaves = ", ".join(str(len(n.weights)) for n in law.ensemble.networks)
        return f"{len(law.members)} networks of {table.network} with {leaves} leaves"
    network = getattr(law, "network", None)
    leaves = "" if network is None else f" with {len(network.weights)} leaves"
    return f"network {table.network}{leaves}"


def step_line(number: int, parts: Sequence[StepReport], factor: float, force: float) -> str:
    """The row of a load step below ``STEP_HEADER``; work is summed over the parts of the step.

    Parameters
    ----------
    number : int
        Number of the load step in the run file.
    parts : sequence of StepReport
        Its parts; more than one if it was cut back, which a line before the row says.
    factor, force : float
        Load factor and driving force at the end of the step.
    """
    last = parts[-1]
    micro_max = max(part.micro_iterations_max for part in parts)
    iterations, micro, assembly, solve = (
        sum(getattr(part, name) for part in parts)
        for name in ("iterations", "seconds_micro", "seconds_assembly", "seconds_solve")
    )
    note = ""
    if len(parts) > 1:
        note = f"step {number} did not converge at once and was cut back into {len(parts)} parts\n"
    return note + (
        f"{number:4d} {last.time:8.4g} {iterations:5d} {last.residuals[-1]:10.3e}"
        f"  {micro_max:7d} /{last.micro_iterations_mean:5.2f}"
        f" {micro:9.2f} {assembly:11.2f} {solve:8.2f} {factor:8.3f} {force:9.4g}"
    )
