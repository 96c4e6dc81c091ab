"""What is doubtful about a photo before an RVE is made of it."""

import numpy as np

from dmn_fe.microstructure.findings import Finding
from dmn_fe.microstructure.photos.brightness import uneven
from dmn_fe.microstructure.photos.crops import Window
from dmn_fe.microstructure.photos.features import large_features, specks
from dmn_fe.microstructure.photos.foreign import find_annotation, find_border, find_strip
from dmn_fe.microstructure.photos.photo import Photo
from dmn_fe.microstructure.photos.scale_bars import find_scale_bar
from dmn_fe.microstructure.segmentation import MAX_GREY_VALUES
from dmn_fe.microstructure.smallest_edges import SMALLEST_EDGE
from dmn_fe.microstructure.voxels import VoxelRVE

__all__ = ["photo_findings"]

_LOSSY = (".jpg", ".jpeg", ".webp", ".gif")
_SAME, _SAME_LOSSY = 0.02, 0.1  # of the range of values, for pixels that were drawn as one
_GREY = 6.0  # largest chroma of grey


def photo_findings(photo: Photo, rve: VoxelRVE | None = None) -> list[Finding]:
    """Warnings about a photo; an empty list if nothing is doubtful.

    Borders, strips of text, scale bars and annotations, each with the crop that leaves the
    largest part of the photo without it and those before; light that is uneven.

    Parameters
    ----------
    photo : Photo
    rve : VoxelRVE, optional
        What it was segmented into, for warnings about features that are few and about noise.
    """
    findings, window = _foreign(photo)
    light = photo.rows[window.rows, window.columns]
    if len(np.unique(light)) > MAX_GREY_VALUES:
        words = uneven(light)
        if words:
            sentence = f"{words}: even out the light in an image program, or crop"
            findings.append(Finding("warning", sentence))
    if rve is not None:
        findings += [*large_features(rve), *specks(rve)]
    if photo.path.suffix.lower() in _LOSSY:
        findings.append(
            Finding(
                "warning",
                f"{photo.path.suffix} files change pixels near edges: take the PNG or TIFF of the "
                "microscope if there is one",
            )
        )
    return findings


def _foreign(photo: Photo) -> tuple[list[Finding], Window]:
    """What does not belong to the material, and the part without it."""
    light = photo.rows
    spread = float(np.subtract(*np.quantile(light, (0.999, 0.001))))
    same = _SAME_LOSSY if photo.path.suffix.lower() in _LOSSY else _SAME
    colours = photo.lab[:, ::-1].transpose(1, 0, 2) if photo.coloured else None
    window = Window(0, light.shape[1], 0, light.shape[0])
    findings = []
    for find in (find_border, find_strip, find_annotation, find_scale_bar):
        if find is find_annotation:
            if colours is None:
                continue
            found = find_annotation(colours[window.rows, window.columns], _GREY)
        else:
            found = find(light[window.rows, window.columns], same * spread)
        if found is None:
            continue
        rest = found.rest.moved(window.left, window.top)
        if min(rest.right - rest.left, rest.bottom - rest.top) < SMALLEST_EDGE[2]:
            continue
        where = ""
        if found.box is not None:
            box = photo.in_file(found.box.moved(window.left, window.top))
            where = f" (columns {box.left} to {box.right - 1}, rows {box.top} to {box.bottom - 1})"
        sentence = (
            f"{photo.path} has {found.what}{where}: take the part without it, crop "
            f"{photo.in_file(rest)}"
        )
        findings.append(Finding("warning", sentence))
        window = rest
    return findings, window
