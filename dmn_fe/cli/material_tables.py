"""The material tables of a run file."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

__all__ = [
    "ElasticTable",
    "J2Table",
    "LinearTable",
    "MaterialTable",
    "NetworkTable",
    "NortonTable",
    "PhaseTable",
    "PowerTable",
    "Table",
    "VoceTable",
    "VoidTable",
]


class Table(BaseModel):
    """A table of the file: no unknown keys, finite numbers only."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class LinearTable(Table):
    """Parameters of :class:`~dmn_fe.laws.LinearHardening`."""

    type: Literal["linear"]
    yield_stress: float
    modulus: float = 0.0


class VoceTable(Table):
    """Parameters of :class:`~dmn_fe.laws.VoceHardening`."""

    type: Literal["voce"]
    yield_stress: float
    saturation: float
    rate: float
    modulus: float = 0.0


class PowerTable(Table):
    """Parameters of :class:`~dmn_fe.laws.PowerHardening`."""

    type: Literal["power"]
    yield_stress: float
    reference_strain: float
    exponent: float


class ElasticTable(Table):
    """Parameters of an isotropic :class:`~dmn_fe.laws.Elastic`, or a 6×6 stiffness (Mandel)."""

    law: Literal["Elastic"]
    young: float | None = None
    poisson: float | None = None
    stiffness: list[list[float]] | None = None

    @model_validator(mode="after")
    def _one_way(self):
        moduli = self.young is not None and self.poisson is not None
        if moduli == (self.stiffness is not None):
            raise ValueError("give either 'young' and 'poisson' or 'stiffness'")
        if self.stiffness is not None and [len(row) for row in self.stiffness] != [6] * 6:
            raise ValueError("'stiffness' needs six rows of six numbers")
        return self


class J2Table(Table):
    """Parameters of :class:`~dmn_fe.laws.J2`."""

    law: Literal["J2"]
    young: float
    poisson: float
    hardening: Annotated[LinearTable | VoceTable | PowerTable, Field(discriminator="type")]


class NortonTable(Table):
    """Parameters of :class:`~dmn_fe.laws.Norton`."""

    law: Literal["Norton"]
    young: float
    poisson: float
    reference_rate: float
    reference_stress: float
    exponent: float


class VoidTable(Table):
    """A :class:`~dmn_fe.laws.Void`, of a phase only: a volume of the mesh cannot be one."""

    law: Literal["Void"]


PhaseTable = Annotated[ElasticTable | J2Table | NortonTable | VoidTable, Field(discriminator="law")]


class NetworkTable(Table):
    """A network, and a law for each of its phases."""

    network: Path
    phases: dict[str, PhaseTable]


def _law_or_network(table: Any) -> str | None:
    """What a material table is: a network's, or that of the law it names."""
    if not isinstance(table, dict) or "network" in table:
        return "a network"  # no key of a file
    return table.get("law")


#: Material of one volume group: a network with a law for each phase, or a plain law.
MaterialTable = Annotated[
    Annotated[NetworkTable, Tag("a network")]
    | Annotated[ElasticTable, Tag("Elastic")]
    | Annotated[J2Table, Tag("J2")]
    | Annotated[NortonTable, Tag("Norton")],
    Discriminator(
        _law_or_network,
        custom_error_type="law_or_network",
        custom_error_message=(
            "give 'network' with 'phases', or 'law' = \"Elastic\", \"J2\" or \"Norton\""
        ),
    ),
]
