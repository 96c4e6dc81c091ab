"""The run file of ``dmn-fe run``: a macroscale simulation in TOML, checked before it starts."""

import math
import tomllib
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Field,
    PrivateAttr,
    ValidationError,
    field_validator,
    model_validator,
)

from dmn_fe.cli.material_tables import MaterialTable, NetworkTable, Table
from dmn_fe.cli.runfile_errors import sentence
from dmn_fe.errors import InputError

__all__ = ["LoadingTable", "RunFile", "UnitsTable", "read_run_file"]


_MAX_STEPS = 100_000


class MeshTable(Table):
    """The part: a gmsh file, whose physical groups are referred to by name, and the elements.

    Quadratic displacements, for linear ones lock in plasticity, and as many quadrature points.
    """

    file: Path
    displacement_degree: int = Field(default=2, ge=1, le=4)
    quadrature_degree: int = Field(default=2, ge=1, le=10)


def _number_or_free(value: Any) -> Any:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if value == "free" or (number and math.isfinite(value)):
        return value
    raise ValueError('give a finite number or "free"')


Component = Annotated[float | Literal["free"], BeforeValidator(_number_or_free)]


class SupportTable(Table):
    """Prescribed displacement of a surface group; it grows with the load factor.

    Each component is a number (times the load factor) or ``"free"``.
    """

    group: str
    displacement: tuple[Component, Component, Component]

    @property
    def moves(self) -> bool:
        """Whether a component is prescribed and not zero."""
        return any(value not in (0.0, "free") for value in self.displacement)


class LoadingTable(Table):
    """Load factor over time, linear between ``[time, factor]`` points, cut into equal steps."""

    points: list[tuple[float, float]] = Field(min_length=2)
    step: float = Field(gt=0)

    @model_validator(mode="after")
    def _rising(self):
        times = [time for time, _ in self.points]
        if any(later <= earlier for earlier, later in pairwise(times)):
            raise ValueError("the times of 'points' must rise; give each a later one")
        steps = (times[-1] - times[0]) / self.step
        if steps > _MAX_STEPS:
            raise ValueError(
                f"'step' gives {steps:.3g} steps, more than {_MAX_STEPS}; give a larger one"
            )
        return self


class OutputTable(Table):
    """Where results go, which reactions are written, and how often the fields."""

    folder: Path = Path("results")
    reactions: list[str] = Field(default=[])
    fields_every: int = Field(default=5, ge=1)


class ComparisonTable(Table):
    """Run the part a second time with one phase of every network alone, for the picture."""

    phase: str


class UnitsTable(Table):
    """Names of the units, for labels only: any consistent system will do."""

    length: str = ""
    force: str = ""
    stress: str = ""


class RunFile(Table):
    """A whole run file."""

    title: str = ""
    units: UnitsTable = UnitsTable()
    mesh: MeshTable
    materials: dict[str, MaterialTable] = Field(min_length=1)
    supports: list[SupportTable] = Field(min_length=1)
    loading: LoadingTable
    output: OutputTable = OutputTable()
    comparison: ComparisonTable | None = None

    _source: Path = PrivateAttr(default=Path())

    @property
    def source(self) -> Path:
        """The file itself, for messages."""
        return self._source

    @field_validator("supports")
    @classmethod
    def _prescribed_once(cls, supports: list[SupportTable]) -> list[SupportTable]:
        prescribed = [
            (support.group, component)
            for support in supports
            for component, value in enumerate(support.displacement, start=1)
            if value != "free"
        ]
        for group, component in prescribed:
            if prescribed.count((group, component)) > 1:
                raise ValueError(
                    f"component {component} of {group!r} is prescribed twice; keep one"
                )
        return supports

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
        raise InputError(f"{path}: {sentence(error, content, _known_keys())}") from None
    run_file._source = path
    run_file.mesh.file = path.parent / run_file.mesh.file
    for material in run_file.materials.values():
        if isinstance(material, NetworkTable):
            material.network = path.parent / material.network
    run_file.output.folder = path.parent / run_file.output.folder
    return run_file


def _known_keys() -> list[str]:
    """The keys of all tables, to guess what a misspelt one was meant to be."""
    return sorted({key for table in Table.__subclasses__() for key in table.model_fields})
