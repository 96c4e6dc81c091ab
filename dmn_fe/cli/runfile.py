"""The run file of ``dmn-fe run``: a macroscale simulation in TOML, checked before it starts."""

import tomllib
from itertools import pairwise
from pathlib import Path
from typing import Literal

from pydantic import Field, PrivateAttr, ValidationError, field_validator, model_validator

from dmn_fe.cli.condition_tables import (
    AxesTable,
    BodyForceTable,
    CellFieldTable,
    PeriodicTable,
    Points,
    PressureTable,
    ResultantTable,
    SupportTable,
    TemperatureTable,
    TractionTable,
)
from dmn_fe.cli.material_tables import MaterialTable, NetworkTable, RVETable, Table
from dmn_fe.cli.output_tables import OutputTable, UnitsTable
from dmn_fe.cli.runfile_errors import sentence
from dmn_fe.cli.step_tables import (
    CheckpointTable,
    LoadingTable,
    PathTable,
    SolverTable,
    StepTable,
)
from dmn_fe.cli.validation_table import ValidationTable
from dmn_fe.errors import InputError

__all__ = ["RunFile", "read_run_file"]


class MeshTable(Table):
    """The part: a gmsh file, whose physical groups are referred to by name, and the elements.

    Quadratic displacements, for linear ones lock in plasticity.
    """

    file: Path
    kind: Literal["3d", "plane strain", "plane stress", "axisymmetric"] | None = None
    thickness: float = 1.0
    displacement_degree: int = Field(default=2, ge=1, le=4)
    quadrature_degree: int | None = Field(default=None, ge=1, le=10)


class ComparisonTable(Table):
    """Run the part a second time with one phase of every network alone, for the picture."""

    phase: str


class RunFile(Table):
    """A whole run file."""

    title: str = ""
    units: UnitsTable = UnitsTable()
    mesh: MeshTable
    materials: dict[str, MaterialTable] = Field(min_length=1)
    axes: dict[str, AxesTable] = Field(default={})
    supports: list[SupportTable] = Field(default=[])
    periodic: PeriodicTable | None = None
    tractions: list[TractionTable] = Field(default=[])
    pressures: list[PressureTable] = Field(default=[])
    resultants: list[ResultantTable] = Field(default=[])
    body_forces: list[BodyForceTable] = Field(default=[])
    temperature: TemperatureTable | None = None
    amplitudes: dict[str, Points] = Field(default={})
    loading: LoadingTable | None = None
    path: PathTable | None = None
    steps: StepTable
    solver: SolverTable = SolverTable()
    checkpoints: CheckpointTable = CheckpointTable()
    output: OutputTable = OutputTable()
    comparison: ComparisonTable | None = None
    validation: ValidationTable | None = None

    _source: Path = PrivateAttr(default=Path())

    @property
    def source(self) -> Path:
        """The file itself, for messages."""
        return self._source

    @property
    def amplitude_names(self) -> list[str]:
        """Names that loads may give as their amplitude."""
        return [*self.amplitudes, *([] if self.path is None else ["factor"])]

    @property
    def forces(self) -> list[TractionTable | PressureTable | ResultantTable | BodyForceTable]:
        """All forces."""
        return [*self.tractions, *self.pressures, *self.resultants, *self.body_forces]

    @field_validator("supports")
    @classmethod
    def _prescribed_once(cls, supports: list[SupportTable]) -> list[SupportTable]:
        prescribed = [
            (support.group, component)
            for support in supports
            for component, value in enumerate(support.values, start=1)
            if value is not None
        ]
        for group, component in prescribed:
            if prescribed.count((group, component)) > 1:
                raise ValueError(
                    f"component {component} of {group!r} is prescribed twice; keep one"
                )
        return supports

    @model_validator(mode="after")
    def _held(self):
        if bool(self.supports) == (self.periodic is not None):
            raise ValueError(
                "give 'supports' that hold the part, or else 'periodic' for a periodic cell"
            )
        if self.periodic is not None and self.output.reactions:
            raise ValueError("a periodic cell has no reactions; remove 'output.reactions'")
        return self

    @model_validator(mode="after")
    def _loading_or_path(self):
        if (self.loading is None) == (self.path is None):
            raise ValueError("give either 'loading', over time, or 'path', to find the load factor")
        if self.path is not None and "factor" in self.amplitudes:
            raise ValueError("with a 'path' the amplitude \"factor\" is the unknown; rename yours")
        if self.path is not None and not any(f.amplitude == "factor" for f in self.forces):
            raise ValueError("a 'path' needs a force with amplitude = \"factor\"")
        if self.path is not None and self.solver.newton != "full":
            raise ValueError("a 'path' needs a new tangent in every iteration; remove 'newton'")
        return self

    @model_validator(mode="after")
    def _path_scales_nothing(self):
        """What has no amplitude would follow the motion, which is the time of a path."""
        warmth = [] if self.temperature is None else [self.temperature]
        moved = [support for support in self.supports if support.moves]
        for one in [*moved, *self.forces, *warmth]:
            if self.path is not None and one.amplitude is None:
                raise ValueError(f"with a 'path' {one.name} needs an 'amplitude' of its own")
        return self

    @model_validator(mode="after")
    def _loaded(self):
        moves = any(support.moves for support in self.supports)
        if not (moves or self.periodic or self.forces or self.temperature):
            raise ValueError(
                "nothing loads the part: give a support a displacement or a rate that is not zero, "
                "or give a force or a temperature"
            )
        return self

    @model_validator(mode="after")
    def _amplitudes_are_there(self):
        warmth = [] if self.temperature is None else [self.temperature]
        cells = [] if self.periodic is None else [self.periodic]
        acting = [*self.supports, *cells, *self.forces, *warmth]
        for one in acting:
            if one.amplitude not in (None, *self.amplitude_names):
                known = ", ".join(repr(name) for name in self.amplitude_names) or "none"
                raise ValueError(
                    f"there is no amplitude {one.amplitude!r} in 'amplitudes', which has: {known}"
                )
        loading = [] if self.loading is None else self.loading.points
        for name, points in {**self.amplitudes, "loading": loading}.items():
            if any(later <= earlier for (earlier, _), (later, _) in pairwise(points)):
                raise ValueError(f"the times of {name!r} must rise; give each point a later one")
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
        if isinstance(material, RVETable):
            material.rve = path.parent / material.rve
        if isinstance(material, NetworkTable):
            if material.network is not None:
                material.network = path.parent / material.network
            if material.switch is not None:
                material.switch.rve = path.parent / material.switch.rve
            for member in material.networks:
                member.network = path.parent / member.network
            if material.field is not None:
                material.field.file = path.parent / material.field.file
    for axes in run_file.axes.values():
        if axes.field is not None:
            axes.field.file = path.parent / axes.field.file
    if run_file.temperature is not None:
        change = run_file.temperature.change
        if isinstance(change, CellFieldTable):
            change.file = path.parent / change.file
    run_file.output.folder = path.parent / run_file.output.folder
    if run_file.validation is not None:
        run_file.validation.start_from(path.parent)
    return run_file


def _known_keys() -> list[str]:
    """The keys of all tables, to guess what a misspelt one was meant to be."""
    return sorted({key for table in _tables(Table) for key in table.model_fields})


def _tables(table: type[Table]) -> list[type[Table]]:
    below = [one for child in table.__subclasses__() for one in _tables(child)]
    return [table, *below]
