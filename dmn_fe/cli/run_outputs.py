"""The outputs of a run file."""

from pathlib import Path

from dmn_fe.cli.console import run_console
from dmn_fe.cli.material_tables import NetworkTable
from dmn_fe.cli.materials import phase_laws
from dmn_fe.cli.runfile import RunFile
from dmn_fe.fem import Output, Part, PathFollowing, Problem, SwitchingLaw, output
from dmn_fe.network import load

__all__ = ["curve_table", "outputs_of"]


def outputs_of(
    run_file: RunFile,
    part: Part,
    folder: Path,
    table_name: str,
    problem: Problem,
    following: PathFollowing | None,
) -> list[Output]:
    """The outputs that a run file asks for, and a watch over the strains of its networks.

    ``table_name`` is that of the table of the run's curve.
    """
    table = run_file.output
    outputs: list[Output] = [output.Progress(run_console())]
    outputs.append(curve_table(run_file, part, folder / table_name, problem, following))
    if table.probes:
        outputs.append(output.Probes(folder / "probes.csv", part, table.probes))
    if table.fields is not None:
        fields = table.fields
        outputs.append(output.Fields(folder, fields.format, fields.quantities, fields.every))
    if table.points is not None:
        points = table.points
        path = folder / "points.vtkhdf"
        outputs.append(output.PointCloud(path, points.quantities, points.every))
    networks = [name for name, one in run_file.materials.items() if isinstance(one, NetworkTable)]
    if networks and table.strain_paths > 0:
        also = [] if run_file.temperature is None else ["temperature"]
        path, most = folder / "strain_paths.vtkhdf", table.strain_paths
        kept = {name: _kept_network(run_file, name) for name in networks}
        outputs.append(output.StrainPaths(path, part, networks, most, also=also, networks=kept))
    if table.phases:
        outputs.append(output.PhaseAverages(folder / "phases.csv", part))
    envelopes = [output.envelope_of(law) for law in problem.qmap.laws.values()]
    if any(one is not None for one in envelopes):
        outputs.append(output.EnvelopeWatch())
    if any(isinstance(law, SwitchingLaw) for law in problem.qmap.laws.values()):
        outputs.append(output.SwitchingTable(folder / "switching.csv"))
    outputs.append(output.Summary(folder / "summary.json"))  # last: the others count in its time
    return outputs


def curve_table(
    run_file: RunFile,
    part: Part,
    path: Path,
    problem: Problem,
    following: PathFollowing | None,
) -> Output:
    """The table of a run: reactions of all that is held or loaded, or means of a periodic cell."""
    if problem.cell is not None:
        return output.CellAverages(path, problem)
    groups = run_file.output.reactions + [one.group for one in run_file.supports]
    groups += [one.group for one in run_file.tractions]
    groups += [one.group for one in run_file.pressures]
    groups += [one.group for one in run_file.resultants]
    return output.Reactions(path, part, groups, None if following is None else following.factor)


def _kept_network(run_file: RunFile, name: str) -> output.KeptNetwork | str:
    """Network and laws of a group, or why they alone do not give its stress."""
    table = run_file.materials[name]
    assert isinstance(table, NetworkTable)
    if table.network is None:
        return "its networks vary over the part"
    if table.switch is not None:
        return "some of its points may have had the full RVE"
    if name in run_file.axes:
        return "it has material axes"
    laws = phase_laws(table, f"{run_file.source}: materials.{name}")
    return output.KeptNetwork(load(table.network), laws)
