"""Colours as people see differences between them: CIELAB."""

import numpy as np

__all__ = ["lab", "unit_range"]

# Linear sRGB to XYZ, divided by the white of D65, which is (1, 1, 1) in sRGB.
_TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750],
     [0.0193339, 0.1191920, 0.9503041]]
)  # fmt: skip
_TO_XYZ = (_TO_XYZ / _TO_XYZ.sum(axis=1, keepdims=True)).astype(np.float32)


def unit_range(values: np.ndarray) -> np.ndarray:
    """Values from 0 to 1: integers divided by the highest of their type, others as they are."""
    # Single precision is finer than any camera, and photos are large.
    if values.dtype.kind in "iu":
        return values.astype(np.float32) / np.float32(np.iinfo(values.dtype).max)
    return np.clip(values.astype(np.float32), 0.0, 1.0)


def lab(colours: np.ndarray) -> np.ndarray:
    """Lightness L* (0 to 100), and a* and b*, of sRGB colours.

    Parameters
    ----------
    colours : array ``[..., 3]``
        Red, green, blue as in :func:`unit_range`.

    Returns
    -------
    array ``[..., 3]``
        Equal distances look about equally different.

    References
    ----------
    IEC 61966-2-1 (sRGB); ISO/CIE 11664-4 (L*a*b*).
    """
    coded = unit_range(colours)
    linear = np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4)
    xyz = linear @ _TO_XYZ.T
    edge = 6.0 / 29.0
    root = np.where(xyz > edge**3, np.cbrt(xyz), xyz / (3.0 * edge**2) + 4.0 / 29.0)
    x, y, z = np.moveaxis(root, -1, 0)
    return np.stack([116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)], axis=-1)
