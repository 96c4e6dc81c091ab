"""Reading a photo into the voxels of an RVE."""

from pathlib import Path

from dmn_fe.errors import InputError
from dmn_fe.microstructure.photos.photo import Photo, load_photo
from dmn_fe.microstructure.photos.segmentation import Segmentation, segment_photo
from dmn_fe.microstructure.smallest_edges import SMALLEST_EDGE
from dmn_fe.microstructure.voxels import VoxelRVE

__all__ = ["check_layer", "photo_rve", "read_photo"]


def read_photo(
    path: str | Path,
    thresholds: tuple[float, ...] = (),
    clusters: int | None = None,
    despeckle: int = 0,
    crop: str | None = None,
    names: tuple[str, ...] = (),
) -> VoxelRVE:
    """Read one micrograph as an RVE of one voxel in depth; the darkest phase is phase 0.

    A photo is never segmented unasked: at most 16 grey values or colours are labels of phases, by
    rising lightness, and more need ``thresholds`` or ``clusters``.

    Parameters
    ----------
    path : path
        ``.png``, ``.tif``, or formats that change pixels a little: ``.jpg``, ``.bmp``, ``.gif``,
        ``.webp``. In grey or in colour, of at least 32 pixels along each edge.
    thresholds : tuple of float, optional
        Segment a photo in grey: the phase is the number of thresholds below the value.
    clusters : int, optional
        Segment into this number of phases: of a photo in grey by the thresholds of
        :func:`~dmn_fe.microstructure.find_thresholds`, of one in colour by k-means in CIELAB.
    despeckle : int
        Radius in pixels of a median filter before segmentation, against the noise of a photo; 0
        for none. It rounds corners and removes features smaller than itself.
    crop : str, optional
        The part to take, as image programs count: columns from the left and rows from the upper
        edge, each the first and the one after the last, like ``0:1024,0:884`` or ``:,:884``.
    names : tuple of str, optional
        As for :class:`VoxelRVE`.

    Returns
    -------
    VoxelRVE
        ``[nx, ny, 1]``, e1 to the right and e2 upwards, periodic along e3 only.

    Raises
    ------
    InputError
        If the photo is missing, damaged, a stack, transparent, too small, or of one phase; if it
        has many values and nothing was said of them: the sentence tells what clusters would give.
    """
    photo = load_photo(path, crop)
    return photo_rve(photo, segment_photo(photo, thresholds, clusters, despeckle), names)


def photo_rve(photo: Photo, segmentation: Segmentation, names: tuple[str, ...] = ()) -> VoxelRVE:
    """The RVE of a segmented photo."""
    try:
        return VoxelRVE(segmentation.phase[:, :, None], names, periodic=(False, False, True))
    except InputError as error:
        raise InputError(f"{photo.path}: {error}") from error


def check_layer(rve: VoxelRVE, what: str) -> None:
    """Raise ``InputError`` unless an RVE is what a photo shows: one layer of several phases."""
    if rve.shape[2] > 1:
        raise InputError(
            f"{what} has {rve.shape[2]} layers of voxels, and a photo has one: give one of them"
        )
    if min(rve.shape[:2]) < SMALLEST_EDGE[2]:
        raise InputError(
            f"{what} has {rve.shape[0]} × {rve.shape[1]} voxels: give at least {SMALLEST_EDGE[2]} "
            "along each edge, better some hundred"
        )
    if len(rve.names) == 1:
        raise InputError(f"{what} has one phase only: give one with two phases or more")
