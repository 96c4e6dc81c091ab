"""From the material tables of a run file to laws."""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import torch

from dmn_fe import laws
from dmn_fe.cli.hardening_tables import LinearTable, PowerTable, Table, VoceTable
from dmn_fe.cli.law_tables import (
    BackstressTable,
    ChabocheTable,
    CrystalPlasticityTable,
    DruckerPragerTable,
    ElasticTable,
    J2Table,
    MaxwellBranchTable,
    MaxwellTable,
    NortonTable,
    PerzynaTable,
    VoidTable,
)
from dmn_fe.cli.material_tables import (
    MaterialTable,
    NetworkTable,
    PhaseTable,
    RVETable,
    SwitchTable,
)
from dmn_fe.errors import InputError
from dmn_fe.evaluate import network_law
from dmn_fe.microstructure import MeshRVE, VoxelRVE, read_any
from dmn_fe.network import Ensemble, Network, NetworkFamily, load
from dmn_fe.validation.check_rve import fitting_rve

__all__ = [
    "FullRVE",
    "Material",
    "NetworksOfField",
    "SharedNetwork",
    "SwitchedNetwork",
    "comparison_law",
    "material_law",
    "phase_laws",
]

_MADE: dict[type[Table], Callable[..., Any]] = {
    BackstressTable: laws.Backstress,
    ChabocheTable: laws.Chaboche,
    CrystalPlasticityTable: laws.CrystalPlasticity,
    DruckerPragerTable: laws.DruckerPrager,
    J2Table: laws.J2,
    LinearTable: laws.LinearHardening,
    MaxwellBranchTable: laws.MaxwellBranch,
    MaxwellTable: laws.Maxwell,
    NortonTable: laws.Norton,
    PerzynaTable: laws.Perzyna,
    PowerTable: laws.PowerHardening,
    VoceTable: laws.VoceHardening,
    VoidTable: laws.Void,
}


class NetworksOfField(NamedTuple):
    """A family of networks, whose field is read when the mesh is there."""

    family: NetworkFamily
    law_of: Callable[[Network], laws.MaterialLaw]


class SharedNetwork(NamedTuple):
    """A network that the ranks of a node evaluate together; made on those that evaluate."""

    make: Callable[[], laws.MaterialLaw]


class FullRVE(NamedTuple):
    """An RVE at every quadrature point, whose solver is made when MPI has started."""

    rve: VoxelRVE | MeshRVE
    laws: dict[str, laws.MaterialLaw]
    solver: Literal["auto", "fft", "elements"]
    tolerance: float


class SwitchedNetwork(NamedTuple):
    """A network whose points may go on with the full RVE; the numbers are those of a rule."""

    network: laws.MaterialLaw
    full: FullRVE
    thresholds: dict[str, Any]


Material = laws.MaterialLaw | NetworksOfField | SharedNetwork | FullRVE | SwitchedNetwork


def material_law(table: MaterialTable, where: str) -> Material:
    """The material of a volume group: a plain law, a network, a family of networks, or an RVE.

    ``where`` is the file and key of the table, for messages.
    """
    if not isinstance(table, NetworkTable | RVETable):
        return _phase_law(table, where)
    phases = phase_laws(table, where)
    if isinstance(table, RVETable):
        return _full_rve(table, phases, where)

    def law_of(network: Network | Ensemble) -> laws.MaterialLaw:
        try:
            return network_law(
                network,
                phases,
                backend=table.backend,
                warm_start=table.warm_start,
                single=table.single,
            )
        except InputError as error:
            raise InputError(f"{where}.phases, {table.files[0]}: {error}") from None

    if table.network is not None:
        network = load(table.network)
        if table.share == "node":
            return SharedNetwork(lambda: law_of(network))
        if table.switch is not None:
            return _switched(table.switch, network, law_of(network), phases, where)
        return law_of(network)
    return NetworksOfField(_family(table, where), law_of)


def phase_laws(table: NetworkTable | RVETable, where: str) -> dict[str, laws.MaterialLaw]:
    """The laws of the phases of a network or an RVE; ``where`` as of :func:`material_law`."""
    return {
        name: _phase_law(phase, f"{where}.phases.{name}") for name, phase in table.phases.items()
    }


