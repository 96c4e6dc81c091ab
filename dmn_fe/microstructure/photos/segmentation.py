"""From a photo to phases, as it was asked for, or what there is to choose from."""

from dataclasses import dataclass

import numpy as np

from dmn_fe.errors import InputError
from dmn_fe.microstructure.photos.colour_clusters import colour_clusters
from dmn_fe.microstructure.photos.photo import Photo
from dmn_fe.microstructure.segmentation import (
    MAX_GREY_VALUES,
    cluster_thresholds,
    phases_by_threshold,
)

__all__ = [
    "CHOICES",
    "Segmentation",
    "offers",
    "segment_photo",
    "segmentable",
    "unsegmented",
]

#: Numbers of clusters that are offered.
CHOICES = (2, 3)

_MOST_DESPECKLE = 20


@dataclass(frozen=True, eq=False)
class Segmentation:
    """The phases of a photo.

    Parameters
    ----------
    phase : integer array ``[nx, ny]``
        Phase 0 is the darkest.
    how : str
        What parted them: ``clusters=2``, ``thresholds=(118,)`` or ``labels``.
    thresholds : tuple of float
        Grey values between the phases; empty for labels and colours.
    """

    phase: np.ndarray
    how: str
    thresholds: tuple[float, ...] = ()

    @property
    def volume_fractions(self) -> tuple[float, ...]:
        """Share of the pixels of each phase."""
        counts = np.bincount(self.phase.ravel())
        return tuple(float(count) / self.phase.size for count in counts)

    @property
    def words(self) -> str:
        """Thresholds and volume fractions, for messages."""
        shares = _and([f"{fraction:.2f}" for fraction in self.volume_fractions])
        fractions = f"volume fractions {shares}"
        if not self.thresholds:
            return fractions
        word = "threshold" if len(self.thresholds) == 1 else "thresholds"
        return f"{word} {_and([f'{t:.5g}' for t in self.thresholds])}, {fractions}"


def segment_photo(
    photo: Photo,
    thresholds: tuple[float, ...] = (),
    clusters: int | None = None,
    despeckle: int = 0,
) -> Segmentation:
    """Phases of a photo, by rising grey value or lightness; the parameters of ``read_photo``.

    Raises
    ------
    InputError
        If the photo has many values and nothing was said of them; if thresholds or clusters make
        no sense for it; if there is one phase only.
    """
    what = str(photo.path)
    if len(thresholds) and clusters is not None:
        raise InputError("thresholds and clusters were both given: give one of them")
    if len(thresholds) and photo.coloured:
        raise InputError(
            f"{what} is in colour, and thresholds part grey values: give clusters, or convert it "
            "to grey values"
        )
    values, labels = _values(photo, despeckle)
    if labels is not None and labels.max() == 0:
        raise InputError(
            f"{what} has the same value everywhere: give a photo that shows two phases or more"
        )
    if photo.coloured and clusters is not None:
        phase = colour_clusters(values, clusters, what)
        return _checked(Segmentation(phase, f"clusters={clusters}"), what)
    if clusters is not None:
        found = cluster_thresholds(values, clusters, what)
        phase = phases_by_threshold(values, found, what)
        return Segmentation(phase, f"clusters={clusters}", found)
    if len(thresholds):
        phase = phases_by_threshold(values, thresholds, what)
        return Segmentation(phase, f"thresholds={tuple(thresholds)}", tuple(thresholds))
    if labels is None:
        raise unsegmented(photo, offers(photo, despeckle))
    return Segmentation(labels, "labels")


def segmentable(photo: Photo, despeckle: int = 0) -> bool:
    """Whether a photo holds labels, and need not be told how to be segmented."""
    return _values(photo, despeckle)[1] is not None


def offers(photo: Photo, despeckle: int = 0) -> list[Segmentation]:
    """What clusters make of a photo that was not told how to be segmented."""
    return [segment_photo(photo, (), clusters, despeckle) for clusters in CHOICES]


def unsegmented(photo: Photo, choices: list[Segmentation], command_line: str = "") -> InputError:
    """The sentence for a photo that was not told how to be segmented.

    In the words of Python, or where a picture of the choices was drawn, its name, those of the
    command line.
    """
    shown = [choice.how for choice in choices]
    own = "" if photo.coloured else ", or thresholds of your own"
    if command_line:
        shown = [f"--{how.replace('=', ' ')}" for how in shown]
        own = own.replace("thresholds", "--threshold")
    listed = ", ".join(f"{how} ({c.words})" for how, c in zip(shown, choices, strict=True))
    picture = (
        f"{command_line} shows them"
        if command_line
        else f"draw_segmentation({photo.path.name!r}, '{photo.path.stem}_phases.png') shows them"
    )
    kind = "colours" if photo.coloured else "grey values"
    return InputError(
        f"{photo.path} has {_value_count(photo)} {kind}: segment it with {listed}{own}; {picture}"
    )


def _value_count(photo: Photo) -> int:
    """Number of different grey values or colours."""
    pixels = photo.pixels
    if not photo.coloured or pixels.dtype.kind not in "iu":
        return len(np.unique(pixels.reshape(-1, *pixels.shape[2:]), axis=0))
    # One number for three is sorted much faster.
    return len(np.unique(pixels.astype(np.int64) @ np.array([1 << 32, 1 << 16, 1])))


def _values(photo: Photo, despeckle: int) -> tuple[np.ndarray, np.ndarray | None]:
    """Grey values or L*, a*, b*, filtered, and the phases if these are those of labels."""
    if not 0 <= despeckle <= _MOST_DESPECKLE:
        raise InputError(
            f"despeckle = {despeckle}: give the radius of specks in pixels, 0 to {_MOST_DESPECKLE}"
        )
    values = photo.lab if photo.coloured else photo.pixels
    labels = _labels(values)
    if not despeckle:
        return values, labels
    before = 0 if labels is None else int(labels.max())
    filtered = _median(values, despeckle)
    labels = None if labels is None else _labels(filtered)
    if labels is not None and labels.max() < before:
        raise InputError(
            f"despeckle = {despeckle} takes a whole phase from {photo.path}: give a smaller radius"
        )
    return filtered, labels


def _median(values: np.ndarray, radius: int) -> np.ndarray:
    """The median of squares of pixels, of each channel for itself."""
    from scipy.ndimage import median_filter

    edge = 2 * radius + 1
    return median_filter(values, size=(edge, edge) if values.ndim == 2 else (edge, edge, 1))


def _labels(values: np.ndarray) -> np.ndarray | None:
    """Phases of at most 16 values or colours, by rising value or lightness."""
    flat = values.reshape(-1, *values.shape[2:])
    if len(np.unique(flat[:: max(1, len(flat) // 1000)], axis=0)) > MAX_GREY_VALUES:
        return None  # without sorting all of them
    found, phase = np.unique(flat, return_inverse=True, axis=0)
    if len(found) > MAX_GREY_VALUES:
        return None
    return phase.reshape(values.shape[:2])


def _checked(segmentation: Segmentation, what: str) -> Segmentation:
    empty = np.flatnonzero(np.array(segmentation.volume_fractions) == 0.0)
    if len(empty):
        raise InputError(f"{segmentation.how} leaves phase {empty[0]} of {what} empty: give fewer")
    return segmentation


def _and(words: list[str]) -> str:
    """Words with commas, and an "and" before the last."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
