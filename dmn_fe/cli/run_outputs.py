"""The outputs of a run file."""

from pathlib import Path

from rich.console import Console

from dmn_fe.cli.runfile import RunFile
from dmn_fe.evaluate import strain_envelope
from dmn_fe.fem import Output, Part, PathFollowing, Problem, output

__all__ = ["outputs_of", "reaction_groups"]


def outputs_of(
    run_file: RunFile,
    part: Part,
    folder: Path,
    problem: Problem,
    following: PathFollowing | None,
) -> list[Output]:
    """The outputs that a run file asks for, and a watch over the strains of its networks."""
    table = run_file.output
    outputs: list[Output] = [output.Progress(Console())]
    groups = reaction_groups(run_file)
    factor = None if following is None else following.factor
    outputs.append(output.Reactions(folder / "reactions.csv", part, groups, factor))
    if table.probes:
        outputs.append(output.Probes(folder / "probes.csv", part, table.probes))
    if table.fields is not None:
        fields = table.fields
        outputs.append(output.Fields(folder, fields.format, fields.quantities, fields.every))
    if table.points is not None:
        points = table.points
        path = folder / "points.vtkhdf"
        outputs.append(output.PointCloud(path, points.quantities, points.every))
    if table.phases:
        outputs.append(output.PhaseAverages(folder / "phases.csv", part))
    if any(strain_envelope(law) is not None for law in problem.qmap.laws.values()):
        outputs.append(output.EnvelopeWatch())
    return outputs


def reaction_groups(run_file: RunFile) -> list[str]:
    """Surfaces whose displacement and reaction are written."""
    held = [support.group for support in run_file.supports]
    loaded = [one.group for one in run_file.tractions]
    loaded += [one.group for one in run_file.pressures] + [one.group for one in run_file.resultants]
    return [*run_file.output.reactions, *held, *loaded]
