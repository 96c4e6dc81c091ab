"""Data sets for training: phase stiffnesses and the effective stiffness of one RVE, in one file."""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.tensor_file import TensorFormat

__all__ = ["StiffnessDataset"]

_FORMAT = TensorFormat(
    key="dmn_fe.stiffness_data",
    version=1,
    tensors=("phase_stiffness", "effective"),
    what="a stiffness data set",
    mend="make it with dmn-fe data",
)


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
        Where the samples come from, as JSON values: ``kind``, ``samples``, ``blocks`` (sizes of the
        Latin hypercubes, one after the other), ``seed``, ``tolerance``, ``scheme``, ``grid``,
        ``size``, ``rve_hash``, ``phase_names``, ``volume_fractions``; where there are voids, their
        names as ``voids``.

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
        if not all(torch.isfinite(x).all() for x in (self.phase_stiffness, self.effective)):
            raise InputError("a stiffness in the data set is not finite.")

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

    @property
    def voids(self) -> tuple[str, ...]:
        """Names of the phases that are void in every sample."""
        return tuple(self.meta.get("voids", ()))

    def save(self, path: str | Path) -> None:
        """Write the file under its name only when it is complete; the bytes depend on the
        content alone."""
        tensors = {"phase_stiffness": self.phase_stiffness, "effective": self.effective}
        _FORMAT.save(path, tensors, {"meta": self.meta})

    @classmethod
    def load(cls, path: str | Path) -> "StiffnessDataset":
        """Read a file written by :meth:`save`.

        Raises
        ------
        InputError
            If the file is missing, damaged, of another kind or of another format version.
        """
        tensors, header = _FORMAT.load(path)
        try:
            return cls(**tensors, meta=header["meta"])
        except (InputError, KeyError, AttributeError) as error:
            raise InputError(f"{path}: not usable ({error}); {_FORMAT.mend}.") from error
