"""Parts of an original or a result that are measured as one: a section or a volume."""

from dataclasses import dataclass

import numpy as np

from dmn_fe.microstructure.voxels import VoxelRVE

__all__ = ["Part", "sections", "whole"]


@dataclass(frozen=True, eq=False)
class Part:
    """A section, or a volume, in which a phase may be missing.

    Parameters
    ----------
    phase : integer array ``[n, m, 1]`` or ``[nx, ny, nz]``
        Phase of each voxel. The last axis of a section is its normal.
    periodic : tuple of three bool
        Axes that wrap around.
    """

    phase: np.ndarray
    periodic: tuple[bool, bool, bool]

    @property
    def wide(self) -> tuple[int, ...]:
        """Axes of more than one voxel."""
        return tuple(axis for axis in range(3) if self.phase.shape[axis] > 1)

    def rve(self, names: tuple[str, ...]) -> VoxelRVE:
        """The part as an RVE, if all these phases occur in it; a voxel is the unit of length."""
        return VoxelRVE(self.phase, names, self.phase.shape, periodic=self.periodic)

    def only(self, phase: int) -> VoxelRVE | None:
        """The part with this phase as phase 0 and all others as phase 1; None without the phase.

        The edge of a voxel is the unit of length.
        """
        others = (self.phase != phase).astype(np.uint8)
        if others.all():
            return None
        return VoxelRVE(others, size=self.phase.shape, periodic=self.periodic)

    def cut(self, corner: tuple[int, ...], shape: tuple[int, ...]) -> "Part":
        """A window of this part; it is periodic along axes that it takes whole."""
        place = tuple(slice(low, low + n) for low, n in zip(corner, shape, strict=True))
        x, y, z = (
            wraps and n == edge
            for wraps, n, edge in zip(self.periodic, shape, self.phase.shape, strict=True)
        )
        return Part(self.phase[place], (x, y, z))


def whole(rve: VoxelRVE) -> Part:
    """The RVE as one part; of a section the normal becomes the last axis."""
    narrow = [axis for axis in range(3) if rve.shape[axis] == 1]
    return sections(rve, narrow[-1])[0] if narrow else Part(rve.phase, rve.periodic)


def sections(rve: VoxelRVE, normal: int, at_most: int = 16) -> list[Part]:
    """Sections across an axis, evenly spaced where the RVE has more layers than are asked for.

    Their first two axes are the other axes of the RVE in rising order.
    """
    x, y = (axis for axis in range(3) if axis != normal)
    layers = np.moveaxis(rve.phase, normal, 0)[..., None]
    chosen = np.linspace(0, len(layers), min(at_most, len(layers)), endpoint=False).astype(int)
    return [Part(layers[layer], (rve.periodic[x], rve.periodic[y], True)) for layer in chosen]
