"""Checks of what the solvers of the room are given."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.microstructure import VoxelRVE

__all__ = ["PhaseValues", "check_tolerance", "check_voxels", "in_order_of_phases"]

#: One value for each phase: a tensor or a sequence in the order of the phases, or by their names.
PhaseValues = Tensor | Sequence[Any] | Mapping[str, Any]


def check_tolerance(tolerance: float) -> None:
    """Raise ``InputError`` unless a relative tolerance lies between 0 and 1."""
    if not 0.0 < tolerance < 1.0:
        raise InputError(f"tolerance = {tolerance} must lie between 0 and 1.")


def check_voxels(rve: object) -> None:
    """Raise ``InputError`` unless the RVE consists of voxels."""
    if not isinstance(rve, VoxelRVE):
        raise InputError(
            f"the RVE is a {type(rve).__name__}; this needs a VoxelRVE: read a file with "
            "dmn_fe.microstructure.read, turn a mesh into voxels with voxelize."
        )


def in_order_of_phases(values: PhaseValues, names: Sequence[str], what: str) -> Tensor:
    """Values of the phases as one float64 tensor whose first axis is that of the phases.

    Raises
    ------
    InputError
        If a phase has no value, a value no phase, or they are no numbers.
    """
    if isinstance(values, Mapping):
        missing, foreign = set(names) - set(values), set(values) - set(names)
        if missing or foreign:
            raise InputError(
                f"the {what} is given for the phases {list(values)}, but the RVE has "
                f"{list(names)}: give one for each of them."
            )
        values = [values[name] for name in names]
    try:
        if not isinstance(values, Tensor):
            values = torch.stack([torch.as_tensor(value) for value in values])
        return values.to(torch.float64)
    except (TypeError, ValueError, RuntimeError) as error:
        raise InputError(
            f"the {what} is no array of numbers ({error}): give one of equal shape for each of "
            f"the phases {list(names)}."
        ) from error
