"""The material tables of a run file."""

from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import Discriminator, Field, Tag, model_validator

from dmn_fe.cli.condition_tables import CellFieldTable
from dmn_fe.cli.hardening_tables import Table
from dmn_fe.cli.law_tables import LawTable, VoidTable

__all__ = [
    "MaterialTable",
    "MemberTable",
    "NetworkTable",
    "PhaseTable",
    "RVETable",
    "SwitchTable",
    "Table",
    "ThresholdTable",
]

#: A law of a phase of a network.
PhaseTable = Annotated[LawTable | VoidTable, Field(discriminator="law")]


class MemberTable(Table):
    """A network of a family, and the value of the parameter it was trained at."""

    network: Path
    volume_fraction: float | None = None
    orientation: Annotated[list[float], Field(min_length=3, max_length=3)] | None = None

    @property
    def value(self) -> float | tuple[float, ...] | None:
        """Volume fraction, or eigenvalues of the orientation tensor."""
        return self.volume_fraction if self.orientation is None else tuple(self.orientation)


class ThresholdTable(Table):
    """When points go on with the full RVE, see :class:`~dmn_fe.fem.SwitchingRule`."""

    spread: Annotated[float, Field(ge=0.0)] | Literal["off"] = 0.02
    envelope: Annotated[float, Field(ge=0.0)] | Literal["off"] = 1.0
    back: float = Field(default=0.5, ge=0.0, le=1.0)
    most: float = Field(default=1.0, gt=0.0, le=1.0)

    @model_validator(mode="after")
    def _something_counts(self):
        if self.spread == "off" and self.envelope == "off":
            raise ValueError("give a threshold for 'spread' or for 'envelope'")
        return self


class SwitchTable(ThresholdTable):
    """The RVE that points go on with where their network is in doubt, see :class:`RVETable`."""

    rve: Path
    names: list[str] = Field(default=[])
    solver: Literal["auto", "fft", "elements"] = "auto"
    tolerance: float = Field(default=1e-6, gt=0.0, lt=1.0)


class NetworkTable(Table):
    """A network, or a family of them with the field that chooses; and a law for each phase.

    The other keys are those of a :class:`~dmn_fe.evaluate.NetworkLaw`; ``share`` says whether each
    rank evaluates its own points, or one rank of a node those of all (for a GPU).
    """

    network: Path | None = None
    networks: list[MemberTable] = Field(default=[])
    field: CellFieldTable | None = None
    phase: str | None = None
    resolution: float | None = None
    clamp: bool = False
    phases: dict[str, PhaseTable]
    backend: Literal["auto", "torch", "cpu", "cuda"] = "auto"
    share: Literal["local", "node"] = "local"
    warm_start: bool = True
    single: bool = False
    switch: SwitchTable | None = None

    @model_validator(mode="after")
    def _one_or_many(self):
        if (self.network is None) == (not self.networks):
            raise ValueError("give either 'network' or 'networks'")
        if self.switch is not None and (self.networks or self.share == "node"):
            raise ValueError("'switch' is for one 'network' that each rank evaluates for itself")
        if self.networks:
            if self.share == "node":
                raise ValueError("'share' = \"node\" is for one 'network'")
            self._check_family()
        elif self.field is not None or self.phase is not None:
            raise ValueError("'field' and 'phase' are for 'networks'; remove them")
        return self

    def _check_family(self) -> None:
        if self.field is None:
            raise ValueError("'networks' need a 'field' by cells that chooses among them")
        if len(self.networks) < 2:
            raise ValueError("'networks' need two or more; for one give 'network'")
        of_fractions = [member.orientation is None for member in self.networks]
        if any(member.value is None for member in self.networks) or len(set(of_fractions)) > 1:
            raise ValueError(
                "each of 'networks' needs a 'volume_fraction', or each an 'orientation'"
            )
        if of_fractions[0] != (self.phase is not None):
            raise ValueError("'phase' names whose volume fraction is meant, and is for these only")

    @property
    def files(self) -> list[Path]:
        """Files of all networks."""
        own = [] if self.network is None else [self.network]
        return own + [member.network for member in self.networks]


class RVETable(Table):
    """Full FE²: an RVE, solved at every quadrature point; and a law for each phase.

    The other keys are those of :func:`~dmn_fe.fem.rve_law`; ``names`` are those of the phases, for
    files that do not hold them.
    """

    rve: Path
    names: list[str] = Field(default=[])
    phases: dict[str, PhaseTable]
    solver: Literal["auto", "fft", "elements"] = "auto"
    tolerance: float = Field(default=1e-6, gt=0.0, lt=1.0)


_NAMES = [get_args(table.model_fields["law"].annotation)[0] for table in get_args(LawTable)]


def _law_or_network(table: Any) -> str | None:
    """What a material table is: a network's, an RVE's, or that of the law it names."""
    if not isinstance(table, dict) or table.keys() & {"network", "networks"}:
        return "a network"  # no key of a file
    if "rve" in table:
        return "an RVE"
    return "a law" if table.get("law") in _NAMES else None


#: Material of one volume group: a network or an RVE with a law for each phase, or a plain law.
MaterialTable = Annotated[
    Annotated[NetworkTable, Tag("a network")]
    | Annotated[RVETable, Tag("an RVE")]
    | Annotated[Annotated[LawTable, Field(discriminator="law")], Tag("a law")],
    Discriminator(
        _law_or_network,
        custom_error_type="law_or_network",
        custom_error_message=(
            "give 'network', 'networks' or 'rve' with 'phases', or 'law' as one of "
            + ", ".join(f'"{name}"' for name in _NAMES)
        ),
    ),
]
