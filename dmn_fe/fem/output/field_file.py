"""What all files of fields have in common."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dolfinx import fem
from numpy.typing import NDArray

from dmn_fe.errors import InputError
from dmn_fe.fem.output.quantities import Quantity

__all__ = ["FieldFile", "FieldPlan", "check_same_fields"]


@dataclass(frozen=True)
class FieldPlan:
    """What files of fields are to hold.

    Attributes
    ----------
    folder : Path
        Where they are; it exists.
    u : dolfinx.fem.Function
        Displacement.
    quantities : sequence of Quantity
        What cells have values of.
    steps : int
        Committed steps before this run; 0 if it is no restart.
    kept : float or None
        Time up to which a restart keeps what is there.
    """

    folder: Path
    u: fem.Function
    quantities: Sequence[Quantity]
    steps: int = 0
    kept: float | None = None


class FieldFile(ABC):
    """Files of a displacement and of values of cells over time; all methods are collective.

    Attributes
    ----------
    continues : bool
        Whether there are states that stay, of the run that was restarted.
    """

    continues: bool

    @abstractmethod
    def __init__(self, plan: FieldPlan): ...

    @classmethod
    def check(cls) -> None:
        """Raise ``InputError`` if this DOLFINx cannot write the format."""
        return

    @abstractmethod
    def write(self, t: float, values: Mapping[str, NDArray[Any]]) -> None:
        """Add the present displacement and values ``[owned cells, ...]`` by name.

        Raises
        ------
        InputError
            On all ranks, if the files cannot be written.
        """

    @abstractmethod
    def close(self) -> None:
        """Finish the files."""


def check_same_fields(path: Path, there: set[str], own: set[str]) -> None:
    """Raise ``InputError`` if a file that has steps has other fields than this run."""
    if there and there != own:
        raise InputError(
            f"{path}: has the fields {', '.join(sorted(there))} and cannot be continued with "
            f"{', '.join(sorted(own))}; take the same quantities, or another folder."
        )
