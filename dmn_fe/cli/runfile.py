"""The run file of ``dmn-fe run``: a macroscale simulation in TOML, checked before it starts."""

import math
import tomllib
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    model_validator,
)

from dmn_fe.errors import InputError

__all__ = ["RunFile", "read_run_file"]


_MAX_STEPS = 100_000


class _Table(BaseModel):
    """A table of the file: no unknown keys, finite numbers only."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class MeshTable(_Table):
    """The part: a gmsh file, whose physical groups are referred to by name, and the elements.

    Quadratic displacements, for linear ones lock in plasticity, and as many quadrature points.
    """

    file: Path
    displacement_degree: int = Field(default=2, ge=1, le=4)
    quadrature_degree: int = Field(default=2, ge=1, le=10)


class LinearTable(_Table):
    """Parameters of :class:`~dmn_fe.laws.LinearHardening`."""

    type: Literal["linear"]
    yield_stress: float
    modulus: float = 0.0


class VoceTable(_Table):
    """Parameters of :class:`~dmn_fe.laws.VoceHardening`."""

    type: Literal["voce"]
    yield_stress: float
    saturation: float
    rate: float
    modulus: float = 0.0


class PowerTable(_Table):
    """Parameters of :class:`~dmn_fe.laws.PowerHardening`."""

    type: Literal["power"]
    yield_stress: float
    reference_strain: float
    exponent: float


class ElasticTable(_Table):
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


class J2Table(_Table):
    """Parameters of :class:`~dmn_fe.laws.J2`."""

    law: Literal["J2"]
    young: float
    poisson: float
    hardening: Annotated[LinearTable | VoceTable | PowerTable, Field(discriminator="type")]


PhaseTable = Annotated[ElasticTable | J2Table, Field(discriminator="law")]


class MaterialTable(_Table):
    """Material of one volume group: a network with a law for each phase, or one phase law."""

    network: Path | None = None
    phases: dict[str, PhaseTable] = {}
    single: PhaseTable | None = None
    _where: str = PrivateAttr(default="")

    @property
    def where(self) -> str:
        """File and key of this table, for messages."""
        return self._where

    @model_validator(mode="after")
    def _one_kind(self):
        if (self.network is None) == (self.single is None) or (self.single and self.phases):
            raise ValueError("give either 'network' with 'phases' or 'single'")
        return self


def _number_or_free(value: Any) -> Any:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if value == "free" or (number and math.isfinite(value)):
        return value
    raise ValueError('give a finite number or "free"')


Component = Annotated[float | Literal["free"], BeforeValidator(_number_or_free)]


class SupportTable(_Table):
    """Prescribed displacement of a surface group; it grows with the load factor.

    Each component is a number (times the load factor) or ``"free"``.
    """

    group: str
    displacement: tuple[Component, Component, Component]

    @property
    def moves(self) -> bool:
        """Whether a component is prescribed and not zero."""
        return any(value not in (0.0, "free") for value in self.displacement)


class LoadingTable(_Table):
    """Load factor over time, linear between ``[time, factor]`` points, cut into equal steps."""

    points: list[tuple[float, float]] = Field(min_length=2)
    step: float = Field(gt=0)

    @model_validator(mode="after")
    def _rising(self):
        times = [time for time, _ in self.points]
        if any(later <= earlier for earlier, later in pairwise(times)):
            raise ValueError("the times of 'points' must rise")
        steps = (times[-1] - times[0]) / self.step
        if steps > _MAX_STEPS:
            raise ValueError(f"'step' gives {steps:.3g} steps, more than {_MAX_STEPS}")
        return self


class OutputTable(_Table):
    """Where results go, which reactions are written, and how often the fields."""

    folder: Path = Path("results")
    reactions: list[str] = []
    fields_every: int = Field(default=5, ge=1)


class ComparisonTable(_Table):
    """Run the part a second time with one phase of every network alone, for the picture."""

    phase: str


class UnitsTable(_Table):
    """Names of the units, for labels only: any consistent system will do."""

    length: str = ""
    force: str = ""
    stress: str = ""


class RunFile(_Table):
    """A whole run file."""

    title: str = ""
    units: UnitsTable = UnitsTable()
    mesh: MeshTable
    materials: dict[str, MaterialTable] = Field(min_length=1)
    supports: list[SupportTable] = Field(min_length=1)
    loading: LoadingTable
    output: OutputTable = OutputTable()
    comparison: ComparisonTable | None = None

    @model_validator(mode="after")
    def _loaded(self):
        if not any(support.moves for support in self.supports):
            raise ValueError("no support moves: give one a displacement that is not zero")
        return self


def read_run_file(path: Path) -> RunFile:
    """Read and check a run file; its paths become relative to its own folder.

    Raises
    ------
    InputError
        If the file is missing, not TOML, or a key is unknown, missing or out of range.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such run file; check the path.")
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        run_file = RunFile.model_validate(content)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not valid TOML ({error}); mend that place.") from None
    except ValidationError as error:
        raise InputError(f"{path}: {_sentence(error, content)}") from None
    run_file.mesh.file = path.parent / run_file.mesh.file
    for name, material in run_file.materials.items():
        material._where = f"{path}: materials.{name}"
        if material.network is not None:
            material.network = path.parent / material.network
    run_file.output.folder = path.parent / run_file.output.folder
    return run_file


def _sentence(error: ValidationError, content: dict) -> str:
    """The first problem of a validation, with its key and the fix."""
    first: Any = error.errors()[0]
    key = _key(first["loc"], content, missing=first["type"] == "missing") or "the file"
    if first["type"] == "extra_forbidden":
        return f"the key '{key}' is unknown; remove it or mend its spelling."
    if first["type"] == "missing":
        return f"the key '{key}' is missing; add it."
    value = "" if isinstance(first["input"], dict) else f" = {first['input']!r}"
    return f"the key '{key}'{value}: {first['msg']}; mend the value."


def _key(location: tuple, content: Any, missing: bool) -> str:
    """Dotted key of a problem: of its location what the file really has.

    pydantic puts the choice of a law or a hardening among the keys; the file has no such key.
    """
    parts = []
    for part in location:
        if (isinstance(content, dict) and part in content) or (
            isinstance(content, list) and isinstance(part, int) and part < len(content)
        ):
            content = content[part]
        elif not (missing and part == location[-1]):
            continue
        parts.append(str(part))
    return ".".join(parts)
