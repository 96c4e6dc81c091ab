"""The study file of ``dmn-fe study``: an assessment in TOML, checked before it starts."""

import tomllib
from pathlib import Path
from typing import Any

from pydantic import ConfigDict, Field, ValidationError

from dmn_fe.assessment import Comparison, Plan, Subject, Variant
from dmn_fe.cli.material_tables import Table
from dmn_fe.cli.runfile_errors import sentence
from dmn_fe.errors import InputError
from dmn_fe.training import Settings
from dmn_fe.training.settings import check_names

__all__ = ["read_study_file"]


class RVETable(Table):
    """An RVE with its data; paths start from the folder of the study file."""

    name: str
    group: str = "RVE"
    elastic: dict[str, Path] = Field(min_length=1)
    nonlinear: dict[str, Path] = Field(default_factory=dict)
    truth: dict[str, Path] = Field(min_length=1)


class VariantTable(Table):
    """One choice: a label, data, and any settings of a training."""

    model_config = ConfigDict(extra="allow")

    label: str
    x: float | None = None
    elastic: list[str] | None = None
    nonlinear: str | None = None
    pretrained: Path | None = None
    fixed_point: bool = False


class ComparisonTable(Table):
    """Variants that differ in one choice."""

    title: str
    question: str
    axis: str = ""
    seeds: int | None = None
    ranked_by: str = "nonlinear"
    every_reference: bool = False
    rves: list[str] = Field(default_factory=list)
    variant: list[VariantTable] = Field(min_length=1)


class StudyTable(Table):
    """The whole file."""

    title: str
    seeds: int = 5
    ensemble: int = 5
    elastic: list[str] = Field(default_factory=list)
    nonlinear: str = ""
    settings: dict[str, Any] = Field(default_factory=dict)
    rve: list[RVETable] = Field(min_length=1)
    comparison: list[ComparisonTable] = Field(min_length=1)


def read_study_file(path: str | Path) -> Plan:
    """Read and check a study file.

    Raises
    ------
    InputError
        With the key and how to mend it.
    """
    path = Path(path)
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file; give a study file (.toml).") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not TOML ({error}); mend it.") from error
    if "materials" in content:
        raise InputError(f"{path}: this is a run file; give it to dmn-fe run.")
    try:
        table = StudyTable(**content)
    except ValidationError as error:
        raise InputError(f"{path}: {sentence(error, content, _known_keys())}") from None
    try:
        return _plan(table, path.parent)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def _plan(table: StudyTable, folder: Path) -> Plan:
    subjects = tuple(
        Subject(
            rve.name,
            rve.group,
            {name: folder / file for name, file in rve.elastic.items()},
            {name: folder / file for name, file in rve.nonlinear.items()},
            {name: folder / file for name, file in rve.truth.items()},
        )
        for rve in table.rve
    )
    settings = _settings(table.settings, "[settings]")  # before the variants, which repeat them
    comparisons = tuple(
        Comparison(
            comparison.title,
            comparison.question,
            tuple(_variant(variant, table, folder) for variant in comparison.variant),
            tuple(comparison.rves or [rve.name for rve in table.rve]),
            comparison.axis,
            comparison.seeds,
            comparison.ranked_by,
            comparison.every_reference,
        )
        for comparison in table.comparison
    )
    return Plan(table.title, subjects, comparisons, table.seeds, table.ensemble, settings)


def _variant(variant: VariantTable, table: StudyTable, folder: Path) -> Variant:
    settings = _settings(
        {**table.settings, **(variant.model_extra or {})}, f"variant {variant.label!r}"
    )
    elastic = table.elastic if variant.elastic is None else variant.elastic
    nonlinear = table.nonlinear if variant.nonlinear is None else variant.nonlinear
    pretrained = None if variant.pretrained is None else folder / variant.pretrained
    return Variant(
        variant.label,
        settings,
        tuple(elastic),
        nonlinear,
        pretrained,
        variant.x,
        variant.fixed_point,
    )


def _settings(values: dict[str, Any], where: str) -> Settings:
    try:
        check_names(values)
        return Settings(**values)
    except InputError as error:
        raise InputError(f"{where}: {error}") from None


def _known_keys() -> list[str]:
    tables = (StudyTable, RVETable, ComparisonTable, VariantTable)
    return sorted({key for table in tables for key in table.model_fields})
