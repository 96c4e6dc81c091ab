"""What of an original is compared with what of the results: sections, or whole volumes."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from dmn_fe.errors import InputError
from dmn_fe.microstructure.quality.parts import Part, sections, whole
from dmn_fe.microstructure.voxels import VoxelRVE

__all__ = ["View", "views"]

_INDEPENDENT = 16  # voxels between sections, as far as the short lags reach
_FEWEST = 16  # voxels along an axis that statistics can be counted from


@dataclass(frozen=True, eq=False)
class View:
    """One comparison: an original, and what of each result is like it.

    Parameters
    ----------
    name : str
        ``"across e1"``, or empty if there is one view only.
    axes : tuple of int
        The axes of the results that are seen.
    original : Part
        The original.
    results : tuple of tuples of Part
        Of each result the sections, or the result itself.
    depth : int
        Voxels of the results across the sections; 1 where results are compared as a whole.
    """

    name: str
    axes: tuple[int, ...]
    original: Part
    results: tuple[tuple[Part, ...], ...]
    depth: int = 1

    @property
    def worth(self) -> tuple[int, ...]:
        """Shape of one part that would tell as much as all sections of a result.

        Sections 16 voxels apart count as independent of each other.
        """
        shape = self.results[0][0].phase.shape
        factor = math.sqrt(max(1.0, self.depth / _INDEPENDENT))
        return tuple(n if n == 1 else round(factor * n) for n in shape)


def views(originals: Sequence[VoxelRVE], results: Sequence[VoxelRVE]) -> list[View]:
    """Pair one original, or three, with results.

    A section is compared with sections, a volume with volumes. Results that are volumes are
    compared with one section in their layers across each axis, with three sections in the layers
    that have the same normal; at most 16 layers, evenly spaced, stand for all.

    Raises
    ------
    InputError
        If they cannot be compared: see :func:`~dmn_fe.microstructure.quality.judge_quality`.
    """
    if len(originals) not in (1, 3):
        raise InputError(
            f"{len(originals)} originals: give one RVE, or three sections with the normals e1, e2, "
            "e3"
        )
    if not results:
        raise InputError("there is no result: give at least one VoxelRVE")
    _check_each(originals, results)
    solid = 1 not in results[0].shape
    if len(originals) == 3:
        if not solid:
            raise InputError("three originals describe a volume, the result is a section: give one")
        _check_normals(originals)
    elif 1 not in originals[0].shape and not solid:
        raise InputError(
            "the original is a volume but the result a section: give a section of the original"
        )
    elif (1 in originals[0].shape) == (not solid):
        axes = tuple(axis for axis in range(3) if results[0].shape[axis] > 1)
        return [View("", axes, whole(originals[0]), tuple((whole(one),) for one in results))]
    found = []
    for normal in range(3):
        axes = tuple(axis for axis in range(3) if axis != normal)
        seen = whole(originals[normal % len(originals)])
        cuts = tuple(tuple(sections(one, normal)) for one in results)
        depth = results[0].shape[normal]
        found.append(View(f"across e{normal + 1}", axes, seen, cuts, depth))
    return found


def _check_each(originals: Sequence[VoxelRVE], results: Sequence[VoxelRVE]) -> None:
    given = [("the original", one) for one in originals]
    given += [(f"result {i}", one) for i, one in enumerate(results, 1)]
    for what, rve in given:
        if not isinstance(rve, VoxelRVE):
            raise InputError(
                f"{what} is a {type(rve).__name__}, not a VoxelRVE: turn a mesh into voxels with "
                "microstructure.voxelize, an array with VoxelRVE(array)"
            )
        shown = " × ".join(map(str, rve.shape))
        wide = [n for n in rve.shape if n > 1]
        if len(wide) < 2 or min(wide) < _FEWEST:
            raise InputError(
                f"{what} has {shown} voxels: give at least {_FEWEST} along two axes or three"
            )
        if rve.names != originals[0].names:
            raise InputError(
                f"{what} has the phases {list(rve.names)}, the original "
                f"{list(originals[0].names)}: give all the same names in the same order"
            )
        if len(rve.names) == 1:
            raise InputError("the original has one phase only: there is nothing to compare")
    for i, rve in enumerate(results, 1):
        if rve.shape != results[0].shape:
            raise InputError(
                f"result {i} has the shape {list(rve.shape)}, result 1 {list(results[0].shape)}: "
                "give results of one shape, others in a report of their own"
            )


def _check_normals(originals: Sequence[VoxelRVE]) -> None:
    for normal, rve in enumerate(originals):
        if rve.shape[normal] != 1:
            raise InputError(
                f"original {normal + 1} of three has the shape {list(rve.shape)}: give sections "
                f"with the normals e1, e2, e3 in this order, this one with one voxel along "
                f"e{normal + 1}"
            )
