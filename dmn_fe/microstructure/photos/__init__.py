"""Photos: one micrograph, what is doubtful about it, and the phases in it."""

from dmn_fe.microstructure.photos.findings import photo_findings
from dmn_fe.microstructure.photos.photo import Photo, load_photo
from dmn_fe.microstructure.photos.picture import draw_segmentation
from dmn_fe.microstructure.photos.reading import check_layer, read_photo
from dmn_fe.microstructure.photos.segmentation import Segmentation, segment_photo

__all__ = [
    "Photo",
    "Segmentation",
    "check_layer",
    "draw_segmentation",
    "load_photo",
    "photo_findings",
    "read_photo",
    "segment_photo",
]
