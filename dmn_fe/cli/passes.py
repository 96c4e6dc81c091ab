"""What can be checked of a run before MPI starts and the mesh is read: laws, files, folder."""

import os
from dataclasses import dataclass
from pathlib import Path

from dmn_fe.cli.material_tables import NetworkTable, RVETable
from dmn_fe.cli.materials import Material, comparison_law, material_law
from dmn_fe.cli.runfile import RunFile
from dmn_fe.errors import InputError

__all__ = ["Pass", "check_files", "passes_of"]


@dataclass(frozen=True)
class Pass:
    """One pass through the load steps.

    Attributes
    ----------
    name : str
        Its name in the print-out and in the picture.
    materials : dict of str to MaterialLaw or NetworksOfField
        Of each volume group.
    csv : str
        Name of the table of its curve: of reactions, of a periodic cell of mean strain and stress.
    is_comparison : bool
        Whether it is only for the picture: no fields are written.
    """

    name: str
    materials: dict[str, Material]
    csv: str
    is_comparison: bool = False


def passes_of(run_file: RunFile) -> list[Pass]:
    """The passes of a run, the comparison first.

    Raises
    ------
    InputError
        If a network cannot be read or a law has impossible parameters.
    """
    where = {name: f"{run_file.source}: materials.{name}" for name in run_file.materials}
    tables = run_file.materials
    materials = {name: material_law(table, where[name]) for name, table in tables.items()}
    kind = "reactions" if run_file.periodic is None else "cell"
    if run_file.comparison is None:
        return [Pass("part", materials, f"{kind}.csv")]
    phase = run_file.comparison.phase
    if not any(isinstance(table, NetworkTable | RVETable) for table in tables.values()):
        raise InputError(
            f"{run_file.source}: 'comparison' needs a material with a network or an RVE; remove "
            "that table."
        )
    alone = {name: comparison_law(t, phase, where[name]) for name, t in tables.items()}
    table = "".join(c if c.isalnum() else "_" for c in f"{kind} {phase}") + ".csv"
    comparison = Pass(f"{phase} alone", alone, table, is_comparison=True)
    is_network = any(isinstance(table, NetworkTable) for table in tables.values())
    name = "network" if is_network else "FE²"
    return [comparison, Pass(name, materials, f"{kind}.csv")]


def check_files(run_file: RunFile, folder: Path) -> None:
    """Raise ``InputError`` unless there is a mesh file and ``folder`` can hold the results."""
    if not run_file.mesh.file.is_file():
        raise InputError(f"{run_file.mesh.file}: there is no such mesh file; check 'mesh.file'.")
    folder = folder.absolute()
    existing = next(path for path in (folder, *folder.parents) if os.path.exists(path))
    if not existing.is_dir():
        raise InputError(
            f"{folder}: the results need a folder, but {existing} is a file; give another "
            "--output or 'output.folder'."
        )
    if not os.access(existing, os.W_OK | os.X_OK):
        raise InputError(
            f"{folder}: the folder {existing} may not be written; give another --output or "
            "'output.folder'."
        )
