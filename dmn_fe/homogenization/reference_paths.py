"""Reference paths: the nonlinear response of an RVE that networks are measured against."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.laws import MaterialLaw, laws_description
from dmn_fe.tensor_file import TensorFormat

__all__ = ["ReferencePaths"]

_FORMAT = TensorFormat(
    key="dmn_fe.reference_paths",
    version=1,
    tensors=("times", "strain", "stress"),
    what="a file of reference paths",
    mend="make it with dmn_fe.homogenization.compute_reference_paths",
)
_META = ("rve_hash", "grid", "scheme", "phase_names", "laws", "laws_fingerprint", "tolerance")


@dataclass(frozen=True, eq=False)
class ReferencePaths:
    """Macroscopic stress of one RVE with given laws along strain paths.

    Attributes
    ----------
    names : tuple of str
        One for each path.
    times : Tensor ``[paths, n]``
        Rising; the first is the start, where the RVE is virgin.
    strain, stress : Tensor ``[paths, n, 6]``
        Volume averages (Mandel), zero at the start.
    meta : dict
        Where the stress comes from, as JSON values: ``rve_hash``, ``grid``, ``size``, ``scheme``,
        ``phase_names``, ``volume_fractions``, ``laws`` (kind and parameters of each phase's law),
        ``laws_fingerprint``, ``tolerance``, ``amplitude`` (largest norm of a strain), ``seed``.

    Raises
    ------
    InputError
        If shapes do not fit together, a value is not finite, or the meta data miss an entry.
    """

    names: tuple[str, ...]
    times: Tensor
    strain: Tensor
    stress: Tensor
    meta: dict

    def __post_init__(self):
        object.__setattr__(self, "names", tuple(self.names))
        paths, n = len(self.names), self.times.shape[-1]
        for name, shape in (
            ("times", (paths, n)),
            ("strain", (paths, n, 6)),
            ("stress", (paths, n, 6)),
        ):
            value = getattr(self, name)
            if value.dtype != torch.float64 or tuple(value.shape) != shape:
                raise InputError(
                    f"{paths} reference paths: {name} have the shape {list(value.shape)} and "
                    f"{value.dtype}, expected {list(shape)} and torch.float64."
                )
            if not torch.isfinite(value).all():
                raise InputError(f"reference paths: {name} hold a value that is not finite.")
        if paths == 0 or len(set(self.names)) < paths:
            raise InputError(f"reference paths need different names, at least one: {self.names}.")
        if n < 2 or not (self.times.diff(dim=1) > 0).all():
            raise InputError("the times of reference paths must rise, over at least one step.")
        if self.strain[:, 0].any() or self.stress[:, 0].any():
            raise InputError("reference paths must start with no strain and no stress.")
        if not self.stress.flatten(1).any(1).all():
            raise InputError("a reference path without any stress tells nothing; leave it out.")
        missing = [key for key in _META if key not in self.meta]
        if missing:
            raise InputError(f"the meta data of reference paths miss {', '.join(missing)}.")

    def __len__(self) -> int:
        return len(self.names)

    @property
    def phase_names(self) -> tuple[str, ...]:
        """Names of the phases in order."""
        return tuple(self.meta["phase_names"])

    def check_laws(self, laws: Mapping[str, MaterialLaw]) -> None:
        """Raise ``InputError`` unless these are the laws the paths were computed with."""
        # Through JSON, as in the file: tuples become lists; 3000 is equal to 3000.0.
        given, own = json.loads(json.dumps(laws_description(laws))), self.meta["laws"]
        for name in sorted(given.keys() | own.keys()):
            if given.get(name) != own.get(name):
                raise InputError(
                    f"the reference paths were computed with the law {_short(own.get(name))} of "
                    f"phase {name!r}, not {_short(given.get(name))}; give the same laws, or "
                    "compute the paths with these."
                )

    def save(self, path: str | Path) -> None:
        """Write the file under its name only when it is complete; the bytes depend on the
        content alone."""
        tensors = {"times": self.times, "strain": self.strain, "stress": self.stress}
        _FORMAT.save(path, tensors, {"names": list(self.names), "meta": self.meta})

    @classmethod
    def load(cls, path: str | Path) -> "ReferencePaths":
        """Read a file written by :meth:`save`.

        Raises
        ------
        InputError
            If the file is missing, damaged, of another kind or of another format version.
        """
        return _FORMAT.read(
            path, lambda tensors, head: cls(tuple(head["names"]), **tensors, meta=head["meta"])
        )


def _short(description: Any) -> str:
    """A description for a message."""
    text = "none" if description is None else json.dumps(description)
    return text if len(text) <= 120 else text[:117] + "…"
