"""The tables of hardening in a run file, and what all its tables have in common."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["HardeningTable", "LinearTable", "PowerTable", "Table", "VoceTable"]


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


#: The hardening of a law.
HardeningTable = Annotated[LinearTable | VoceTable | PowerTable, Field(discriminator="type")]