def _switched(
    table: SwitchTable,
    network: Network | Ensemble,
    law: laws.MaterialLaw,
    phases: dict[str, laws.MaterialLaw],
    where: str,
) -> SwitchedNetwork:
    names = ("spread", "envelope", "back", "most")
    given: dict[str, Any] = {name: getattr(table, name) for name in names}
    thresholds = {name: None if value == "off" else value for name, value in given.items()}
    full = _full_rve(table, phases, f"{where}.switch")
    try:
        full = full._replace(rve=fitting_rve(full.rve, network))
    except InputError as error:
        raise InputError(f"{where}.switch, {table.rve}: {error}") from None
    return SwitchedNetwork(law, full, thresholds)


def _full_rve(
    table: RVETable | SwitchTable, phases: dict[str, laws.MaterialLaw], where: str
) -> FullRVE:
    try:
        rve = read_any(table.rve, tuple(table.names))
        laws.check_phase_laws(rve.names, phases)
        laws.refuse_voids(phases)
    except InputError as error:
        raise InputError(f"{where}, {table.rve}: {error}") from None
    return FullRVE(rve, phases, table.solver, table.tolerance)


def _family(table: NetworkTable, where: str) -> NetworkFamily:
    networks: dict[Any, Network] = {}
    for member in table.networks:
        network = load(member.network)
        if not isinstance(network, Network):
            raise InputError(f"{where}.networks: {member.network} holds an ensemble; give one.")
        networks[member.value] = network
    try:
        if table.phase is not None:
            return NetworkFamily.of_volume_fractions(networks, table.phase)
        return NetworkFamily.of_orientations(networks)
    except InputError as error:
        raise InputError(f"{where}.networks: {error}") from None


def comparison_law(table: MaterialTable, phase: str, where: str) -> Material:
    """The law of one phase alone where the group has a network or RVE, else its own law."""
    if not isinstance(table, NetworkTable | RVETable):
        return material_law(table, where)
    if phase not in table.phases:
        known = ", ".join(repr(name) for name in table.phases)
        source = table.rve if isinstance(table, RVETable) else table.files[0]
        raise InputError(
            f"{where}: the key 'comparison.phase' = {phase!r} names no phase of {source}; "
            f"give one of {known}."
        )
    if isinstance(table.phases[phase], VoidTable):
        raise InputError(
            f"{where}: the key 'comparison.phase' = {phase!r} names a void, which cannot be a part "
            "alone; give another phase."
        )
    return _phase_law(table.phases[phase], f"{where}.phases.{phase}")


def _phase_law(table: PhaseTable, where: str) -> laws.MaterialLaw:
    """The law of a table; what it says of wrong parameters is preceded by ``where``."""
    try:
        law, expansion = _made(table), getattr(table, "expansion", None)
        return law if expansion is None else laws.ThermalExpansion(law, expansion)
    except InputError as error:
        raise InputError(f"{where}: {error}") from None


def _made(value: Any) -> Any:
    """What a value of a table stands for: laws and their parts for tables."""
    if isinstance(value, list):
        return tuple(_made(entry) for entry in value)
    if isinstance(value, ElasticTable):
        return _elastic(value)
    if not isinstance(value, Table):
        return value
    names = type(value).model_fields.keys() - {"law", "type", "expansion"}
    return _MADE[type(value)](**{name: _made(getattr(value, name)) for name in names})


def _elastic(table: ElasticTable) -> laws.Elastic:
    if table.stiffness is not None:
        return laws.Elastic(torch.tensor(table.stiffness, dtype=torch.float64))
    if table.transversely_isotropic is not None:
        return laws.Elastic.transversely_isotropic(**table.transversely_isotropic.model_dump())
    if table.orthotropic is not None:
        return laws.Elastic.orthotropic(**table.orthotropic.model_dump())
    assert table.young is not None
    assert table.poisson is not None
    return laws.Elastic.isotropic(table.young, table.poisson)
