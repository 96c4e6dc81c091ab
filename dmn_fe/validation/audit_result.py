"""What an audit has found."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Audit", "AuditedPoint"]


@dataclass(frozen=True, eq=False)
class AuditedPoint:
    """A quadrature point on the full RVE.

    Attributes
    ----------
    position : array ``[3]``
    drawn : int
        How often it was drawn; zero of the most strained point where it was not.
    error : array ``[k]``
        ``|Δσ|`` over the largest ``|σ_RVE|`` of its path (Frobenius norm); not-a-number from the
        step on at which the RVE did not converge.
    spread : array ``[k]`` or None
        Of an ensemble, the spread over the same stress.
    most_strained : bool
        Whether no other point has had a larger norm of the strain.
    """

    position: NDArray[np.float64]
    drawn: int
    error: NDArray[np.float64]
    spread: NDArray[np.float64] | None
    most_strained: bool

    @property
    def failed(self) -> bool:
        """Whether the RVE did not follow the whole path."""
        return bool(np.isnan(self.error).any())


@dataclass(frozen=True, eq=False)
class Audit:
    """Estimated error of the force on the part, and errors at some points.

    The force of a step is the one that works on its motion, ``F = ∫ σ : Δε dV / |Δu|`` with the
    strain increments ``Δε`` of the step and the norm ``|Δu|`` of its motion. By virtual work it is
    the reaction force along the motion if one displacement is driven, and has an error of
    ``∫ Δσ : Δε dV / |Δu|``: that the strains would be others in FE² counts in second order only,
    since equilibrium makes the potential of the step stationary. (The strains of earlier steps, on
    which plastic history depends, count in first order, with some tenths of the error.) Errors are
    relative to the largest ``|F|`` of the run, so that they mean something also where the force
    goes through zero.

    Attributes
    ----------
    material : str
        The group of cells whose points are meant; forces are its share of those on the part.
    others : tuple of str
        Groups with other networks, whose errors are not seen here.
    times : array ``[k]``
        The start, and the end of each step.
    force : array ``[k]``
        ``F`` with the network; not-a-number at the start and in steps without motion.
    error, standard_error : array ``[k]``
        Estimated error of the force over ``max |F|``, network less RVE, and the standard error of
        the draw.
    motion : str
        What ``Δu`` is: the motion of the surface whose supports do most work, or what else moves.
    all_points : int
        Points among which was drawn.
    points : list of AuditedPoint
        By the order of their paths in the file.
    """

    material: str
    others: tuple[str, ...]
    times: NDArray[np.float64]
    force: NDArray[np.float64]
    error: NDArray[np.float64]
    standard_error: NDArray[np.float64]
    motion: str
    all_points: int
    points: list[AuditedPoint]

    @property
    def largest(self) -> int:
        """The step with the largest estimated error."""
        return int(np.nanargmax(np.abs(self.error)))

    @property
    def root_mean_square(self) -> float:
        """Of the estimated errors of all steps."""
        return float(np.sqrt(np.nanmean(self.error**2)))

    @property
    def bound(self) -> float:
        """Largest error of a step, with two standard errors added."""
        return float(np.nanmax(np.abs(self.error) + 2.0 * self.standard_error))

    @property
    def covered(self) -> float | None:
        """Share of steps of all points in which twice the spread is no less than ``|Δσ|``."""
        spreads = [(p.error[1:], p.spread[1:]) for p in self.points if p.spread is not None]
        if not spreads:
            return None
        error, spread = (np.concatenate(one) for one in zip(*spreads, strict=True))
        there = ~np.isnan(error)
        return float((error <= 2.0 * spread)[there].mean())
