"""The restart file of a reconstruction."""

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.files import check_folder
from dmn_fe.tensor_file import TensorFormat

__all__ = ["RestartFile", "Unfinished"]

_FORMAT = TensorFormat(
    key="dmn_fe.reconstruction",
    version=1,
    tensors=None,
    what="the restart file of a reconstruction",
    mend="remove it to begin anew",
)
_SECONDS_BETWEEN_WRITES = 10.0


@dataclass
class Unfinished:
    """What is done.

    Parameters
    ----------
    phases : dict of arrays ``[…]``
        Finished results by their seeds.
    losses : dict of float
        Their losses.
    seeds : list of int
        Those of the results that are being made.
    stage : int
        Stages that these have behind them.
    indicator : Tensor ``[seeds, k, …]``, optional
        Of these, after the last stage.
    """

    phases: dict[int, Tensor] = field(default_factory=dict)
    losses: dict[int, float] = field(default_factory=dict)
    seeds: list[int] = field(default_factory=list)
    stage: int = 0
    indicator: Tensor | None = None


class RestartFile:
    """Keeps an :class:`Unfinished` in a file, or nowhere.

    Parameters
    ----------
    path : path or None
        Ends in .safetensors.
    identity : dict
        Image and settings, as JSON: whose file it is.

    Raises
    ------
    InputError
        If the path cannot be a file.
    """

    def __init__(self, path: str | Path | None, identity: dict[str, Any]):
        self._path = None if path is None else Path(path)
        self._identity, self._written = identity, time.monotonic()
        if self._path is not None:
            check_folder(self._path, ending=".safetensors")

    def read(self) -> Unfinished:
        """What the file holds; nothing done where there is none.

        Raises
        ------
        InputError
            If the file is damaged or belongs to another reconstruction.
        """
        if self._path is None or not self._path.exists():
            return Unfinished()
        tensors, header = _FORMAT.load(self._path)
        for name, value in self._identity.items():
            if header.get("identity", {}).get(name) != value:
                raise InputError(
                    f"{self._path}: the restart file belongs to another {name}; give another "
                    "name, or remove it to begin anew."
                )
        losses = {int(seed): loss for seed, loss in header["losses"].items()}
        phases = {seed: tensors[f"phase {seed}"] for seed in losses}
        return Unfinished(
            phases, losses, header["seeds"], header["stage"], tensors.get("indicator")
        )

    def write(self, done: Unfinished, now: bool = False) -> None:
        """Write what is done, if the last writing was some seconds ago."""
        due = now or time.monotonic() - self._written > _SECONDS_BETWEEN_WRITES
        if self._path is None or not due:
            return
        tensors = {f"phase {seed}": phase for seed, phase in done.phases.items()}
        if done.indicator is not None:
            tensors["indicator"] = done.indicator.cpu()
        header = {
            "identity": self._identity,
            "losses": {str(seed): loss for seed, loss in done.losses.items()},
            "seeds": done.seeds,
            "stage": done.stage,
        }
        _FORMAT.save(self._path, tensors, header)
        self._written = time.monotonic()
