"""The tables of laws in a run file; their keys are the parameters of the laws."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from dmn_fe.cli.hardening_tables import HardeningTable, Table

__all__ = [
    "BackstressTable",
    "ChabocheTable",
    "CrystalPlasticityTable",
    "DruckerPragerTable",
    "ElasticTable",
    "J2Table",
    "LawTable",
    "MaxwellBranchTable",
    "MaxwellTable",
    "NortonTable",
    "PerzynaTable",
    "VoidTable",
]


class _LawTable(Table):
    """A law that may expand with a temperature: 1 / unit of temperature, or six Mandel entries."""

    expansion: float | Annotated[list[float], Field(min_length=6, max_length=6)] | None = None


class TransverselyIsotropicTable(Table):
    """Parameters of :meth:`~dmn_fe.laws.Elastic.transversely_isotropic`."""

    young_axial: float
    young_transverse: float
    poisson_axial: float
    poisson_transverse: float
    shear_axial: float
    axis: int = 1


class OrthotropicTable(Table):
    """Parameters of :meth:`~dmn_fe.laws.Elastic.orthotropic`."""

    young_1: float
    young_2: float
    young_3: float
    poisson_12: float
    poisson_13: float
    poisson_23: float
    shear_12: float
    shear_13: float
    shear_23: float


class ElasticTable(_LawTable):
    """One of the ways to make a :class:`~dmn_fe.laws.Elastic`; a stiffness is 6×6 (Mandel)."""

    law: Literal["Elastic"]
    young: float | None = None
    poisson: float | None = None
    stiffness: list[list[float]] | None = None
    transversely_isotropic: TransverselyIsotropicTable | None = None
    orthotropic: OrthotropicTable | None = None

    @model_validator(mode="after")
    def _one_way(self):
        given = self.model_dump(exclude={"law", "expansion"}, exclude_none=True).keys()
        if given != {"young", "poisson"} and (len(given) != 1 or given & {"young", "poisson"}):
            raise ValueError(
                "give either 'young' and 'poisson' or 'stiffness', 'transversely_isotropic' or "
                "'orthotropic'"
            )
        if self.stiffness is not None and [len(row) for row in self.stiffness] != [6] * 6:
            raise ValueError("'stiffness' needs six rows of six numbers")
        return self


class J2Table(_LawTable):
    """Parameters of :class:`~dmn_fe.laws.J2`."""

    law: Literal["J2"]
    young: float
    poisson: float
    hardening: HardeningTable


class BackstressTable(Table):
    """Parameters of :class:`~dmn_fe.laws.Backstress`."""

    modulus: float
    recovery: float = 0.0


class ChabocheTable(_LawTable):
    """Parameters of :class:`~dmn_fe.laws.Chaboche`."""

    law: Literal["Chaboche"]
    young: float
    poisson: float
    hardening: HardeningTable
    backstresses: list[BackstressTable]


class DruckerPragerTable(_LawTable):
    """Parameters of :class:`~dmn_fe.laws.DruckerPrager`."""

    law: Literal["DruckerPrager"]
    young: float
    poisson: float
    hardening: HardeningTable
    friction: float
    dilatancy: float


class NortonTable(_LawTable):
    """Parameters of :class:`~dmn_fe.laws.Norton`."""

    law: Literal["Norton"]
    young: float
    poisson: float
    reference_rate: float
    reference_stress: float
    exponent: float


class PerzynaTable(_LawTable):
    """Parameters of :class:`~dmn_fe.laws.Perzyna`."""

    law: Literal["Perzyna"]
    young: float
    poisson: float
    hardening: HardeningTable
    reference_rate: float
    exponent: float


class MaxwellBranchTable(Table):
    """Parameters of :class:`~dmn_fe.laws.MaxwellBranch`."""

    shear: float
    time: float
    bulk: float = 0.0


class MaxwellTable(_LawTable):
    """Parameters of :class:`~dmn_fe.laws.Maxwell`."""

    law: Literal["Maxwell"]
    young: float
    poisson: float
    branches: list[MaxwellBranchTable]


class CrystalPlasticityTable(_LawTable):
    """Parameters of :class:`~dmn_fe.laws.CrystalPlasticity`."""

    law: Literal["CrystalPlasticity"]
    c11: float
    c12: float
    c44: float
    hardening: HardeningTable
    reference_rate: float
    exponent: float


class VoidTable(Table):
    """A :class:`~dmn_fe.laws.Void`, of a phase only: a volume of the mesh cannot be one."""

    law: Literal["Void"]


#: A law that a volume of the mesh can have.
LawTable = (
    ElasticTable
    | J2Table
    | ChabocheTable
    | DruckerPragerTable
    | NortonTable
    | PerzynaTable
    | MaxwellTable
    | CrystalPlasticityTable
)
