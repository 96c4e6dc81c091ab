"""Make ``micrograph.png``: a photo of parallel fibres in a resin, cut across (256 × 256 pixels).

It comes from a synthetic section whose phases are known, blurred as a microscope blurs, and noisy.
Run ``python meshes/micrograph.py``.
"""

from pathlib import Path

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

from dmn_fe.microstructure import VoxelRVE, synthetic_section

FAMILY, SEED, PIXELS = "packed disks", 1, 256


def section() -> VoxelRVE:
    """The section in the photo, periodic."""
    return synthetic_section(FAMILY, SEED, PIXELS)


def photo(rve: VoxelRVE) -> np.ndarray:
    """Grey values ``[nx, ny]`` of a section."""
    grey = gaussian_filter(70.0 + 110.0 * rve.phase[:, :, 0], 0.7, mode="wrap")
    grey += np.random.default_rng(SEED).normal(0.0, 8.0, grey.shape)
    return np.clip(np.rint(grey), 0, 255).astype(np.uint8)


if __name__ == "__main__":
    # In an image file rows follow each other from the upper edge down.
    rows = np.ascontiguousarray(photo(section()).T[::-1])
    Image.fromarray(rows).save(Path(__file__).with_name("micrograph.png"), optimize=True)
