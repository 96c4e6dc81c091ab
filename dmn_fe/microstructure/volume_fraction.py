"""A volume fraction hit to one voxel: the phase as the lowest voxels of a field."""

import numpy as np

from dmn_fe.errors import InputError

__all__ = ["lowest_voxels"]


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
