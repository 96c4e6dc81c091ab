"""What a run leaves behind that another run of the same case is compared with."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from dmn_fe.errors import InputError
from dmn_fe.tensor_file import TensorFormat

__all__ = ["LocalFields", "RunRecord", "load_record", "save_record"]

Array = NDArray[Any]

_FORMAT = TensorFormat(
    key="dmn_fe_run_record",
    version=1,
    tensors=None,
    what="the record of a run",
    mend="write it anew (dmn-fe validate CASE.toml --keep-reference FOLDER)",
)
_SINGLE = ("displacement", "strain", "stress", "spread", "phase_stress")  # their precision
_ARRAYS = (
    *("times", "iterations", "reactions", "motions", "nodes", "cells"),
    *("points", "volumes", *_SINGLE),
)


@dataclass(frozen=True, eq=False)
class LocalFields:
    """Von Mises stress inside the RVE of one quadrature point at the end of a run, as quantiles.

    Attributes
    ----------
    shares : array ``[q]``
        From 0 to 1.
    von_mises : dict of str to array ``[q]``
        For each phase, the stress that is not exceeded in this share of its volume.
    """

    shares: Array
    von_mises: dict[str, Array]


@dataclass(frozen=True, eq=False)
class RunRecord:
    """A run: curves of its surfaces, fields at nodes and quadrature points, and its cost.

    Attributes
    ----------
    times : array ``[k]``
        Of the committed steps, with the start.
    iterations : array ``[k]``
        Newton iterations of each step.
    surfaces : tuple of str
    reactions, motions : array ``[k, surfaces, d]``
        Total reaction and mean displacement of each surface.
    nodes : array ``[m, 3]``
    cells : array ``[c, v]``
        Nodes of each cell, in VTK's order.
    displacement : array ``[k, m, 3]``
    points : array ``[n, 3]``
        Quadrature points.
    volumes : array ``[n]``
        Volume of the part at each.
    strain, stress : array ``[k, n, 6]``
        Mandel.
    spread : array ``[k, n]``
        Error bar of the stress of an ensemble; zero of all else.
    phases : tuple of str
        Volume group and phase.
    phase_stress : array ``[k, phases, 6]``
        Mean stress of each phase over its volume in the part (Mandel).
    facts : dict
        JSON values: seconds, memory, ranks and so on, as ``summary.json`` has them, and
        ``identity``, ``machine``, ``date``.
    local : dict of int to LocalFields
        Of some quadrature points.
    """

    times: Array
    iterations: Array
    surfaces: tuple[str, ...]
    reactions: Array
    motions: Array
    nodes: Array
    cells: Array
    displacement: Array
    points: Array
    volumes: Array
    strain: Array
    stress: Array
    spread: Array
    phases: tuple[str, ...]
    phase_stress: Array
    facts: dict[str, Any]
    local: dict[int, LocalFields] = field(default_factory=dict)

    @property
    def finished(self) -> bool:
        """Whether all load steps are done."""
        return bool(self.facts.get("finished"))


def save_record(path: str | Path, record: RunRecord) -> None:
    """Write a record; the fields in single precision, curves and coordinates in double."""
    tensors = {}
    for name in _ARRAYS:
        values = np.ascontiguousarray(getattr(record, name))
        tensors[name] = torch.from_numpy(values.astype(np.float32) if name in _SINGLE else values)
    for point, local in record.local.items():
        tensors[f"shares of point {point}"] = torch.from_numpy(local.shares)
        for phase, values in local.von_mises.items():
            tensors[f"von Mises of point {point} {phase}"] = torch.from_numpy(
                values.astype(np.float32)
            )
    header = {
        "surfaces": record.surfaces,
        "phases": record.phases,
        "facts": record.facts,
        "local": {str(point): list(one.von_mises) for point, one in record.local.items()},
    }
    _FORMAT.save(path, tensors, header)


def load_record(path: str | Path) -> RunRecord:
    """Read a record.

    Raises
    ------
    InputError
        If the file is missing, damaged, or no record.
    """
    return _FORMAT.read(path, _built)


def _built(tensors: dict[str, torch.Tensor], header: dict[str, Any]) -> RunRecord:
    arrays: dict[str, Any] = {name: tensors[name].numpy() for name in _ARRAYS}
    arrays |= {name: arrays[name].astype(np.float64) for name in _SINGLE}
    k, m, n = len(arrays["times"]), len(arrays["nodes"]), len(arrays["points"])
    sizes = {
        "reactions": (k, len(header["surfaces"])),
        "motions": (k, len(header["surfaces"])),
        "displacement": (k, m, 3),
        "strain": (k, n, 6),
        "stress": (k, n, 6),
        "spread": (k, n),
        "phase_stress": (k, len(header["phases"]), 6),
    }
    for name, size in sizes.items():
        if arrays[name].shape[: len(size)] != size:
            raise InputError(f"{name} has the shape {arrays[name].shape}, expected {size}")
    local = {
        int(point): LocalFields(
            tensors[f"shares of point {point}"].numpy(),
            {
                phase: tensors[f"von Mises of point {point} {phase}"].numpy().astype(np.float64)
                for phase in phases
            },
        )
        for point, phases in header["local"].items()
    }
    return RunRecord(
        **arrays,
        surfaces=tuple(header["surfaces"]),
        phases=tuple(header["phases"]),
        facts=header["facts"],
        local=local,
    )
