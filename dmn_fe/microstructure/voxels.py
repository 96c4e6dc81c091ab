"""A periodic RVE as a grid of voxels with one phase each."""

import hashlib
import json
from dataclasses import dataclass

import numpy as np

from dmn_fe.errors import InputError
from dmn_fe.microstructure.orientations import checked_orientations

__all__ = ["VoxelRVE"]

_MAX_PHASES = 256


@dataclass(frozen=True, eq=False)
class VoxelRVE:
    """Representative volume element on a regular grid.

    Parameters
    ----------
    phase : integer array ``[nx, ny, nz]``
        Phase index of each voxel; the axes are e1, e2, e3. The array is copied as uint8 and
        locked. One voxel along an axis makes the RVE constant in that direction.
    names : tuple of str, optional
        Name of phase 0, 1, …; by default ``("matrix",)``, ``("matrix", "inclusion")`` or
        ``("matrix", "inclusion 1", "inclusion 2", …)``.
    size : tuple of three float, optional
        Edge lengths, any unit (the response does not depend on it); by default cubic voxels and
        a longest edge of 1.
    orientations : array ``[m, 3, 3]``, optional
        Rotations ``Q`` of the material: their columns are the material axes in e1, e2, e3, and a
        stiffness in material axes acts as ``Q C Qᵀ``. By default all material is aligned.
    orientation_index : integer array ``[nx, ny, nz]``, optional
        Which of the orientations each voxel has; given with ``orientations``.
    periodic : tuple of three bool
        Whether the arrangement continues across the faces of each axis. Solvers take every RVE as
        periodic; where an image is not, that is an approximation at its faces, and statistics
        count pairs of voxels inside the window only.

    Raises
    ------
    InputError
        If the array is not a three-dimensional integer array, a phase has no voxel, a voxel has
        a phase without a name, or names, sizes or orientations make no sense.
    """

    phase: np.ndarray
    names: tuple[str, ...] = ()
    size: tuple[float, ...] = ()
    orientations: np.ndarray | None = None
    orientation_index: np.ndarray | None = None
    periodic: tuple[bool, bool, bool] = (True, True, True)

    def __post_init__(self):
        phase = np.asarray(self.phase)
        if phase.ndim != 3 or phase.size == 0 or phase.dtype.kind not in "iub":
            raise InputError(
                f"the RVE is an array of type {phase.dtype} and shape {list(phase.shape)}: "
                "give integers of shape [nx, ny, nz]"
            )
        lowest, highest = int(phase.min()), int(phase.max())
        if lowest < 0 or highest >= _MAX_PHASES:
            raise InputError(
                f"the phase indices of the RVE run from {lowest} to {highest}: "
                f"number the phases 0, 1, … (at most {_MAX_PHASES})"
            )
        phase = np.array(phase, dtype=np.uint8, order="C")
        phase.setflags(write=False)
        names = tuple(self.names) or default_names(highest + 1)
        size = tuple(float(edge) for edge in self.size) or tuple(
            n / max(phase.shape) for n in phase.shape
        )
        check_names(names, phase, "voxel")
        if len(size) != 3 or not all(np.isfinite(size)) or min(size) <= 0:
            raise InputError(f"the RVE has the size {list(size)}: give three positive edge lengths")
        if len(self.periodic) != 3 or not all(isinstance(flag, bool) for flag in self.periodic):
            raise InputError(f"periodic = {self.periodic}: give True or False for each of the axes")
        table, index = checked_orientations(
            self.orientations, self.orientation_index, phase.shape, "voxels"
        )
        object.__setattr__(self, "orientations", table)
        object.__setattr__(self, "orientation_index", index)
        object.__setattr__(self, "phase", phase)
        object.__setattr__(self, "names", names)
        object.__setattr__(self, "size", size)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Voxels per edge."""
        return self.phase.shape

    @property
    def volume_fractions(self) -> tuple[float, ...]:
        """Exact volume fraction of each phase, counted in voxels."""
        counts = np.bincount(self.phase.ravel(), minlength=len(self.names))
        return tuple(float(count) / self.phase.size for count in counts)

    @property
    def hash(self) -> str:
        """SHA-256 (hex) of what the response depends on: shape, names, proportions of the edges,
        phases and orientations."""
        proportions = [round(edge / max(self.size), 12) for edge in self.size]
        header = json.dumps([list(self.shape), list(self.names), proportions])
        digest = hashlib.sha256(header.encode() + self.phase.tobytes())
        if self.orientations is not None and self.orientation_index is not None:
            digest.update(self.orientations.tobytes() + self.orientation_index.tobytes())
        return digest.hexdigest()


def default_names(count: int) -> tuple[str, ...]:
    """``matrix``, ``inclusion``, or with numbers from three phases on."""
    if count <= 2:
        return ("matrix", "inclusion")[:count]
    return ("matrix", *(f"inclusion {i}" for i in range(1, count)))


def check_names(names: tuple[str, ...], phase: np.ndarray, place: str) -> None:
    """Raise ``InputError`` unless every phase that occurs has one name, and every name a phase."""
    if not all(isinstance(name, str) and name for name in names) or len(set(names)) < len(names):
        raise InputError(f"the phase names {list(names)} must be different non-empty strings")
    counts = np.bincount(phase.ravel(), minlength=len(names))
    if len(counts) > len(names):
        raise InputError(
            f"the RVE has {len(counts)} phases but {len(names)} names {list(names)}: "
            "name every phase"
        )
    empty = np.flatnonzero(counts == 0)
    if len(empty):
        index = int(empty[0])
        raise InputError(
            f"phase {index} ({names[index]!r}) of the RVE has no {place}: "
            "number the phases that occur 0, 1, … without gaps and name only these"
        )
