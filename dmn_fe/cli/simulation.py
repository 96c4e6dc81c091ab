"""The macroscale simulation that a run file describes; every rank calls it."""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from dolfinx import default_scalar_type, fem
from mpi4py import MPI

from dmn_fe.cli.materials import comparison_law, material_law
from dmn_fe.cli.runfile import LoadingTable, RunFile
from dmn_fe.errors import InputError
from dmn_fe.fem import (
    CsvLog,
    FieldOutput,
    Part,
    Problem,
    QuadratureMap,
    draw,
    read_mesh,
)
from dmn_fe.fem.surface import gather_surface
from dmn_fe.laws import MaterialLaw

__all__ = ["simulate"]

_HEADER = (
    "step     time  SNES        |F|  micro max/mean   micro s  assembly s  solve s   factor   force"
)


@dataclass
class _Run:
    """One pass through the load steps: the fields at its end and its force–displacement curve."""

    displacement: list[float] = field(default_factory=list)
    force: list[float] = field(default_factory=list)


def simulate(run_file: RunFile, folder: Path, comm: MPI.Comm = MPI.COMM_WORLD) -> None:
    """Run the load steps, write the results to ``folder``, print one line a step on rank 0.

    Writes ``reactions.csv``, fields for ParaView and ``picture.png``, and for a comparison
    ``reactions_<phase>.csv``.

    Raises
    ------
    InputError
        On every rank and before anything is written, if the input does not fit together.
    RuntimeError
        If a load step does not converge; the results up to there are complete.
    """
    laws = {name: material_law(table) for name, table in run_file.materials.items()}
    others = None
    if run_file.comparison is not None:
        phase = run_file.comparison.phase
        others = {name: comparison_law(t, phase) for name, t in run_file.materials.items()}
    surfaces = [support.group for support in run_file.supports] + run_file.output.reactions
    part = read_mesh(run_file.mesh.file, comm, surfaces=surfaces, volumes=list(laws))
    _check_cells(part, laws)
    _say(comm, _describe(run_file, part, laws))
    start = time.perf_counter()
    curves = {}
    if others is not None:
        _say(comm, f"\ncomparison: {phase} alone")
        csv = folder / f"reactions_{_file_name(phase)}.csv"
        run = _load_steps(run_file, part, others, csv, None)[0]
        curves[f"{phase} alone"] = (run.displacement, run.force)
    _say(comm, "\nnetwork" if others is not None else "")
    run, u, fields = _load_steps(run_file, part, laws, folder / "reactions.csv", folder)
    assert fields is not None
    curves["network" if others is not None else "part"] = (run.displacement, run.force)
    surface = gather_surface(u, fields.von_mises)
    if surface is not None:
        units = run_file.units
        axes = (_labelled("displacement", units.length), _labelled("force", units.force))
        draw(
            folder / "picture.png",
            curves,
            surface,
            curve_axes=axes,
            field=_labelled("von Mises stress", units.stress),
        )
    seconds = time.perf_counter() - start
    _say(comm, f"\n{len(run.force) - 1} steps in {seconds:.0f} s; results in {folder}")


