"""The macroscale simulation that a run file describes; every rank calls it."""

import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from mpi4py import MPI

from dmn_fe.cli.loading import load_factor, step_times
from dmn_fe.cli.outcome import Outcome, draw_outcomes
from dmn_fe.cli.passes import Pass, check_files, passes_of
from dmn_fe.cli.printing import STEP_HEADER, description, say, step_line
from dmn_fe.cli.runfile import RunFile, read_run_file
from dmn_fe.cli.slow_steps import SlowSteps
from dmn_fe.cli.supports import driven_surface, support_conditions
from dmn_fe.collective import RaiseTogether
from dmn_fe.errors import InputError
from dmn_fe.fem import (
    CsvLog,
    FieldOutput,
    Part,
    Problem,
    QuadratureMap,
    StepFailed,
    advance,
    displacement_field,
    gather_surface,
    read_mesh,
)
from dmn_fe.laws import MaterialLaw

__all__ = ["simulate"]

_PICTURE = "picture.png"


def simulate(path: Path, output: Path | None = None, comm: MPI.Comm = MPI.COMM_WORLD) -> None:
    """Run the load steps of a run file, print one line a step on rank 0 (collective).

    Writes ``reactions.csv``, fields for ParaView and ``picture.png``, and for a comparison
    ``reactions_<phase>.csv``.

    Parameters
    ----------
    path : Path
        The run file.
    output : Path, optional
        Folder for the results, in place of the run file's.

    Raises
    ------
    InputError
        On every rank and before anything is written, if the input does not fit together.
    StepFailed
        On every rank, if a load step does not converge; all results up to there are written.
    """
    with RaiseTogether(comm):
        run_file = read_run_file(path)
        folder = output or run_file.output.folder
        passes = passes_of(run_file)
        if comm.rank == 0:
            check_files(run_file, folder)
    laws = passes[-1].laws
    surfaces = [support.group for support in run_file.supports] + run_file.output.reactions
    try:
        part = read_mesh(run_file.mesh.file, comm, surfaces=surfaces, volumes=list(laws))
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    _check_every_volume_has_a_material(part, laws)
    say(comm, description(run_file, part, laws))

    start = time.perf_counter()
    outcomes = {}
    for one in passes:
        say(comm, f"\n{one.name}")
        outcomes[one.name] = _load_steps(run_file, part, one, folder)
    if comm.rank == 0:
        written = [file for outcome in outcomes.values() for file in outcome.files]
        written += draw_outcomes(folder / _PICTURE, outcomes, run_file.units)
        steps = len(outcomes[passes[-1].name].force) - 1
        say(comm, f"\nload steps: {steps} in {time.perf_counter() - start:.0f} s")
        say(comm, f"results in {folder.resolve()}: {', '.join(file.name for file in written)}")
    failures = [f"{n}: {o.failure}" for n, o in outcomes.items() if o.failure is not None]
    if failures:
        raise StepFailed(failures[0])


def _load_steps(run_file: RunFile, part: Part, one: Pass, folder: Path) -> Outcome:
    """All load steps of a pass, or those before the first that does not converge."""
    comm = part.mesh.comm
    u = displacement_field(part, run_file.mesh.displacement_degree)
    by_tag = {part.cell_groups[name]: law for name, law in one.laws.items()}
    qmap = QuadratureMap(u, by_tag, run_file.mesh.quadrature_degree, part.cell_tags)
    bcs, loads = support_conditions(run_file, part, u)
    times = step_times(run_file.loading)
    problem = Problem(u, qmap, bcs, loads, time=times[0])
    driven, direction = driven_surface(run_file)
    stroke = float(np.linalg.norm(direction))
    groups = dict.fromkeys([*run_file.output.reactions, driven])
    facets = {group: part.facets(group) for group in groups}
    columns = ["step", "time", "factor", "displacement", "force"]
    columns += [f"{group} F{i}" for group in groups for i in (1, 2, 3)]
    outcome = Outcome(time=times[0], files=[folder / one.csv])
    _make(folder, comm)  # now, when all input has proved right
    fields = None if one.is_comparison else FieldOutput(folder, u, qmap)
    outcome.files += fields.files if fields is not None else []
    written = None
    say(comm, STEP_HEADER)
    slow_steps = SlowSteps(comm)
    problem.snes.setMonitor(slow_steps)
    with CsvLog(folder / one.csv, columns, comm) as log:
        try:
            for number, t in enumerate(times[1:], start=1):
                slow_steps.begin(number)
                try:
                    reports = advance(problem, t)
                except StepFailed as error:
                    outcome.failure = _remedy(number, t, error)
                    break
                reactions = {g: problem.reaction(facets[g]) for g in groups}
                factor = load_factor(run_file.loading, t)
                way, force = factor * stroke, float(reactions[driven] @ direction / stroke)
                components = np.concatenate([reactions[group] for group in groups])
                log.write(number, t, factor, way, force, *components)
                outcome.displacement.append(way)
                outcome.force.append(force)
                say(comm, step_line(number, reports, factor, force))
                if fields is not None and number % run_file.output.fields_every == 0:
                    fields.write(t)
                    written = t
            if fields is not None:
                if written != problem.time:
                    fields.write(problem.time)
                outcome.time = problem.time
                outcome.surface = gather_surface(u, fields.von_mises)
        finally:
            if fields is not None:
                fields.close()
            problem.close()
    return outcome


def _remedy(number: int, t: float, error: StepFailed) -> str:
    remedy = "give a smaller 'loading.step'"
    if number == 1:
        remedy = f"check that every piece of the part is held, or {remedy}"
    return f"step {number} to time {t:g} failed: {error}; {remedy}."


def _make(folder: Path, comm: MPI.Comm) -> None:
    with RaiseTogether(comm):
        if comm.rank == 0:
            try:
                folder.mkdir(parents=True, exist_ok=True)
                # What an earlier run left would pass for this run's, should this one end early.
                (folder / _PICTURE).unlink(missing_ok=True)
            except OSError as error:
                raise InputError(
                    f"{folder}: results cannot be written there ({error.strerror}); give another "
                    "--output or 'output.folder'."
                ) from error


def _check_every_volume_has_a_material(part: Part, laws: Mapping[str, MaterialLaw]) -> None:
    forgotten = [name for name in part.cell_groups if name not in laws]
    if forgotten:
        raise InputError(
            f"{part.source}: the volume group {forgotten[0]!r} has no material; "
            f"add a table 'materials.{forgotten[0]}'."
        )
