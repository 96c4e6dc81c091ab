"""Volume fractions hit to one voxel."""

from collections.abc import Sequence

import numpy as np

from dmn_fe.errors import InputError

__all__ = ["exact_counts", "lowest_voxels", "wanted_fractions"]


def lowest_voxels(field: np.ndarray, volume_fraction: float) -> np.ndarray:
    """Mark the ``round(volume_fraction · n)`` voxels where a field is smallest.

    With signed distances to the nearest surface this moves all surfaces by one small distance;
    with a random field it is a threshold.

    Parameters
    ----------
    field : array ``[...]``
        One number per voxel. Voxels of equal value are taken in their order.
    volume_fraction : float
        Between 0 and 1.

    Returns
    -------
    bool array ``[...]``

    Raises
    ------
    InputError
        If the fraction is less than one voxel, or leaves less than one.
    """
    count = round(volume_fraction * field.size)
    if not 0 < count < field.size:
        raise InputError(
            f"volume_fraction = {volume_fraction} is {count} of {field.size} voxels: "
            "use more voxels, or a fraction that leaves one to either phase"
        )
    values = field.ravel()
    threshold = np.partition(values, count - 1)[count - 1]
    marked = values < threshold
    equal = np.flatnonzero(values == threshold)
    marked[equal[: count - np.count_nonzero(marked)]] = True
    return marked.reshape(field.shape)


def exact_counts(volume_fractions: Sequence[float], voxels: int) -> np.ndarray:
    """Voxels ``[k]`` of each phase: whole numbers next to the fractions, with the sum of all.

    Raises
    ------
    InputError
        If a phase gets no voxel.
    """
    wanted = np.asarray(volume_fractions, dtype=np.float64) * voxels
    counts = np.floor(wanted + 1e-9).astype(np.int64)
    # What is missing goes to the largest remainders.
    counts[np.argsort(counts - wanted, kind="stable")[: voxels - counts.sum()]] += 1
    if counts.min() == 0:
        number = int(counts.argmin())
        raise InputError(
            f"phase {number} has the volume fraction {volume_fractions[number]:.2g}, which is less "
            f"than one of {voxels} voxels: take more voxels, or join the phase to another one"
        )
    return counts


def wanted_fractions(
    given: Sequence[float] | None, found: Sequence[Sequence[float]], names: Sequence[str]
) -> tuple[float, ...]:
    """Volume fractions ``[k]`` that an RVE of some images is to have.

    Parameters
    ----------
    given : sequence of float ``[k]``, optional
        Those that are known better than from images.
    found : sequence ``[images][k]``
        Those of the images, whose mean is the default: each image stands for one direction, which
        weighs as much as the others however many pixels show it.
    names : sequence of str ``[k]``
        The phases, for messages.

    Raises
    ------
    InputError
        If there is not one positive number for each phase, with the sum 1.
    """
    if given is None:
        return tuple(float(fraction) for fraction in np.mean(found, axis=0))
    fractions = np.asarray(given, dtype=np.float64)
    total = float(fractions.sum())
    # So written that it holds of no NaN.
    if not (
        fractions.shape == (len(names),) and fractions.min() > 0.0 and abs(total - 1.0) <= 1e-6
    ):
        raise InputError(
            f"fractions = {given}: give one positive number for each of the phases "
            f"{', '.join(names)}, with the sum 1"
        )
    return tuple(float(fraction) for fraction in fractions / total)
