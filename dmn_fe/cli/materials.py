"""From the material tables of a run file to laws."""

import torch

from dmn_fe import laws
from dmn_fe.cli.material_tables import (
    J2Table,
    LinearTable,
    MaterialTable,
    NetworkTable,
    NortonTable,
    PhaseTable,
    PowerTable,
    VoceTable,
    VoidTable,
)
from dmn_fe.errors import InputError
from dmn_fe.evaluate import network_law
from dmn_fe.network import load

__all__ = ["comparison_law", "material_law"]

_HARDENING = {
    LinearTable: laws.LinearHardening,
    VoceTable: laws.VoceHardening,
    PowerTable: laws.PowerHardening,
}


def material_law(table: MaterialTable, where: str) -> laws.MaterialLaw:
    """The law of a volume group: a network with laws for its phases, or a plain law.

    ``where`` is the file and key of the table, for messages.
    """
    if not isinstance(table, NetworkTable):
        return _phase_law(table, where)
    phases = {
        name: _phase_law(phase, f"{where}.phases.{name}") for name, phase in table.phases.items()
    }
    network = load(table.network)
    try:
        return network_law(network, phases)
    except InputError as error:
        raise InputError(f"{where}.phases, {table.network}: {error}") from None


def comparison_law(table: MaterialTable, phase: str, where: str) -> laws.MaterialLaw:
    """The law of one phase alone where the group has a network, else the group's own law."""
    if not isinstance(table, NetworkTable):
        return material_law(table, where)
    if phase not in table.phases:
        known = ", ".join(repr(name) for name in table.phases)
        raise InputError(
            f"{where}: the key 'comparison.phase' = {phase!r} names no phase of {table.network}; "
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
        if isinstance(table, J2Table):
            parameters = table.hardening.model_dump(exclude={"type"})
            hardening = _HARDENING[type(table.hardening)](**parameters)
            return laws.J2(table.young, table.poisson, hardening)
        if isinstance(table, VoidTable):
            return laws.Void()
        if isinstance(table, NortonTable):
            return laws.Norton(**table.model_dump(exclude={"law"}))
        if table.stiffness is not None:
            return laws.Elastic(torch.tensor(table.stiffness, dtype=torch.float64))
        assert table.young is not None
        assert table.poisson is not None
        return laws.Elastic.isotropic(table.young, table.poisson)
    except InputError as error:
        raise InputError(f"{where}: {error}") from None
