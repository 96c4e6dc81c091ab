"""From the material tables of a run file to laws."""

from collections.abc import Callable
from typing import Any, NamedTuple

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
from dmn_fe.cli.material_tables import MaterialTable, NetworkTable, PhaseTable
from dmn_fe.errors import InputError
from dmn_fe.evaluate import network_law
from dmn_fe.network import Ensemble, Network, NetworkFamily, load

__all__ = ["Material", "NetworksOfField", "SharedNetwork", "comparison_law", "material_law"]

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


Material = laws.MaterialLaw | NetworksOfField | SharedNetwork


def material_law(table: MaterialTable, where: str) -> Material:
    """The material of a volume group: a plain law, a network, or a family of networks.

    ``where`` is the file and key of the table, for messages.
    """
    if not isinstance(table, NetworkTable):
        return _phase_law(table, where)
    phases = {
        name: _phase_law(phase, f"{where}.phases.{name}") for name, phase in table.phases.items()
    }

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
        return law_of(network)
    return NetworksOfField(_family(table, where), law_of)


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
    """The law of one phase alone where the group has a network, else the group's own law."""
    if not isinstance(table, NetworkTable):
        return material_law(table, where)
    if phase not in table.phases:
        known = ", ".join(repr(name) for name in table.phases)
        raise InputError(
            f"{where}: the key 'comparison.phase' = {phase!r} names no phase of {table.files[0]}; "
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
