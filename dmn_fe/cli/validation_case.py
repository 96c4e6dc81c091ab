"""A case of ``dmn-fe validate``: the run file of each of its runs."""

from dataclasses import dataclass
from pathlib import Path

from dmn_fe.cli.material_tables import NetworkTable, RVETable, SwitchTable, ThresholdTable
from dmn_fe.cli.output_tables import FieldsTable, OutputTable, PointsTable
from dmn_fe.cli.runfile import RunFile
from dmn_fe.cli.validation_table import ValidationTable, folder_name
from dmn_fe.errors import InputError
from dmn_fe.microstructure import read_any
from dmn_fe.network import Ensemble, load

__all__ = [
    "FE2",
    "MEMBER_FILE",
    "Variant",
    "check_networks",
    "table_of",
    "variant_of",
    "variants_of",
]

#: Name of the run with full FE².
FE2 = "FE²"
#: The network of a run with one member of an ensemble, in its folder.
MEMBER_FILE = "member.dmn"

_OUTCOME = ("stress", "strain", "volume", "spread")


@dataclass(frozen=True)
class Variant:
    """One run of a case.

    Attributes
    ----------
    name : str
    folder : str
        Name of the folder of its results.
    network : Path or None
        In place of each RVE; None of full FE².
    of : str
        The ensemble that it is a member of; empty else.
    number : int
        Of the member, from 1.
    switch : ThresholdTable or None
        When its points go on with the RVE.
    """

    name: str
    folder: str
    network: Path | None = None
    of: str = ""
    number: int = 0
    switch: ThresholdTable | None = None

    def run_file(self, case: RunFile, folder: Path) -> RunFile:
        """The run file of this run, whose results go to ``folder``."""
        return self.with_network(case, folder, folder / MEMBER_FILE if self.of else self.network)

    def with_network(self, case: RunFile, folder: Path, file: Path | None) -> RunFile:
        """The same with the network of a file; None for full FE²."""
        materials = {
            name: NetworkTable(network=file, phases=table.phases, switch=self._switch(table))
            if isinstance(table, RVETable) and file is not None
            else table
            for name, table in case.materials.items()
        }
        output = OutputTable(
            folder=folder,
            reactions=case.output.reactions,
            fields=FieldsTable(quantities=[], every=1),
            points=PointsTable(quantities=list(_OUTCOME), every=1),
            strain_paths=0,
            phases=True,
        )
        changed = {"materials": materials, "output": output, "comparison": None}
        return case.model_copy(update=changed)

    def _switch(self, table: RVETable) -> SwitchTable | None:
        if self.switch is None:
            return None
        of_rve = {key: getattr(table, key) for key in ("rve", "names", "solver", "tolerance")}
        return SwitchTable(**of_rve, **self.switch.model_dump())


def table_of(case: RunFile) -> ValidationTable:
    """The table of a run file, which is there.

    Raises
    ------
    InputError
        If it is not, or the run file is none that can be compared.
    """
    if case.validation is None:
        raise InputError(
            f"{case.source}: has no table 'validation'; add it with its 'networks', or give the "
            "file to dmn-fe run."
        )
    if not any(isinstance(table, RVETable) for table in case.materials.values()):
        raise InputError(
            f"{case.source}: no material has an 'rve', so that there is no full FE² to compare "
            "with; give one in place of its 'network'."
        )
    if case.periodic is not None or case.path is not None:
        key = "periodic" if case.path is None else "path"
        raise InputError(
            f"{case.source}: '{key}' cannot be validated, for its runs have no reactions at the "
            "same times; give 'supports' and 'loading'."
        )
    return case.validation


def variants_of(case: RunFile) -> list[Variant]:
    """All runs: full FE², the networks, and each member of those that are ensembles.

    The members of an ensemble whose points may have the RVE do not run alone: its error bar is
    none of the part.
    """
    found = [Variant(FE2, "fe2")]
    for name, table in table_of(case).networks.items():
        found.append(Variant(name, folder_name(name), table.network, switch=table.switch))
    for one in [one for one in found[1:] if one.switch is None]:
        assert one.network is not None
        network = load(one.network)
        if isinstance(network, Ensemble):
            for n in range(1, len(network.networks) + 1):
                name = f"{one.name}, member {n}"
                found.append(Variant(name, folder_name(name), one.network, one.name, n))
    return found


def variant_of(case: RunFile, name: str) -> Variant:
    """The run of a name.

    Raises
    ------
    InputError
        If there is none.
    """
    found = variants_of(case)
    for one in found:
        if one.name == name:
            return one
    known = ", ".join(repr(one.name) for one in found)
    raise InputError(f"{case.source}: there is no run {name!r}; give one of {known}.")


def check_networks(case: RunFile) -> dict[str, list[str]]:
    """Check that networks are those of the RVEs in whose place they come.

    Returns
    -------
    dict of str to list of str
        For each network, what is doubtful about it.

    Raises
    ------
    InputError
        If the phases differ, a network has learnt from another RVE, or one has orientations.
    """
    doubts: dict[str, list[str]] = {}
    for material, table in case.materials.items():
        if not isinstance(table, RVETable):
            continue
        rve = read_any(table.rve, tuple(table.names))
        if rve.orientations is not None:
            raise InputError(
                f"{case.source}: the RVE of {material!r} ({table.rve}) has material orientations, "
                "with which there are no averages over its phases to compare; dmn-fe run takes it."
            )
        for name, compared in table_of(case).networks.items():
            file = compared.network
            network = load(file)
            where = f"{case.source}: validation.networks, {file}"
            if set(network.phase_names) != set(rve.names):
                raise InputError(
                    f"{where}: has the phases {', '.join(network.phase_names)}, but the RVE of "
                    f"{material!r} ({table.rve}) has {', '.join(rve.names)}; give a network of it."
                )
            each = network.networks if isinstance(network, Ensemble) else (network,)
            hashes = {one.metadata.get("data", {}).get("rve_hash") for one in each}
            if hashes - {rve.hash, None}:
                raise InputError(
                    f"{where}: has learnt from another RVE than that of {material!r} "
                    f"({table.rve}); give a network of it, or train one."
                )
            if None in hashes:
                doubts.setdefault(name, []).append("its file does not tell what RVE it is of")
    return doubts
