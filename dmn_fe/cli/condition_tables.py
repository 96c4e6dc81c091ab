"""The tables of a run file for what acts on the part."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from dmn_fe.cli.hardening_tables import Table

if TYPE_CHECKING:
    from dmn_fe.fem import Amplitude

__all__ = [
    "AxesTable",
    "BodyForceTable",
    "CellFieldTable",
    "PeriodicTable",
    "Points",
    "PressureTable",
    "ResultantTable",
    "SupportTable",
    "TemperatureTable",
    "TractionTable",
]


def _number_or_free(value: Any) -> Any:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if value == "free" or (number and math.isfinite(value)):
        return value
    raise ValueError('give a finite number or "free"')


Component = Annotated[float | Literal["free"], BeforeValidator(_number_or_free)]
TensorComponent = Literal["11", "22", "33", "23", "13", "12"]
Vector = Annotated[list[float], Field(min_length=2, max_length=3)]
#: ``[time, factor]`` pairs of an amplitude.
Points = Annotated[list[tuple[float, float]], Field(min_length=2)]


class _Acting(Table):
    """Something that acts with an amplitude: the name of one, or that of ``[loading]``."""

    amplitude: str | None = None

    @property
    def name(self) -> str:
        """What it is, for messages."""
        what = type(self).__name__.removesuffix("Table")
        words = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in what)
        group = getattr(self, "group", None)
        return f"the{words}" if group is None else f"the{words} of {group!r}"

    def _common(self, amplitudes: Mapping[str, "Amplitude"]) -> dict[str, Any]:
        return {"amplitude": None if self.amplitude is None else amplitudes[self.amplitude]}


class SupportTable(_Acting):
    """A :class:`~dmn_fe.fem.Support`; a component is a number or ``"free"``."""

    group: str
    displacement: Annotated[list[Component], Field(min_length=2, max_length=3)] | None = None
    rate: Annotated[list[Component], Field(min_length=2, max_length=3)] | None = None

    @model_validator(mode="after")
    def _one_kind(self):
        if (self.displacement is None) == (self.rate is None):
            raise ValueError(f"the support of {self.group!r} needs a 'displacement' or a 'rate'")
        return self

    @property
    def values(self) -> list[float | None]:
        """Displacement or rate of each component; None where it is free."""
        given = self.displacement or self.rate or []
        return [None if value == "free" else float(value) for value in given]

    @property
    def moves(self) -> bool:
        """Whether a component is prescribed and not zero."""
        return any(value not in (0.0, None) for value in self.values)

    def made(self, amplitudes: Mapping[str, "Amplitude"]):
        """The support."""
        from dmn_fe.fem import Support

        if self.rate is not None:
            return Support(self.group, rate=self.values, **self._common(amplitudes))
        return Support(self.group, self.values, **self._common(amplitudes))


class PeriodicTable(_Acting):
    """A :class:`~dmn_fe.fem.Periodic`: components of mean strain and stress; others are free."""

    strain: dict[TensorComponent, float] = Field(default={})
    stress: dict[TensorComponent, float] = Field(default={})

    def made(self, amplitudes: Mapping[str, "Amplitude"]):
        """The mean strain and stress of a periodic cell."""
        from dmn_fe.fem import Periodic

        strain: dict[str, float] = dict(self.strain.items())
        stress: dict[str, float] = dict(self.stress.items())
        return Periodic(strain, stress, **self._common(amplitudes))


class TractionTable(_Acting):
    """A :class:`~dmn_fe.fem.Traction`."""

    group: str
    traction: Vector

    def made(self, amplitudes: Mapping[str, "Amplitude"]):
        """The traction."""
        from dmn_fe.fem import Traction

        return Traction(self.group, self.traction, **self._common(amplitudes))


class PressureTable(_Acting):
    """A :class:`~dmn_fe.fem.Pressure`."""

    group: str
    pressure: float

    def made(self, amplitudes: Mapping[str, "Amplitude"]):
        """The pressure."""
        from dmn_fe.fem import Pressure

        return Pressure(self.group, self.pressure, **self._common(amplitudes))


class ResultantTable(_Acting):
    """A :class:`~dmn_fe.fem.Resultant`."""

    group: str
    force: Vector

    def made(self, amplitudes: Mapping[str, "Amplitude"]):
        """The resultant."""
        from dmn_fe.fem import Resultant

        return Resultant(self.group, self.force, **self._common(amplitudes))


class BodyForceTable(_Acting):
    """A :class:`~dmn_fe.fem.BodyForce`."""

    group: str | None = None
    force: Vector

    def made(self, amplitudes: Mapping[str, "Amplitude"]):
        """The body force."""
        from dmn_fe.fem import BodyForce

        return BodyForce(self.force, self.group, **self._common(amplitudes))


class CellFieldTable(Table):
    """A field by cells of a mesh file, see :func:`~dmn_fe.fem.map_cell_data`."""

    file: Path
    field: str


class AxesTable(Table):
    """Material axes of a volume group: one rotation, its columns the axes, or a field of them."""

    rotation: list[list[float]] | None = None
    field: CellFieldTable | None = None

    @model_validator(mode="after")
    def _one_way(self):
        if (self.rotation is None) == (self.field is None):
            raise ValueError("give either a 'rotation' or a 'field'")
        if self.rotation is not None and [len(row) for row in self.rotation] != [3] * 3:
            raise ValueError("'rotation' needs three rows of three numbers")
        return self


class TemperatureTable(_Acting):
    """A :class:`~dmn_fe.fem.Temperature`: a number for the whole part, or a field by cells."""

    change: float | CellFieldTable

    def made(self, change: Any, amplitudes: Mapping[str, "Amplitude"]):
        """The temperature, of a number or a field."""
        from dmn_fe.fem import Temperature

        return Temperature(change, **self._common(amplitudes))
