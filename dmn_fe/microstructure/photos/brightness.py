"""Whether the light is the same all over a photo."""

import numpy as np

from dmn_fe.microstructure.segmentation import cluster_thresholds

__all__ = ["uneven"]

_BLOCKS = 8  # along each edge
_FEWEST = 0.05  # share of a block that a class needs for a mean
_RANGE = 0.3  # change of brightness, in contrasts
_EXPLAINED = 0.8  # correlation squared of block means with the surface, in each class
_ROUNDS = 4
_MOST_PIXELS = 512  # along an edge: a surface needs no more


def uneven(light: np.ndarray) -> str:
    """How brightness drifts across a photo; no words if it does not.

    Means of blocks, of dark and of bright pixels for themselves, are fitted by two levels and a
    quadratic surface. Where a structure varies, its share varies and the levels stay; where the
    light does, both levels follow the surface. The surface that was found is taken away before
    pixels are parted again, for a strong one hides which are bright.

    Parameters
    ----------
    light : array ``[rows, columns]``
        Grey values or lightness, upper row first.
    """
    step = -(-max(light.shape) // _MOST_PIXELS)
    light = light[::step, ::step]
    y, x = np.meshgrid(*(np.linspace(-1.0, 1.0, n) for n in light.shape), indexing="ij")
    drift = np.zeros(light.shape)
    for _ in range(_ROUNDS):
        (threshold,) = cluster_thresholds(light - drift, 2)
        place, level, mean = _block_means(light, light - drift > threshold)
        if min(np.sum(level), np.sum(1 - level)) < 2 * _BLOCKS:
            return ""
        levels = np.stack([1.0 - level, level], axis=1)
        terms = _terms(place[:, 0], place[:, 1])
        solution = np.linalg.lstsq(np.hstack([levels, terms]), mean, rcond=None)[0]
        drift = _terms(x, y) @ solution[2:]
    fitted = terms @ solution[2:]
    # Light that hides the phases altogether leaves no difference between the levels.
    contrast = max(float(solution[1] - solution[0]), 0.1 * float(np.ptp(mean)))
    if np.ptp(fitted) < _RANGE * contrast:
        return ""
    for one in (0.0, 1.0):
        values, along = mean[level == one], fitted[level == one]
        if np.std(values) == 0.0 or np.std(along) == 0.0:
            return ""
        if np.corrcoef(values, along)[0, 1] < _EXPLAINED**0.5:
            return ""
    lit, unlit = fitted >= np.quantile(fitted, 0.75), fitted <= np.quantile(fitted, 0.25)
    bright = light > cluster_thresholds(light, 2)[0]
    shares = [
        bright[part].mean()
        for part in (drift >= np.quantile(drift, 0.75), drift <= np.quantile(drift, 0.25))
    ]
    return (
        f"the photo is brighter {_place(place[lit])} than {_place(place[unlit])}, by "
        f"{np.ptp(fitted) / contrast:.0%} of the difference between bright and dark: one threshold "
        f"finds {shares[0]:.0%} bright pixels in the brighter quarter and {shares[1]:.0%} in the "
        "darker one"
    )


def _terms(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Terms of a quadratic surface without its constant, as a last axis."""
    return np.stack([x, y, x * x, y * y, x * y], axis=-1)


def _block_means(light: np.ndarray, bright: np.ndarray) -> tuple[np.ndarray, ...]:
    """Means of both classes in all blocks that hold enough of them.

    Returns
    -------
    place : array ``[n, 2]``
        Middle of the block, −1 to 1 to the right and downwards.
    level, mean : arrays ``[n]``
        0 for dark and 1 for bright pixels, and their mean.
    """
    edges = [np.linspace(0, n, _BLOCKS + 1).astype(int) for n in light.shape]
    found = []
    for i, (top, bottom) in enumerate(zip(edges[0][:-1], edges[0][1:], strict=True)):
        for j, (left, right) in enumerate(zip(edges[1][:-1], edges[1][1:], strict=True)):
            block, mask = light[top:bottom, left:right], bright[top:bottom, left:right]
            place = [(2 * k + 1) / _BLOCKS - 1.0 for k in (j, i)]
            for level in (0, 1):
                chosen = mask == level
                if chosen.mean() >= _FEWEST:
                    found.append((*place, level, block[chosen].mean()))
    table = np.array(found)
    return table[:, :2], table[:, 2], table[:, 3]


def _place(points: np.ndarray) -> str:
    """Where points from (−1, −1) at the upper left to (1, 1) lie, in words."""
    x, y = points.mean(axis=0)
    across = "" if abs(x) < 0.35 else "left" if x < 0 else "right"
    along = "" if abs(y) < 0.35 else "upper" if y < 0 else "lower"
    if across and along:
        return f"in the {along} {across} corner"
    if across:
        return f"at the {across}"
    if along:
        return "at the top" if along == "upper" else "at the bottom"
    return "in the middle" if np.abs(points).max(axis=1).mean() < 0.6 else "at the edges"
