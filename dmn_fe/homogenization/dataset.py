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
    mend="make it with dmn-fe data, under a name of its own",
)
_PLANE, _OUT_OF_PLANE_SHEAR = [0, 1, 5], [3, 4]


@dataclass(frozen=True, eq=False)
class StiffnessDataset:
    """Samples of one RVE.

    Attributes
    ----------
    phase_stiffness : Tensor ``[n, phases, 6, 6]``
        Stiffness of each phase (Mandel); in plane strain ``[n, phases, 3, 3]`` of the components
        11, 22, 12.
    effective : Tensor ``[n, 6, 6]``
        Effective stiffness of the RVE, in the same unit; in plane strain ``[n, 3, 3]``.
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
        c = 3 if self.effective.shape[-1] == 3 else 6
        expected = ((n, phases, c, c), (n, c, c))
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

    def plane_strain(self) -> "StiffnessDataset":
        """The same samples in plane strain: the components 11, 22, 12 alone.

        A network in the plane learns from them three to four times as fast. Of an RVE that does not
        vary along e3, and with phases that are symmetric to the plane, this loses nothing that
        plane strain needs.

        Raises
        ------
        InputError
            If the RVE varies along e3, or a phase couples strains in the plane with shear out of
            it.
        """
        if self.effective.shape[-1] == 3:
            return self
        grid = self.meta.get("grid")
        if grid is not None and grid[2:] != [1]:
            raise InputError(
                f"the RVE has {grid[2]} voxels along e3; plane strain needs one that does not vary "
                "there."
            )
        coupling = self.phase_stiffness[..., _PLANE, :][..., _OUT_OF_PLANE_SHEAR].abs().max()
        if coupling > 1e-9 * self.phase_stiffness.abs().max():
            raise InputError(
                "a phase couples strains in the plane with shear out of it; learn from the whole "
                "stiffness."
            )
        return StiffnessDataset(
            self.phase_stiffness[..., _PLANE, :][..., _PLANE].contiguous(),
            self.effective[..., _PLANE, :][..., _PLANE].contiguous(),
            {**self.meta, "plane": "strain"},
        )

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
        return _FORMAT.read(path, lambda tensors, header: cls(**tensors, meta=header["meta"]))
