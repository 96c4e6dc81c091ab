"""The images a reconstruction starts from, as sections of what is to be made."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.microstructure import volume_fraction
from dmn_fe.microstructure.reconstruction.phase_partition import one_hot
from dmn_fe.microstructure.smallest_edges import SMALLEST_EDGE
from dmn_fe.microstructure.statistics.indicator import spacing
from dmn_fe.microstructure.voxels import VoxelRVE

__all__ = ["Section", "on_device", "section", "sections_of", "wanted_fractions"]


@dataclass(frozen=True, eq=False)
class Section:
    """A section of a microstructure.

    Parameters
    ----------
    phase : array ``[h, w]``
        Along the first and the second of the axes in the plane.
    normal : int
        Axis that the section is normal to.
    names : tuple of str
        Of the phases.
    pixel : tuple of two float
        Edge lengths of a pixel.
    """

    phase: np.ndarray
    normal: int
    names: tuple[str, ...]
    pixel: tuple[float, float]

    @property
    def volume_fractions(self) -> tuple[float, ...]:
        """Area fraction of each phase."""
        counts = np.bincount(self.phase.ravel(), minlength=len(self.names))
        return tuple(float(count) / self.phase.size for count in counts)

    def indicators(self) -> Tensor:
        """Where each phase is, ``[k, h, w]``."""
        return one_hot(self.phase, len(self.names))[0]


def section(image: VoxelRVE | np.ndarray) -> Section:
    """The section in an image.

    Parameters
    ----------
    image : VoxelRVE or integer array ``[n1, n2]``
        Voxels with one voxel along one axis; an array is normal to e3.

    Raises
    ------
    InputError
        If it is no section, has one phase only, or is too small to tell a texture.
    """
    if not isinstance(image, VoxelRVE):
        image = np.asarray(image)
        if image.ndim != 2:
            raise InputError(
                f"the image is an array of shape {list(image.shape)}: give phases [n1, n2], "
                "or an RVE of voxels"
            )
        image = VoxelRVE(image[:, :, None], periodic=(False, False, True))
    thin = [axis for axis in range(3) if image.shape[axis] == 1]
    if len(thin) != 1:
        raise InputError(
            f"the image has {' × '.join(map(str, image.shape))} voxels: give a section, with one "
            "voxel along one axis"
        )
    normal = thin[0]
    phase = image.phase.take(0, normal)
    if min(phase.shape) < SMALLEST_EDGE[2]:
        raise InputError(
            f"the image has {phase.shape[0]} × {phase.shape[1]} pixels: give one with at least "
            f"{SMALLEST_EDGE[2]} along each edge"
        )
    if len(image.names) < 2:
        raise InputError(
            f"the image has one phase only, {image.names[0]!r}: segment it into two or more"
        )
    first, second = (spacing(image)[axis] for axis in range(3) if axis != normal)
    return Section(phase, normal, image.names, (first, second))


def sections_of(
    image: VoxelRVE | np.ndarray | Sequence[VoxelRVE | np.ndarray], dimension: int
) -> tuple[Section, ...]:
    """One section for a result in the plane, three for one in space: normal to e1, e2, e3.

    Raises
    ------
    InputError
        If a section is not usable, three are given for the plane, they are not normal to e1, e2
        and e3, have different phases or pixels, or pixels are not square.
    """
    if isinstance(image, str | Path):
        raise InputError(f"image = {str(image)!r}: read it with microstructure.read_photo first")
    if not isinstance(image, VoxelRVE | np.ndarray | Sequence):
        raise InputError(
            f"the image is a {type(image).__name__}: give an RVE of voxels, an array of phases or "
            "three RVEs"
        )
    if isinstance(image, VoxelRVE | np.ndarray):
        one = section(image)
        if dimension == 2:
            return (one,)
        _check_square((one,))
        return (one, one, one)
    found = tuple(section(each) for each in image)
    if dimension == 2 or len(found) != 3 or [each.normal for each in found] != [0, 1, 2]:
        raise InputError(
            f"{len(found)} images for a result in {dimension} dimensions: give one, or for three "
            "dimensions three RVEs of shape [1, n, m], [n, 1, m] and [n, m, 1], the sections "
            "normal to e1, e2 and e3"
        )
    if len({each.names for each in found}) > 1:
        raise InputError(
            f"the images have the phases {', '.join(str(list(each.names)) for each in found)}: "
            "give all of them the same"
        )
    _check_square(found)
    return found


def wanted_fractions(
    fractions: Sequence[float] | None, sections: tuple[Section, ...]
) -> tuple[float, ...]:
    """Volume fractions ``[k]``: those that are given, or else the mean of all images.

    Raises
    ------
    InputError
        If there is not one positive number for each phase, with the sum 1.
    """
    found = [each.volume_fractions for each in sections]
    return volume_fraction.wanted_fractions(fractions, found, sections[0].names)


def on_device(sections: tuple[Section, ...], device: str) -> list[Tensor]:
    """Indicators ``[k, h, w]`` of the sections."""
    return [each.indicators().to(torch.device(device)) for each in sections]


def _check_square(sections: tuple[Section, ...]) -> None:
    edges = np.array([edge for each in sections for edge in each.pixel])
    if np.ptp(edges) > 1e-6 * edges.max():
        raise InputError(
            f"pixels have edges from {edges.min():.6g} to {edges.max():.6g}: for a result in "
            "three dimensions give images with square pixels of one size"
        )
