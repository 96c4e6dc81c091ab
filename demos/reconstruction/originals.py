"""The images and volumes that reconstructions are tested on."""

from collections.abc import Callable
from pathlib import Path

from dmn_fe import microstructure
from dmn_fe.microstructure import UNSEEN_FAMILIES, VoxelRVE

__all__ = ["PIXELS", "VOLUMES", "images_in", "synthetic_images"]

PIXELS = 256
#: Families for the test of generality: all kinds of geometry, and all that no encoder has seen.
FAMILIES = (
    "cell walls",
    "clustered particles",
    "fibres",
    "grains",
    "labyrinth",
    "packed disks",
    *UNSEEN_FAMILIES,
)
_SEED = 7

#: Hidden volumes by name; each gives three sections.
VOLUMES: dict[str, Callable[[int], VoxelRVE]] = {
    "spheres": lambda n: microstructure.random_spheres(n, 0.3, count=n**3 // 16000, seed=_SEED),
    "bicontinuous": lambda n: microstructure.bicontinuous(n, 0.4, wavelength=16.0, seed=_SEED),
    "gaussian field": lambda n: microstructure.gaussian_field(n, 0.3, 4.0, seed=_SEED),
}


def synthetic_images(pixels: int = PIXELS) -> dict[str, VoxelRVE]:
    """One section of each family, as a cut-out."""
    found = {}
    for family in FAMILIES:
        rve = microstructure.synthetic_section(family, _SEED, pixels)
        found[family] = VoxelRVE(rve.phase, rve.names, periodic=(False, False, True))
    return found


def images_in(folder: Path | None) -> dict[str, VoxelRVE]:
    """Phases of the images (``.npy``, ``.png``, ``.tif``) in a folder, by their names."""
    if folder is None:
        return {}
    files = sorted(f for f in folder.iterdir() if f.suffix in (".npy", ".png", ".tif"))
    found = {}
    for file in files:
        rve = microstructure.read(file)
        found[file.stem] = VoxelRVE(rve.phase, rve.names, periodic=(False, False, True))
    return found
