"""Clusters of colours: k-means in CIELAB."""

import numpy as np

from dmn_fe.errors import InputError

__all__ = ["colour_clusters"]

_SAMPLE = 40_000  # pixels that the clusters are found from
_STARTS = 8
_ITERATIONS = 50
_CHUNK = 1_000_000  # pixels that are assigned at once


def colour_clusters(
    colours: np.ndarray, clusters: int, what: str = "the image", seed: int = 0
) -> np.ndarray:
    """The cluster of each colour; clusters are numbered by rising lightness.

    The best of several k-means clusterings, each started by k-means++, of a sample of the pixels.

    Parameters
    ----------
    colours : array ``[..., 3]``
        L*, a*, b*.
    clusters : int
        Number of phases, at least 2.
    what : str
        The file, for messages.
    seed : int
        Seed of the sample and of the starts.

    Returns
    -------
    integer array ``[...]``

    Raises
    ------
    InputError
        If there are fewer colours than clusters.

    References
    ----------
    Arthur, Vassilvitskii, Proc. 18th ACM-SIAM Symposium on Discrete Algorithms (2007) 1027-1035.
    """
    from scipy.cluster.vq import ClusterError, kmeans2, vq

    pixels = colours.reshape(-1, 3)
    random = np.random.default_rng(seed)
    if len(pixels) > _SAMPLE:
        sample = pixels[random.choice(len(pixels), _SAMPLE, replace=False)]
    else:
        sample = pixels
    different = len(np.unique(sample, axis=0))
    if not 2 <= clusters <= different:
        raise InputError(
            f"clusters = {clusters}: give a number from 2 to {different}, the number of colours "
            f"of {what}"
        )
    best, least = None, np.inf
    for _ in range(_STARTS):
        try:
            centres, _ = kmeans2(
                sample, clusters, iter=_ITERATIONS, minit="++", missing="raise", seed=random
            )
        except ClusterError:  # a cluster lost all its pixels: another start
            continue
        spread = float(np.mean(vq(sample, centres)[1] ** 2))
        if spread < least:
            best, least = centres, spread
    if best is None:
        raise InputError(f"{what} does not fall into {clusters} clusters of colours: give fewer")
    best = best[np.argsort(best[:, 0], kind="stable")]
    parts = [vq(pixels[i : i + _CHUNK], best)[0] for i in range(0, len(pixels), _CHUNK)]
    return np.concatenate(parts).reshape(colours.shape[:-1])
