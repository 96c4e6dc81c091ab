"""Makes the two RVEs of this folder, with seeds: ``python demos/validation/make_rves.py``.

``five_inclusions.npy`` is a section of 47 × 47 voxels with five circular inclusions of different
sizes, ``particles.npy`` a cube of 21³ voxels with spheres. Both are small, so that a simulation can
afford to solve them at every quadrature point.
"""

import itertools
from pathlib import Path

import numpy as np

from dmn_fe import microstructure

FOLDER = Path(__file__).parent

EDGE = 47  # voxels, of the section
FRACTION = 0.29
RADII = np.array([1.0, 0.85, 0.7, 0.6, 0.5])  # in proportion
GAP = 3.0  # voxels between circles, of which discretisation may take one
SEED = 3


def five_inclusions() -> microstructure.VoxelRVE:
    """Circles at random in a periodic square, the largest first."""
    radii = RADII * EDGE * np.sqrt(FRACTION / (np.pi * (RADII**2).sum()))
    rng = np.random.default_rng(SEED)
    centres: list[np.ndarray] = []
    while len(centres) < len(radii):
        centre = rng.uniform(0.0, EDGE, 2)
        apart = [np.linalg.norm(to_nearest_image(centre - other)) for other in centres]
        needed = radii[: len(centres)] + radii[len(centres)] + GAP
        if (np.array(apart) >= needed).all():
            centres.append(centre)
    middles = np.arange(EDGE) + 0.5
    grid = np.stack(np.meshgrid(middles, middles, indexing="ij"), axis=-1)
    # Distance to the nearest surface; the voxels that lie deepest make the fraction exact.
    distances = [
        np.linalg.norm(to_nearest_image(grid - centre), axis=-1) - radius
        for centre, radius in zip(centres, radii, strict=True)
    ]
    distance = np.min(distances, axis=0)
    deepest = np.argsort(distance, axis=None, kind="stable")[: round(FRACTION * EDGE**2)]
    owner = np.full(EDGE**2, -1)
    owner[deepest] = np.argmin(distances, axis=0).ravel()[deepest]
    assert smallest_gap(owner.reshape(EDGE, EDGE)) >= 2.0, "two inclusions are too near each other"
    phase = (owner >= 0).astype(np.uint8).reshape(EDGE, EDGE, 1)
    return microstructure.VoxelRVE(phase)


def to_nearest_image(offset: np.ndarray) -> np.ndarray:
    """Periodic offset ``[..., 2]`` to the nearest image, in voxels."""
    return offset - EDGE * np.round(offset / EDGE)


def smallest_gap(owner: np.ndarray) -> float:
    """Least distance in voxels between the faces of voxels of two inclusions."""
    voxels = [np.argwhere(owner == i) for i in range(len(RADII))]
    gaps = []
    for first, second in itertools.combinations(voxels, 2):
        offset = np.abs(to_nearest_image(first[:, None] - second[None, :]))
        gaps.append(np.linalg.norm(np.maximum(offset - 1.0, 0.0), axis=-1).min())
    return min(gaps)


def particles() -> microstructure.VoxelRVE:
    """Equal spheres at random in a periodic cube."""
    return microstructure.random_spheres(voxels=21, volume_fraction=0.3, count=7, gap=2.0, seed=0)


if __name__ == "__main__":
    for rve, name in ((five_inclusions(), "five_inclusions"), (particles(), "particles")):
        microstructure.write(rve, FOLDER / f"{name}.npy")
        fraction = rve.volume_fractions[1]
        print(f"{name}: {rve.shape} voxels, {100 * fraction:.2f} % of inclusions")
