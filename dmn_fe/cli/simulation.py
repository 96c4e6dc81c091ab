"""The macroscale simulation that a run file describes; every rank calls it."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from mpi4py import MPI

from dmn_fe.cli.loading import load_factor, step_times
from dmn_fe.cli.materials import comparison_law, material_law
from dmn_fe.cli.runfile import RunFile
from dmn_fe.errors import InputError
from dmn_fe.fem import (
    CsvLog,
    FieldOutput,
    Part,
    Problem,
    QuadratureMap,
    StepReport,
    Surface,
    displacement_field,
    draw,
    gather_surface,
    prescribe,
    read_mesh,
)
from dmn_fe.laws import MaterialLaw

__all__ = ["simulate"]

_HEADER = (
    "step     time  SNES        |F|  micro max/mean   micro s  assembly s  solve s   factor   force"
)


@dataclass
class _Outcome:
    """The force–displacement curve of a pass through the load steps, and the part at its end."""

    displacement: list[float] = field(default_factory=lambda: [0.0])
    force: list[float] = field(default_factory=lambda: [0.0])
    surface: Surface | None = None


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
    passes = {"network" if run_file.comparison else "part": (laws, "reactions.csv")}
    if run_file.comparison is not None:
        phase = run_file.comparison.phase
        alone = {name: comparison_law(t, phase) for name, t in run_file.materials.items()}
        passes = {f"{phase} alone": (alone, f"reactions_{_file_name(phase)}.csv"), **passes}
    surfaces = [support.group for support in run_file.supports] + run_file.output.reactions
    part = read_mesh(run_file.mesh.file, comm, surfaces=surfaces, volumes=list(laws))
    _check_every_volume_has_a_material(part, laws)
    _say(comm, _describe(run_file, part, laws))

    start = time.perf_counter()
    outcomes = {}
    for name, (laws_of_pass, csv) in passes.items():
        _say(comm, f"\n{name}")
        main_pass = laws_of_pass is laws
        outcomes[name] = _load_steps(run_file, part, laws_of_pass, folder, csv, main_pass)
    _draw(run_file, folder, outcomes)
    seconds = time.perf_counter() - start
    _say(comm, f"\n{len(step_times(run_file.loading)) - 1} steps in {seconds:.0f} s")
    _say(comm, f"results in {folder}: {', '.join(_written(folder))}" if comm.rank == 0 else "")


def _load_steps(
    run_file: RunFile,
    part: Part,
    laws: Mapping[str, MaterialLaw],
    folder: Path,
    csv: str,
    with_fields: bool,
) -> _Outcome:
    """All load steps with the given laws; fields are written only on request."""
    comm = part.mesh.comm
    u = displacement_field(part, run_file.mesh.displacement_degree)
    by_tag = {part.cell_groups[name]: law for name, law in laws.items()}
    qmap = QuadratureMap(u, by_tag, run_file.mesh.quadrature_degree, part.cell_tags)
    bcs, loads = _supports(run_file, part, u)
    times = step_times(run_file.loading)
    problem = Problem(u, qmap, bcs, loads, time=times[0])
    driven, direction = _driven_surface(run_file)
    stroke = float(np.linalg.norm(direction))
    groups = list(dict.fromkeys([*run_file.output.reactions, driven]))
    columns = ["step", "time", "factor", *(f"{g} F{i}" for g in groups for i in (1, 2, 3))]
    outcome = _Outcome()
    folder.mkdir(parents=True, exist_ok=True)  # now, when all input has proved right
    fields = FieldOutput(folder, u, qmap) if with_fields else None
    _say(comm, _HEADER)
    with CsvLog(folder / csv, columns, comm) as log:
        try:
            for number, t in enumerate(times[1:], start=1):
                report = problem.step(t)
                if not report.converged:
                    raise RuntimeError(
                        f"step {number} to time {t:g} did not converge ({report.reason}); "
                        "give a smaller loading.step."
                    )
                reactions = {g: problem.reaction(part.facets(g)) for g in groups}
                factor = load_factor(run_file.loading, t)
                log.write(number, t, factor, *np.concatenate([reactions[g] for g in groups]))
                outcome.displacement.append(factor * stroke)
                outcome.force.append(float(reactions[driven] @ direction / stroke))
                last = number == len(times) - 1
                if fields is not None and (last or number % run_file.output.fields_every == 0):
                    fields.write(t)
                _say(comm, _line(report, factor, outcome.force[-1]))
            if fields is not None:
                outcome.surface = gather_surface(u, fields.von_mises)
        finally:
            if fields is not None:
                fields.close()
            problem.close()
    return outcome


def _supports(run_file: RunFile, part: Part, u) -> tuple[list, dict]:
    """Dirichlet conditions of all supports, and the load values they follow."""
    bcs: list = []
    loads: dict = {}
    for support in run_file.supports:
        components = [None if value == "free" else float(value) for value in support.displacement]
        new_bcs, new_loads = prescribe(
            part, u, support.group, components, lambda t: load_factor(run_file.loading, t)
        )
        bcs, loads = bcs + new_bcs, loads | new_loads
    return bcs, loads


def _driven_surface(run_file: RunFile) -> tuple[str, np.ndarray]:
    """The first support that moves, and its displacement at load factor one."""
    support = next(support for support in run_file.supports if support.moves)
    return support.group, np.array([0.0 if v == "free" else v for v in support.displacement])


def _draw(run_file: RunFile, folder: Path, outcomes: Mapping[str, _Outcome]) -> None:
    """The picture, on the rank that has the surface."""
    surface = next((o.surface for o in outcomes.values() if o.surface is not None), None)
    if surface is None:
        return
    units = run_file.units
    draw(
        folder / "picture.png",
        {name: (o.displacement, o.force) for name, o in outcomes.items()},
        surface,
        curve_axes=(_labelled("displacement", units.length), _labelled("force", units.force)),
        field=_labelled("von Mises stress", units.stress),
    )


def _check_every_volume_has_a_material(part: Part, laws: Mapping[str, MaterialLaw]) -> None:
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


def _line(report: StepReport, factor: float, force: float) -> str:
    return (
        f"{report.step:4d} {report.time:8.4g} {report.iterations:5d} {report.residuals[-1]:10.3e}"
        f"  {report.micro_iterations_max:7d} /{report.micro_iterations_mean:5.2f}"
        f" {report.seconds_micro:9.2f} {report.seconds_assembly:11.2f} {report.seconds_solve:8.2f}"
        f" {factor:8.3f} {force:9.4g}"
    )


def _written(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def _labelled(quantity: str, unit: str) -> str:
    return f"{quantity} ({unit})" if unit else quantity


def _file_name(text: str) -> str:
    return "".join(c if c.isalnum() else "_" for c in text)


def _say(comm: MPI.Comm, line: str) -> None:
    if comm.rank == 0:
        print(line, flush=True)
