"""The tables of a run file for load steps, solvers and checkpoints."""

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from dmn_fe.cli.condition_tables import Points
from dmn_fe.cli.hardening_tables import Table

__all__ = ["CheckpointTable", "LoadingTable", "PathTable", "SolverTable", "StepTable"]

_UNITS = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}


def _seconds(value: Any) -> Any:
    """Seconds of a number, or of a text such as "90 s", "10 min", "7.5 h"."""
    if isinstance(value, str):
        match = re.fullmatch(r"\s*([0-9.]+)\s*(s|min|h|d)\s*", value)
        if match is None:
            raise ValueError('give seconds, or a text such as "90 s", "10 min", "7.5 h", "2 d"')
        return float(match.group(1)) * _UNITS[match.group(2)]
    return value


Duration = Annotated[float, BeforeValidator(_seconds), Field(ge=0)]


class LoadingTable(Table):
    """The :class:`~dmn_fe.fem.Amplitude` of all that has none of its own."""

    points: Points


class StepTable(Table):
    """A :class:`~dmn_fe.fem.StepControl`, and where and when steps end."""

    largest: float
    first: float | None = None
    smallest: float | None = None
    growth: float = 1.5
    cut: float = 0.5
    few: int | None = None
    many: int | None = None
    at: list[float] = Field(default=[])
    wall_clock: Duration | None = None


class SolverTable(Table):
    """Newton's method and the linear solver; options of PETSc have the last word."""

    newton: Literal["full", "modified"] = "full"
    petsc: dict[str, float | int | str | None] = Field(default={})


class CheckpointTable(Table):
    """How often a checkpoint is written, and how many are kept."""

    every: Duration | None = None
    keep: int = Field(default=2, ge=1)


class PathTable(Table):
    """A :class:`~dmn_fe.fem.PathFollowing`: loads with the amplitude "factor" follow an unknown.

    With a ``group`` steps prescribe its mean displacement along ``direction``, else the arc length;
    the sizes of ``[steps]`` are in the unit of length then, and steps end at ``until``.
    """

    until: float = Field(gt=0)
    group: str | None = None
    direction: Annotated[list[float], Field(min_length=2, max_length=3)] | None = None

    @model_validator(mode="after")
    def _both(self):
        if (self.group is None) != (self.direction is None):
            raise ValueError("give 'group' and 'direction' together, or neither for arc length")
        return self
