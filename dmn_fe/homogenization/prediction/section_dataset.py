"""Sections with their effective properties, in one file."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.homogenization.prediction.two_phases import TwoPhases
from dmn_fe.mandel import plane_part
from dmn_fe.tensor_file import TensorFormat

__all__ = ["SectionDataset"]

_FORMAT = TensorFormat(
    key="dmn_fe.section_data",
    version=1,
    tensors=("images", "stiffness", "conductivity"),
    what="a data set of sections",
    mend="make it with dmn_fe.homogenization.make_section_dataset, under a name of its own",
)


@dataclass(frozen=True, eq=False)
class SectionDataset:
    """Two-phase sections and what they are worth.

    Attributes
    ----------
    images : uint8 Tensor ``[n, voxels, voxels]``
        Phase of each voxel, 0 or 1; the axes are e1 and e2.
    stiffness : Tensor ``[n, 6, 6]``
        Effective stiffness (Mandel) of the section, extruded along e3.
    conductivity : Tensor ``[n, 3, 3]``
        Effective conductivity.
    meta : dict
        Where the samples come from, as JSON values: ``families`` (of sample i the family is number
        i modulo their count), ``voxels``, ``seed``, ``samples``, ``phases`` (see
        :class:`TwoPhases`), ``tolerance``, ``scheme``.

    Raises
    ------
    InputError
        If the shapes do not fit together.
    """

    images: Tensor
    stiffness: Tensor
    conductivity: Tensor
    meta: dict[str, Any]

    def __post_init__(self):
        n, shapes = len(self.images), (tuple(self.stiffness.shape), tuple(self.conductivity.shape))
        square = self.images.ndim == 3 and self.images.shape[1] == self.images.shape[2]
        if not square or shapes != ((n, 6, 6), (n, 3, 3)):
            raise InputError(
                f"a data set of sections has tensors of shape {list(self.images.shape)}, "
                f"{list(shapes[0])} and {list(shapes[1])}, expected [n, voxels, voxels], [n, 6, 6] "
                "and [n, 3, 3]."
            )
        if n and self.images.max() > 1:
            raise InputError(f"the images have phase {int(self.images.max())}; give 0 and 1 only.")
        if not all(torch.isfinite(x).all() for x in (self.stiffness, self.conductivity)):
            raise InputError("an effective property in the data set is not finite.")

    def __len__(self) -> int:
        return len(self.images)

    @property
    def phases(self) -> TwoPhases:
        """What the sections are made of."""
        return TwoPhases(**self.meta["phases"])

    @property
    def fractions(self) -> Tensor:
        """Volume fraction of phase 1, ``[n]``."""
        return self.images.double().mean((1, 2))

    @property
    def plane_stiffness(self) -> Tensor:
        """Stiffness in plane strain ``[n, 3, 3]``: components 11, 22, 12."""
        return plane_part(self.stiffness)

    @property
    def plane_conductivity(self) -> Tensor:
        """Conductivity in the plane ``[n, 2, 2]``."""
        return self.conductivity[:, :2, :2]

    def family(self, number: int) -> str:
        """Name of the family of a sample."""
        families: list[str] = self.meta["families"]
        # Sections that were appended begin with the first family again.
        for block in self.meta.get("blocks", []):
            if number < block:
                break
            number -= block
        return families[number % len(families)]

    def subset(self, numbers: Sequence[int] | Tensor) -> "SectionDataset":
        """Some of the samples; ``meta["subset"]`` has their numbers in the data set that was made,
        also where this is a subset itself."""
        chosen = torch.as_tensor(numbers, dtype=torch.int64)
        images, stiffness = self.images[chosen], self.stiffness[chosen]
        families = [self.family(number) for number in chosen.tolist()]
        made = self.meta.get("subset", range(len(self)))
        meta = {
            **self.meta,
            "subset": [made[number] for number in chosen.tolist()],
            "samples": len(chosen),
            "families": families,
            "blocks": [],
        }
        return SectionDataset(images, stiffness, self.conductivity[chosen], meta)

    def save(self, path: str | Path) -> None:
        """Write the file under its name only when it is complete; the bytes depend on the
        content alone."""
        tensors = {name: getattr(self, name) for name in _FORMAT.tensors or ()}
        _FORMAT.save(path, tensors, {"meta": self.meta})

    @classmethod
    def load(cls, path: str | Path) -> "SectionDataset":
        """Read a file written by :meth:`save`.

        Raises
        ------
        InputError
            If the file is missing, damaged, of another kind or of another format version.
        """
        return _FORMAT.read(path, lambda tensors, header: cls(**tensors, meta=header["meta"]))
