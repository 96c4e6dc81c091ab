"""The restart file of a loading path; one file, whatever the ranks that share the RVE."""

import logging
import time
from dataclasses import fields
from pathlib import Path

from safetensors import SafetensorError
from torch import Tensor

from dmn_fe.collective import RaiseTogether
from dmn_fe.errors import InputError
from dmn_fe.files import check_folder
from dmn_fe.homogenization.loading import Loading
from dmn_fe.homogenization.path_record import PathRecord
from dmn_fe.homogenization.rve_problem import RVEProblem
from dmn_fe.tensor_file import TensorFormat

__all__ = ["RestartFile"]

_FORMAT = TensorFormat(
    key="dmn_fe.path",
    version=2,
    tensors=None,
    what="the restart file of a loading path",
    mend="remove it to begin anew",
)
_SECONDS_BETWEEN_WRITES = 10.0
_LOGGER = logging.getLogger(__name__)


class RestartFile:
    """A file with the state and the record of a path at the end of a step.

    All methods are collective over the ranks that share the RVE; rank 0 has the file.

    Parameters
    ----------
    path : path
    problem, loading, tangents
        As for :func:`~dmn_fe.homogenization.follow_path`: whose file it is.

    Raises
    ------
    InputError
        If there is no such folder, or the ending is not .safetensors.
    """

    def __init__(self, path: str | Path, problem: RVEProblem, loading: Loading, tangents: bool):
        self._path, self._comm = Path(path), problem.comm
        self._identity = {
            "number of ranks": self._comm.size,
            "problem": self._comm.allgather(problem.fingerprint),
            "loading": loading.hash,
            "choice of tangents": tangents,
        }
        self._steps, self._written = 0, time.monotonic()
        with RaiseTogether(self._comm):
            if self._comm.rank == 0:
                check_folder(self._path, ending=".safetensors")

    def read(self) -> tuple[dict[str, Tensor], PathRecord, int] | None:
        """State of this rank, record and steps that are done; None if there is no file.

        Raises
        ------
        InputError
            On every rank, if the file is damaged or belongs to another path.
        """
        found = None
        with RaiseTogether(self._comm):
            if self._comm.rank == 0 and self._path.exists():
                found = self._load()
        found = self._comm.bcast(found)
        if found is None:
            return None
        states, record, self._steps = found
        return states[self._comm.rank], record, self._steps

    def is_due(self) -> bool:
        """Whether the last writing was some seconds ago."""
        return self._comm.bcast(time.monotonic() - self._written > _SECONDS_BETWEEN_WRITES)

    def write(self, state: dict[str, Tensor], record: PathRecord, steps: int) -> None:
        """Write the state of every rank, unless these steps are in the file already.

        Where that is impossible the path is worth more than its file: there is a warning.
        """
        if steps == self._steps:
            return
        states = self._comm.allgather(state)
        tensors = {
            f"state {rank} {name}": value
            for rank, part in enumerate(states)
            for name, value in part.items()
        }
        tensors |= {f"record {field.name}": getattr(record, field.name) for field in fields(record)}
        if self._comm.rank == 0:
            try:
                _FORMAT.save(self._path, tensors, {**self._identity, "steps": steps})
            except (OSError, InputError, SafetensorError) as error:
                _LOGGER.warning("%s cannot be written, the path goes on: %s", self._path, error)
        self._steps, self._written = steps, time.monotonic()

    def _load(self) -> tuple[list[dict[str, Tensor]], PathRecord, int]:
        tensors, header = _FORMAT.load(self._path)
        for key, value in self._identity.items():
            if header.get(key) != value:
                raise InputError(
                    f"{self._path}: the restart file belongs to another {key}; give another name, "
                    "or remove it to begin anew."
                )
        states: list[dict[str, Tensor]] = [{} for _ in range(self._comm.size)]
        record = {}
        for key, value in tensors.items():
            kind, _, name = key.partition(" ")
            if kind == "record":
                record[name] = value
            else:
                rank, _, name = name.partition(" ")
                states[int(rank)][name] = value
        return states, PathRecord(**record), header["steps"]
