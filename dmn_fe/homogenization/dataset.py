"""Data sets for training: phase stiffnesses and the effective stiffness of one RVE, in one file.

The file is safetensors with one JSON header; nothing in it is executed when it is read.
"""

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.files import written_whole

__all__ = ["StiffnessDataset"]

_HEADER_KEY = "dmn_fe.stiffness_data"
_FORMAT_VERSION = 1
_TENSORS = {"phase_stiffness", "effective"}
_MEND = "make the data set again"


@dataclass(frozen=True, eq=False)
class StiffnessDataset:
    """Samples of one RVE.

    Attributes
    ----------
    phase_stiffness : Tensor ``[n, phases, 6, 6]``
        Stiffness of each phase (Mandel).
    effective : Tensor ``[n, 6, 6]``
        Effective stiffness of the RVE, in the same unit.
    meta : dict
        Where the samples come from, as JSON values: ``kind``, ``samples`` (number asked for),
        ``seed``, ``tolerance``, ``scheme``, ``grid``, ``size``, ``rve_hash``, ``phase_names``,
        ``volume_fractions``.

    Raises
    ------
    InputError
        If the shapes do not fit together.
    """

    phase_stiffness: Tensor
    effective: Tensor
    meta: dict

    def __post_init__(self):
        n, phases = len(self.effective), len(self.meta.get("phase_names", ()))
        expected = ((n, phases, 6, 6), (n, 6, 6))
        actual = (tuple(self.phase_stiffness.shape), tuple(self.effective.shape))
        if phases == 0 or actual != expected:
            raise InputError(
                f"a stiffness data set with {phases} phase names has tensors of shape {actual[0]} "
                f"and {actual[1]}, expected {expected[0]} and {expected[1]}."
            )
        if any(tensor.dtype != torch.float64 for tensor in (self.phase_stiffness, self.effective)):
            raise InputError("the tensors of a stiffness data set must be float64.")

    def __len__(self) -> int:
        return len(self.effective)

    @property
    def phase_names(self) -> tuple[str, ...]:
        """Names of the phases in order."""
        return tuple(self.meta["phase_names"])

    @property
    def volume_fractions(self) -> tuple[float, ...]:
        """Volume fraction of each phase in the RVE."""
        return tuple(self.meta["volume_fractions"])

    def save(self, path: str | os.PathLike) -> None:
        """Write the file under its name only when it is complete; the bytes depend on the
        content alone."""
        tensors = {
            "phase_stiffness": self.phase_stiffness.contiguous(),
            "effective": self.effective.contiguous(),
        }
        header = {
            "format_version": _FORMAT_VERSION,
            "meta": self.meta,
            "sha256": _digest(tensors, self.meta),
        }
        with written_whole(Path(path)) as partial:
            save_file(tensors, partial, metadata={_HEADER_KEY: json.dumps(header, sort_keys=True)})

    @classmethod
    def load(cls, path: str | os.PathLike) -> "StiffnessDataset":
        """Read a file written by :meth:`save`.

        Raises
        ------
        InputError
            If the file is missing, damaged, of another kind or of another format version.
        """
        path = Path(path)
        if not path.is_file():
            raise InputError(f"{path}: there is no such data set; check the path or make it.")
        try:
            with safe_open(path, framework="pt") as file:
                text = (file.metadata() or {}).get(_HEADER_KEY)
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except (SafetensorError, OSError) as error:
            raise InputError(f"{path}: damaged or no stiffness data set; {_MEND}.") from error
        if text is None or set(tensors) != _TENSORS:
            raise InputError(f"{path}: this file is no stiffness data set; give one, or make it.")
        try:
            header = json.loads(text)
            version, meta, digest = (header[k] for k in ("format_version", "meta", "sha256"))
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"{path}: the header is damaged; {_MEND}.") from error
        if version != _FORMAT_VERSION:
            raise InputError(
                f"{path}: format version {version} is unknown (this version of dmn_fe reads "
                f"{_FORMAT_VERSION}); {_MEND} or use another version of dmn_fe."
            )
        if digest != _digest(tensors, meta):
            raise InputError(f"{path}: the content does not match its checksum; {_MEND}.")
        try:
            return cls(tensors["phase_stiffness"], tensors["effective"], meta)
        except InputError as error:
            raise InputError(f"{path}: {error} {_MEND.capitalize()}.") from error


def _digest(tensors: dict[str, Tensor], meta: dict) -> str:
    digest = hashlib.sha256(json.dumps(meta, sort_keys=True).encode())
    for name in sorted(tensors):
        digest.update(f"{name} {tensors[name].dtype} {list(tensors[name].shape)}".encode())
        digest.update(tensors[name].contiguous().numpy().tobytes())
    return digest.hexdigest()
