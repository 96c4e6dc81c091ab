"""The tables of a run file for what it leaves behind."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from dmn_fe.cli.hardening_tables import Table

__all__ = ["FieldsTable", "OutputTable", "PointsTable", "UnitsTable"]

Place = Annotated[list[float], Field(min_length=2, max_length=3)]


class FieldsTable(Table):
    """:class:`~dmn_fe.fem.output.Fields`: displacement, and quantities averaged over cells."""

    format: Literal["vtkhdf", "vtx", "xdmf"] = "vtkhdf"
    quantities: list[str] = Field(default=["von_mises", "stress"])
    every: int = Field(default=5, ge=1)


class PointsTable(Table):
    """A :class:`~dmn_fe.fem.output.PointCloud`: the quadrature points with their quantities."""

    quantities: list[str] = Field(default=["stress", "strain"])
    every: int = Field(default=5, ge=1)


class OutputTable(Table):
    """Where results go, and which."""

    folder: Path = Path("results")
    reactions: list[str] = Field(default=[])
    probes: dict[str, Place] = Field(default={})
    fields: FieldsTable | None = FieldsTable()
    points: PointsTable | None = None
    strain_paths: int = Field(default=2000, ge=0)
    phases: bool = False


class UnitsTable(Table):
    """Names of the units, for labels only: any consistent system will do."""

    length: str = ""
    force: str = ""
    stress: str = ""
