"""The table of a run file that ``dmn-fe validate`` reads, and ``dmn-fe run`` passes over."""

import re
from pathlib import Path
from typing import Any

from pydantic import Field, field_validator, model_validator

from dmn_fe.cli.hardening_tables import Table
from dmn_fe.cli.material_tables import ThresholdTable
from dmn_fe.cli.output_tables import Place

__all__ = ["ComparedTable", "ValidationTable", "folder_name"]


class ComparedTable(Table):
    """A network in place of the RVEs; with ``switch``, its points in doubt go on with these.

    A file alone stands for its ``network``.
    """

    network: Path
    switch: ThresholdTable | None = None

    @model_validator(mode="before")
    @classmethod
    def _of_file(cls, given: Any) -> Any:
        return given if isinstance(given, dict) else {"network": given}


class ValidationTable(Table):
    """Networks to compare with the RVEs of the materials, each by a name of its own.

    ``reference`` is a file that keeps what full FE² gave; ``points`` are places whose nearest
    quadrature points are looked at in detail.
    """

    reference: Path | None = None
    points: dict[str, Place] = Field(default={})
    networks: dict[str, ComparedTable] = Field(min_length=1)

    @field_validator("networks")
    @classmethod
    def _names(cls, networks: dict[str, ComparedTable]) -> dict[str, ComparedTable]:
        folders = [folder_name(name) for name in networks]
        for name, folder in zip(networks, folders, strict=True):
            if folder in ("", "fe2") or folders.count(folder) > 1:
                raise ValueError(
                    f"the name {name!r} makes no folder of its own ({folder!r}); give another"
                )
        return networks

    def start_from(self, folder: Path) -> None:
        """Let the paths start from a folder."""
        for one in self.networks.values():
            one.network = folder / one.network
        if self.reference is not None:
            self.reference = folder / self.reference


def folder_name(name: str) -> str:
    """A name as that of a folder."""
    return re.sub(r"[\W_]+", "-", name.lower()).strip("-")
