"""The material tables of a run file."""

from pathlib import Path
from typing import Annotated, Any, get_args

from pydantic import Discriminator, Field, Tag

from dmn_fe.cli.hardening_tables import Table
from dmn_fe.cli.law_tables import LawTable, VoidTable

__all__ = ["MaterialTable", "NetworkTable", "PhaseTable", "Table"]

#: A law of a phase of a network.
PhaseTable = Annotated[LawTable | VoidTable, Field(discriminator="law")]


class NetworkTable(Table):
    """A network, and a law for each of its phases."""

    network: Path
    phases: dict[str, PhaseTable]


_NAMES = [get_args(table.model_fields["law"].annotation)[0] for table in get_args(LawTable)]


def _law_or_network(table: Any) -> str | None:
    """What a material table is: a network's, or that of the law it names."""
    if not isinstance(table, dict) or "network" in table:
        return "a network"  # no key of a file
    return "a law" if table.get("law") in _NAMES else None


#: Material of one volume group: a network with a law for each phase, or a plain law.
MaterialTable = Annotated[
    Annotated[NetworkTable, Tag("a network")]
    | Annotated[Annotated[LawTable, Field(discriminator="law")], Tag("a law")],
    Discriminator(
        _law_or_network,
        custom_error_type="law_or_network",
        custom_error_message=(
            "give 'network' with 'phases', or 'law' as one of "
            + ", ".join(f'"{name}"' for name in _NAMES)
        ),
    ),
]
