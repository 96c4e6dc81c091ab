"""What ``dmn-fe reconstruct`` reads: options and one photo."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dmn_fe.errors import InputError

if TYPE_CHECKING:
    from dmn_fe.microstructure import Finding, VoxelRVE

__all__ = [
    "Crop",
    "Despeckle",
    "PhotoClusters",
    "PhotoThreshold",
    "picture_of_choices",
    "read_photo_file",
]

PhotoThreshold = Annotated[
    list[float] | None,
    typer.Option(
        "--threshold",
        help="Grey value: a pixel's phase is the number of thresholds below. Repeatable.",
    ),
]
PhotoClusters = Annotated[
    int | None,
    typer.Option(
        "--clusters", help="Number of phases, found as clusters of grey values or of colours."
    ),
]
Despeckle = Annotated[
    int, typer.Option(help="Radius in pixels of a median filter against noise; 0 for none.")
]
Crop = Annotated[
    str,
    typer.Option(
        help="Part of the photo to take: columns from the left and rows from the top, like "
        "0:1024,0:884 or :,:884."
    ),
]

_VOXELS = (".npy", ".vti")


def read_photo_file(
    file: Path,
    output: Path,
    threshold: list[float] | None = None,
    clusters: int | None = None,
    despeckle: int = 0,
    crop: str = "",
    phases: str = "",
) -> "VoxelRVE":
    """The phases of a photo ``[nx, ny, 1]``; prints what they are and what is doubtful.

    Parameters
    ----------
    file : path
        The photo, or one layer of phases: a ``.npy`` file is a window as a photo is, a ``.vti``
        file says whether it is periodic.
    output : path
        What the command writes. If the photo was not told how to be segmented, the choices are
        drawn beside it, into ``NAME_phases.png``.
    threshold, clusters, despeckle, crop, phases
        The options.

    Raises
    ------
    InputError
        As of :func:`dmn_fe.microstructure.read_photo`; with the choices if there are some.
    """
    from dmn_fe import microstructure
    from dmn_fe.files import check_folder
    from dmn_fe.microstructure import photos
    from dmn_fe.microstructure.photos.picture import draw_choices
    from dmn_fe.microstructure.photos.reading import photo_rve
    from dmn_fe.microstructure.photos.segmentation import offers, segmentable, unsegmented

    names = tuple(name.strip() for name in phases.split(",")) if phases else ()
    thresholds = tuple(threshold or ())
    if thresholds and clusters is not None:
        raise InputError("--threshold and --clusters were both given: give one of them")
    if file.suffix.lower() in _VOXELS:
        if despeckle or crop:
            raise InputError(f"--despeckle and --crop are for photos, not for {file}: leave out")
        periodic = (False, False, True) if file.suffix.lower() == ".npy" else None
        rve = microstructure.read(
            file, names, thresholds=thresholds, clusters=clusters, periodic=periodic
        )
        photos.check_layer(rve, str(file))
        rve, findings = _without_orientations(rve, file)
        along = [f"e{axis + 1}" for axis in (0, 1) if rve.periodic[axis]]
        edges = f"periodic along {' and '.join(along)}" if along else "a window, not periodic"
        return _told(file, f"{_times(rve.shape)} voxels, {edges}", rve, findings)
    photo = photos.load_photo(file, crop or None)
    what = f"{_times(photo.pixels.shape[:2])} pixels {'in colour' if photo.coloured else 'in grey'}"
    if not thresholds and clusters is None and not segmentable(photo, despeckle):
        print(f"{file}: {what}")
        for finding in photos.photo_findings(photo):
            print(f"  {finding}")
        picture = picture_of_choices(output)
        check_folder(picture)
        choices = offers(photo, despeckle)
        draw_choices(photo, choices, picture)
        raise unsegmented(photo, choices, str(picture))
    segmentation = photos.segment_photo(photo, thresholds, clusters, despeckle)
    rve = photo_rve(photo, segmentation, names)
    if clusters is not None and segmentation.thresholds:
        found = ", ".join(f"{t:g}" for t in segmentation.thresholds)
        what += f", thresholds between {clusters} clusters: {found}"
    return _told(file, what, rve, photos.photo_findings(photo, rve))


def picture_of_choices(output: Path) -> Path:
    """Where the choices of phases are drawn, beside what the command writes."""
    return output.with_name(f"{output.stem}_phases.png")


def _without_orientations(rve: "VoxelRVE", file: Path) -> tuple["VoxelRVE", list["Finding"]]:
    """The phases alone, and a finding if there was more."""
    from dmn_fe.microstructure import Finding

    if rve.orientations is None:
        return rve, []
    sentence = f"{file} has material orientations, which are left out: RVEs are made of phases only"
    bare = dataclasses.replace(rve, orientations=None, orientation_index=None)
    return bare, [Finding("warning", sentence)]


def _told(file: Path, what: str, rve: "VoxelRVE", findings: list["Finding"]) -> "VoxelRVE":
    """Print what was read, and give it back."""
    print(f"{file}: {what}")
    for name, fraction in zip(rve.names, rve.volume_fractions, strict=True):
        print(f"  phase {name!r}  volume fraction {fraction:.4f}")
    for finding in findings:
        print(f"  {finding}")
    return rve


def _times(numbers: tuple[int, ...]) -> str:
    return " × ".join(map(str, numbers))
