"""What networks of a family differ in: a volume fraction, or the orientation of fibres.

Each parameter has coordinates in a plane, in which :class:`~dmn_fe.network.cells.Cells` lie.
"""

import math
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dmn_fe.errors import InputError
from dmn_fe.network.orientation_frames import principal_frames

__all__ = ["FibreOrientation", "Parameter", "VolumeFraction"]

_TOLERANCE = 1e-6  # of sums of eigenvalues, of their order and of what lies below zero
#: Rows: plane coordinates of the eigenvalues; lengths are those of the three eigenvalues.
_PLANE = np.array([[1.0, -1.0, 0.0], [1.0, 1.0, -2.0]]) / np.sqrt([[2.0], [6.0]])


class Parameter(Protocol):
    """A parameter of microstructures, of one number or three."""

    default_resolution: float

    def checked(self, value: Any) -> NDArray[np.float64]:
        """One value ``[numbers]`` of a node, or InputError."""

    def at_points(self, values: ArrayLike) -> tuple[NDArray[np.float64], NDArray | None]:
        """Values ``[n, numbers]`` at points, and rotations ``[n, 3, 3]`` of them, if any."""

    def rounded(self, values: NDArray[np.float64], resolution: float) -> NDArray[np.float64]:
        """Values ``[n, numbers]`` on a grid."""

    def coordinates(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Plane coordinates ``[n, 2]`` of values."""

    def values(self, coordinates: NDArray[np.float64]) -> NDArray[np.float64]:
        """Values ``[n, numbers]`` at plane coordinates."""

    def told(self, value: NDArray[np.float64]) -> str:
        """One value in words."""

    def entry(self, value: NDArray[np.float64]) -> dict[str, Any]:
        """Metadata of a network of one value."""


class VolumeFraction:
    """The volume fraction of a phase.

    Parameters
    ----------
    phase : str
    """

    default_resolution = 0.005

    def __init__(self, phase: str):
        self.phase = phase

    def checked(self, value: Any) -> NDArray[np.float64]:
        """See :class:`Parameter`."""
        try:
            number = float(value)
        except (TypeError, ValueError):
            number = math.nan
        if not 0.0 <= number <= 1.0:
            raise InputError(
                f"the volume fraction {value!r} of {self.phase!r} must be a number from 0 to 1."
            )
        return np.array([number])

    def at_points(self, values: ArrayLike) -> tuple[NDArray[np.float64], None]:
        """See :class:`Parameter`."""
        given = np.asarray(values, dtype=np.float64)
        if given.ndim != 1:
            raise InputError(
                f"the volume fractions have the shape {list(given.shape)}; give one for each point."
            )
        wrong = np.flatnonzero(~((given >= 0.0) & (given <= 1.0)))
        if len(wrong):
            raise InputError(
                f"the volume fraction {given[wrong[0]]} of {self.phase!r} at point {wrong[0]} must "
                "be a number from 0 to 1."
            )
        return given[:, None], None

    def rounded(self, values: NDArray[np.float64], resolution: float) -> NDArray[np.float64]:
        """Multiples of the resolution."""
        return np.round(values / resolution) * resolution

    def coordinates(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """See :class:`Parameter`."""
        return np.concatenate([values, np.zeros_like(values)], axis=1)

    def values(self, coordinates: NDArray[np.float64]) -> NDArray[np.float64]:
        """See :class:`Parameter`."""
        return coordinates[:, :1]

    def told(self, value: NDArray[np.float64]) -> str:
        """See :class:`Parameter`."""
        return f"the volume fraction {value[0]:.6g} of {self.phase!r}"

    def entry(self, value: NDArray[np.float64]) -> dict[str, Any]:
        """See :class:`Parameter`."""
        return {"volume_fraction": {self.phase: float(value[0])}}


class FibreOrientation:
    """The eigenvalues λ1 ≥ λ2 ≥ λ3 of the second-order orientation tensor of fibres."""

    default_resolution = 0.02

    def checked(self, value: Any) -> NDArray[np.float64]:
        """See :class:`Parameter`."""
        try:
            given = np.asarray(value, dtype=np.float64)
        except (TypeError, ValueError):
            given = np.empty(0)
        if given.shape != (3,) or not np.isfinite(given).all():
            raise InputError(
                f"the fibre orientation {value!r} must be three eigenvalues, e.g. (0.7, 0.2, 0.1)."
            )
        falls = (np.diff(given) <= _TOLERANCE).all() and given[2] >= -_TOLERANCE
        told = tuple(float(number) for number in given)
        if not falls or abs(given.sum() - 1.0) > _TOLERANCE:
            raise InputError(
                f"the eigenvalues {told} of a fibre orientation must fall, none "
                "below zero, and add up to one: the network's axis 1 is the most frequent "
                "direction of the fibres, its axis 3 the least."
            )
        return _sorted_shares(given)

    def at_points(self, values: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Eigenvalues and frames of tensors; see
        :func:`~dmn_fe.network.orientation_frames.principal_frames`."""
        eigenvalues, rotations = principal_frames(values, _TOLERANCE)
        return _sorted_shares(eigenvalues), rotations

    def rounded(self, values: NDArray[np.float64], resolution: float) -> NDArray[np.float64]:
        """The grid divides the triangle of all orientations: shares of its corners are multiples.

        Of the shares (λ1 − λ2, 2 λ2 − 2 λ3, 3 λ3) of the unidirectional, the planar and the
        isotropic corner, those with the largest remainders are rounded up, so that they add up to
        one: corners and edges stay where they are.
        """
        parts = math.ceil(1.0 / resolution - 1e-9)
        shares = values @ np.array([[1.0, 0, 0], [-1, 2, 0], [0, -2, 3]]) * parts
        down = np.floor(shares + 1e-9)
        missing = parts - down.sum(-1, keepdims=True)
        rank = np.argsort(np.argsort(down - shares, axis=-1, kind="stable"), axis=-1, kind="stable")
        shares = (down + (rank < missing)) / parts
        return shares @ np.array([[1.0, 0, 0], [1 / 2, 1 / 2, 0], [1 / 3, 1 / 3, 1 / 3]])

    def coordinates(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """See :class:`Parameter`."""
        return values @ _PLANE.T

    def values(self, coordinates: NDArray[np.float64]) -> NDArray[np.float64]:
        """See :class:`Parameter`."""
        return _sorted_shares(1.0 / 3.0 + coordinates @ _PLANE)

    def told(self, value: NDArray[np.float64]) -> str:
        """See :class:`Parameter`."""
        return f"the fibre orientation ({', '.join(f'{number:.4g}' for number in value)})"

    def entry(self, value: NDArray[np.float64]) -> dict[str, Any]:
        """See :class:`Parameter`."""
        return {"orientation_eigenvalues": [float(number) for number in value]}


def _sorted_shares(eigenvalues: NDArray[np.float64]) -> NDArray[np.float64]:
    """Falling shares ``[..., 3]`` ≥ 0 of eigenvalues that are such but for round-off."""
    shares = np.maximum(-np.sort(-eigenvalues, axis=-1), 0.0)
    return shares / shares.sum(-1, keepdims=True)
