"""Errors of one run against another of the same case."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from dmn_fe.errors import InputError
from dmn_fe.validation.record import RunRecord

__all__ = ["Comparison", "compare", "matched"]

Array = NDArray[Any]

_NEAR = 1e-6  # of the size of the part: coordinates that are the same
_ZERO = 0.05  # of the largest value: below it an error is not related to the value itself
_ROUND_OFF = 1e-6


@dataclass(frozen=True, eq=False)
class Comparison:
    """Errors of a run at the steps that it shares with the reference, all as shares of one.

    A norm of a stress is that of its Mandel vector, ``L2`` of it the root of its mean square over
    the volume. What "the largest" is counts over the whole run of the reference.

    Attributes
    ----------
    times : array ``[k]``
        Without the start.
    reaction : array ``[k, surfaces, d]``
        |R - R_ref| over the largest |R_ref| of the component; not-a-number where that is zero.
    reaction_of_step : array ``[k, surfaces, d]``
        |R - R_ref| over |R_ref| of the step; not-a-number below 5 % of the largest.
    displacement, displacement_largest : array ``[k]``
        Root of the mean square over the nodes, and largest node, of ‖u - u_ref‖ over the largest
        ‖u_ref‖.
    stress : array ``[k]``
        L2 of σ - σ_ref over the largest L2 of σ_ref.
    stress_of_step : array ``[k]``
        The same over the L2 of σ_ref at the step.
    stress_largest : array ``[k]``
        Largest ‖σ - σ_ref‖ of a point over the largest ‖σ_ref‖ of a point.
    stress_points : array ``[k, n]``
        ‖σ - σ_ref‖ of each point over the largest ‖σ_ref‖ of a point; in the order of the
        reference.
    phase_stress : array ``[k, phases]``
        ‖<σ> - <σ>_ref‖ of the mean stress of each phase over the largest ‖<σ>_ref‖ of the phase.
    iterations, reference_iterations : array ``[k]``
        Newton iterations.
    covered : float
        Share of points and steps at which ‖σ - σ_ref‖ is within the error bar of an ensemble;
        not-a-number of a run without spread.
    """

    times: Array
    reaction: Array
    reaction_of_step: Array
    displacement: Array
    displacement_largest: Array
    stress: Array
    stress_of_step: Array
    stress_largest: Array
    stress_points: Array
    phase_stress: Array
    iterations: NDArray[np.int64]
    reference_iterations: NDArray[np.int64]
    covered: float


def compare(run: RunRecord, reference: RunRecord, shared: float = 0.0) -> Comparison:
    """Errors of ``run``; steps that only one of them has are passed over.

    ``shared`` is the relative error e of an ensemble's mean where that is known: half the error bar
    of a stress is ``2 √(s² + (e S)²)`` with the spread s and the largest ‖σ‖ = S so far.

    Raises
    ------
    InputError
        If they are of different parts, surfaces or phases, or share no step.
    """
    for what in ("surfaces", "phases"):
        if getattr(run, what) != getattr(reference, what):
            raise InputError(
                f"two runs have the {what} {', '.join(getattr(run, what))} and "
                f"{', '.join(getattr(reference, what))}; compare runs of one case."
            )
    nodes = matched(run.nodes, reference.nodes, "nodes")
    points = matched(run.points, reference.points, "quadrature points")
    times = reference.times[np.isin(reference.times, run.times)]
    times = times[times > reference.times[0]]
    if len(times) == 0:
        raise InputError("two runs have no step that ends at the same time; use steps of one size.")
    own, its = np.searchsorted(run.times, times), np.searchsorted(reference.times, times)

    force, wanted = run.reactions[own], reference.reactions[its]
    largest = np.abs(reference.reactions).max(axis=0)
    largest = np.where(largest > _ROUND_OFF * largest.max(), largest, np.nan)
    error = np.abs(force - wanted)
    near_zero = np.abs(wanted) < _ZERO * np.nan_to_num(largest, nan=np.inf)
    of_step = error / np.where(near_zero, np.nan, np.abs(wanted))

    moved = np.linalg.norm(run.displacement[own][:, nodes] - reference.displacement[its], axis=-1)
    scale = _largest(np.linalg.norm(reference.displacement, axis=-1))
    difference = np.linalg.norm(run.stress[own][:, points] - reference.stress[its], axis=-1)
    norms = np.linalg.norm(reference.stress, axis=-1)
    l2 = _over_volume(norms, reference.volumes)
    own_l2 = _over_volume(difference, reference.volumes)
    phase = np.linalg.norm(run.phase_stress[own] - reference.phase_stress[its], axis=-1)
    of_phase = np.linalg.norm(reference.phase_stress, axis=-1).max(axis=0)
    so_far = np.maximum.accumulate(np.linalg.norm(run.stress, axis=-1), axis=0)
    bar = 2.0 * np.hypot(run.spread, shared * so_far)[own][:, points]
    return Comparison(
        times,
        error / largest,
        of_step,
        np.sqrt((moved**2).mean(axis=1)) / scale,
        moved.max(axis=1) / scale,
        own_l2 / _largest(l2),
        own_l2 / np.where(l2[its] > 0, l2[its], np.nan),
        difference.max(axis=1) / _largest(norms),
        difference / _largest(norms),
        phase / np.where(of_phase > 0, of_phase, np.nan),
        run.iterations[own],
        reference.iterations[its],
        float((difference <= bar).mean()) if run.spread.any() else float("nan"),
    )


def matched(given: Array, wanted: Array, what: str) -> NDArray[np.int64]:
    """For each row of coordinates ``wanted`` the row of ``given`` at the same place.

    Raises
    ------
    InputError
        If there is not one for each.
    """
    if given.shape == wanted.shape:
        tolerance = _NEAR * max(float(np.ptp(wanted, axis=0).max()), 1e-300)
        if np.abs(given - wanted).max(initial=0.0) <= tolerance:
            return np.arange(len(wanted))
        distance, rows = cKDTree(given).query(wanted)
        if distance.max() <= tolerance and len(np.unique(rows)) == len(wanted):
            return rows
    raise InputError(
        f"two runs have different {what} ({len(given)} and {len(wanted)}); compare runs on one "
        "mesh, with elements of one degree."
    )


def _over_volume(norms: Array, volumes: Array) -> Array:
    """Root of the mean square over the volume ``[k]`` of ``[k, n]``."""
    return np.sqrt((norms**2 * volumes).sum(axis=1) / volumes.sum())


def _largest(values: Array) -> float:
    largest = float(values.max())
    return largest if largest > 0 else float("nan")