def _load_steps(
    run_file: RunFile,
    part: Part,
    laws: Mapping[str, MaterialLaw],
    csv: Path,
    fields_folder: Path | None,
) -> tuple[_Run, fem.Function, FieldOutput | None]:
    """All load steps with the given laws; fields are written only with a folder."""
    comm = part.mesh.comm
    space = fem.functionspace(part.mesh, ("Lagrange", run_file.mesh.displacement_degree, (3,)))
    u = fem.Function(space, name="displacement")
    by_tag = {part.cell_groups[name]: law for name, law in laws.items()}
    qmap = QuadratureMap(u, by_tag, run_file.mesh.quadrature_degree, part.cell_tags)
    bcs, loads = _supports(run_file, part, space)
    times = _times(run_file.loading)
    problem = Problem(u, qmap, bcs, loads, time=times[0])
    driven, direction = _driven_surface(run_file)
    groups = list(dict.fromkeys([*run_file.output.reactions, driven]))
    columns = ["step", "time", "factor", *(f"{g} F{i}" for g in groups for i in (1, 2, 3))]
    stroke = float(np.linalg.norm(direction))
    unit = direction / stroke
    run, fields = _Run([0.0], [0.0]), None
    csv.parent.mkdir(parents=True, exist_ok=True)  # now, when all input has proved right
    if fields_folder is not None:
        fields = FieldOutput(fields_folder, u, qmap)
    _say(comm, _HEADER)
    with CsvLog(csv, columns, comm) as log:
        try:
            for number, t in enumerate(times[1:], start=1):
                report = problem.step(t)
                if not report.converged:
                    raise RuntimeError(
                        f"step {number} to time {t:g} did not converge ({report.reason}); "
                        "give a smaller loading.step."
                    )
                reactions = {g: problem.reaction(part.facets(g)) for g in groups}
                factor = _factor(run_file.loading, t)
                log.write(number, t, factor, *np.concatenate([reactions[g] for g in groups]))
                run.displacement.append(factor * stroke)
                run.force.append(float(reactions[driven] @ unit))
                last = number == len(times) - 1
                if fields is not None and (last or number % run_file.output.fields_every == 0):
                    fields.write(t)
                _say(
                    comm,
                    f"{report.step:4d} {t:8.4g} {report.iterations:5d} {report.residuals[-1]:10.3e}"
                    f"  {report.micro_iterations_max:7d} /{report.micro_iterations_mean:5.2f}"
                    f" {report.seconds_micro:9.2f} {report.seconds_assembly:11.2f}"
                    f" {report.seconds_solve:8.2f} {factor:8.3f} {run.force[-1]:9.4g}",
                )
        finally:
            if fields is not None:
                fields.close()
            problem.close()
    return run, u, fields


def _supports(run_file: RunFile, part: Part, space: fem.FunctionSpace):
    """Dirichlet conditions of all supports, and the load values they follow."""
    facet_dimension = part.mesh.topology.dim - 1
    part.mesh.topology.create_connectivity(facet_dimension, facet_dimension + 1)
    bcs, loads = [], {}
    for support in run_file.supports:
        facets = part.facets(support.group)
        for component, value in enumerate(support.displacement):
            if value == "free":
                continue
            prescribed = fem.Constant(part.mesh, default_scalar_type(0.0))
            dofs = fem.locate_dofs_topological(space.sub(component), facet_dimension, facets)
            bcs.append(fem.dirichletbc(prescribed, dofs, space.sub(component)))
            loads[prescribed] = lambda t, scale=value: scale * _factor(run_file.loading, t)
    return bcs, loads


def _driven_surface(run_file: RunFile) -> tuple[str, np.ndarray]:
    """The first support that moves, and its displacement at load factor one."""
    support = next(support for support in run_file.supports if support.moves)
    return support.group, np.array([0.0 if v == "free" else v for v in support.displacement])


def _times(loading: LoadingTable) -> list[float]:
    """Ends of the load steps: every point of the loading, and equal steps between them."""
    times = [loading.points[0][0]]
    for (start, _), (end, _) in zip(loading.points, loading.points[1:], strict=False):
        count = max(1, math.ceil((end - start) / loading.step - 1e-9))
        times += [start + (end - start) * (i / count) for i in range(1, count + 1)]
    return times


def _factor(loading: LoadingTable, t: float) -> float:
    times, factors = zip(*loading.points, strict=True)
    return float(np.interp(t, times, factors))


def _check_cells(part: Part, laws: Mapping[str, MaterialLaw]) -> None:
    forgotten = [name for name in part.cell_groups if name not in laws]
    if forgotten:
        raise InputError(
            f"{part.source}: the volume group {forgotten[0]!r} has no material; "
            f"add a table 'materials.{forgotten[0]}'."
        )


def _describe(run_file: RunFile, part: Part, laws: Mapping[str, MaterialLaw]) -> str:
    cells = part.mesh.topology.index_map(part.mesh.topology.dim).size_global
    materials = ", ".join(f"{name}: {_law_name(law)}" for name, law in laws.items())
    ranks = part.mesh.comm.size
    return f"{run_file.title}\n{part.source}: {cells} cells on {ranks} rank(s); {materials}"


def _law_name(law: MaterialLaw) -> str:
    network = getattr(law, "network", None)
    return type(law).__name__ if network is None else f"network with {2**network.depth} leaves"


def _labelled(quantity: str, unit: str) -> str:
    return f"{quantity} ({unit})" if unit else quantity


def _file_name(text: str) -> str:
    return "".join(c if c.isalnum() else "_" for c in text)


def _say(comm: MPI.Comm, line: str) -> None:
    if comm.rank == 0:
        print(line, flush=True)
