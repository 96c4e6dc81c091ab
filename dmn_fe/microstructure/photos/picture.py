"""One picture to choose a segmentation by: the photo, its histogram, its phases."""

import re
from pathlib import Path
from typing import Any

import numpy as np

from dmn_fe.files import check_folder, written_whole
from dmn_fe.microstructure.photos.photo import Photo, load_photo
from dmn_fe.microstructure.photos.reading import photo_rve
from dmn_fe.microstructure.photos.segmentation import CHOICES, Segmentation, segment_photo
from dmn_fe.microstructure.picture_colours import Palette

__all__ = ["draw_choices", "draw_segmentation"]

_WIDTH = 4.2  # inches of a panel
_MOST_PIXELS = 800  # along an edge that is drawn
_LINES = (("#c8553d", "-"), ("#2a6f97", "--"), ("#5d8a66", ":"), ("#7b5ea7", "-."))


def draw_segmentation(
    path: str | Path,
    output: str | Path,
    choices: tuple[int, ...] = CHOICES,
    thresholds: tuple[float, ...] = (),
    despeckle: int = 0,
    crop: str | None = None,
) -> list[Segmentation]:
    """Draw what segmentations make of a photo into a PNG, to choose one.

    Parameters
    ----------
    path : path
        The photo.
    output : path
        The PNG: the photo, its histogram with the thresholds, and the phases of each choice with
        their volume fractions.
    choices : tuple of int
        Numbers of clusters.
    thresholds : tuple of float, optional
        One more choice.
    despeckle, crop
        As for :func:`read_photo`.

    Returns
    -------
    list of Segmentation
        The choices in the order drawn.

    Raises
    ------
    InputError
        As of :func:`read_photo`, or if ``output`` cannot be a PNG file.
    """
    check_folder(output, ".png")
    photo = load_photo(path, crop)
    segmentations = [segment_photo(photo, (), clusters, despeckle) for clusters in choices]
    if len(thresholds):
        segmentations.append(segment_photo(photo, thresholds, None, despeckle))
    draw_choices(photo, segmentations, output)
    return segmentations


def draw_choices(photo: Photo, choices: list[Segmentation], output: str | Path) -> None:
    """Draw a photo and some of its segmentations; see :func:`draw_segmentation`."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    check_folder(output, ".png")
    columns = max(2, min(len(choices), 3))
    rows = 1 + -(-len(choices) // columns)
    nx, ny = photo.pixels.shape[:2]
    height = _WIDTH * min(max(ny / nx, 0.5), 1.5) + 0.75
    size = (_WIDTH * columns, 0.4 + rows * height)
    figure = Figure(figsize=size, dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.add_gridspec(rows, columns)
    _draw_photo(figure.add_subplot(grid[0, 0]), photo)
    _draw_histogram(figure.add_subplot(grid[0, 1:]), photo, choices)
    for index, choice in enumerate(choices):
        row, column = divmod(index, columns)
        _draw_phases(figure.add_subplot(grid[1 + row, column]), photo, choice)
    figure.suptitle(f"{photo.path.name}: choose how to segment it")
    with written_whole(output) as partial:
        figure.savefig(partial, format="png")


def _draw_photo(axes: Any, photo: Photo) -> None:
    step = _step(photo)
    pixels = np.swapaxes(photo.pixels[:, ::-1], 0, 1)[::step, ::step]
    look: dict[str, Any] = {"cmap": "gray"}
    if photo.coloured:
        highest = np.iinfo(pixels.dtype).max if pixels.dtype.kind in "iu" else 1.0
        pixels, look = np.clip(pixels / highest, 0.0, 1.0), {}
    axes.imshow(pixels, extent=_extent(photo), **look)
    axes.set_title("columns and rows as for crop", fontsize=10)
    axes.tick_params(labelsize=8)


def _draw_histogram(axes: Any, photo: Photo, choices: list[Segmentation]) -> None:
    values = photo.rows[::-1].T  # as the phases lie
    integers = photo.pixels.dtype.kind in "iu" and not photo.coloured
    count = int(np.ptp(values)) + 1 if integers else 128
    bins: Any = min(max(count, 2), 128)
    if integers and count <= 256:
        bins = np.arange(values.min() - 0.5, values.max() + 1.0)
    if photo.coloured and choices:
        # Lightness alone does not part colours: each cluster in its mean colour.
        last = choices[-1]
        parts = [values[last.phase == i] for i in range(int(last.phase.max()) + 1)]
        highest = np.iinfo(photo.pixels.dtype).max if photo.pixels.dtype.kind in "iu" else 1.0
        means = [photo.pixels[last.phase == i].mean(axis=0) / highest for i in range(len(parts))]
        axes.hist(parts, bins=bins, stacked=True, color=np.clip(means, 0.0, 1.0), ec="none")
        axes.set_title(f"pixels in the mean colours of {_title(last)}", fontsize=10)
        axes.set_xlabel("lightness L*")
    else:
        counts, _, _ = axes.hist(values.ravel(), bins=bins, color="0.72", ec="none")
        # What was drawn into a photo is one value, whose peak would flatten all others.
        peak = np.median(np.stack([counts[:-2], counts[1:-1], counts[2:]]), axis=0).max(initial=0)
        if peak > 0:
            axes.set_ylim(0, 1.1 * min(counts.max(), 1.3 * peak))
        axes.set_title("pixels of each grey value", fontsize=10)
        axes.set_xlabel("grey value")
    for choice, (colour, line) in zip(choices, _LINES * len(choices), strict=False):
        for number, threshold in enumerate(choice.thresholds):
            label = _title(choice) if number == 0 else None
            axes.axvline(threshold, color=colour, linestyle=line, linewidth=1.4, label=label)
    if any(choice.thresholds for choice in choices):
        axes.legend(fontsize=8, edgecolor="none", framealpha=0.9)
    axes.set_yticks([])
    axes.tick_params(labelsize=8)
    for side in ("left", "right", "top"):
        axes.spines[side].set_visible(False)


def _draw_phases(axes: Any, photo: Photo, choice: Segmentation) -> None:
    from matplotlib.patches import Patch

    rve = photo_rve(photo, choice)
    palette, step = Palette.of(rve), _step(photo)
    image = palette.layer(rve, 2, 0)[:, ::-1].transpose(1, 0, 2)[::step, ::step]
    axes.imshow(image, extent=_extent(photo), interpolation="nearest")
    axes.set_title(_title(choice), fontsize=10)
    axes.set_xticks([])
    axes.set_yticks([])
    patches = [
        Patch(facecolor=colour, edgecolor="0.3", label=f"phase {number}: {fraction:.1%}")
        for number, (colour, fraction) in enumerate(
            zip(palette.phases, choice.volume_fractions, strict=True)
        )
    ]
    columns = len(patches) if len(patches) <= 3 else 2
    axes.legend(
        handles=patches, loc="upper center", bbox_to_anchor=(0.5, -0.01), frameon=False,
        fontsize=9, ncols=columns, handlelength=1.2, columnspacing=1.2,
    )  # fmt: skip


def _title(choice: Segmentation) -> str:
    how = re.sub(r"clusters=(\d+)", r"\1 clusters", choice.how)
    if not choice.thresholds:
        return how
    numbers = ", ".join(f"{threshold:.5g}" for threshold in choice.thresholds)
    words = f"threshold{'s' * (len(choice.thresholds) > 1)} {numbers}"
    return words if choice.how.startswith("thresholds") else f"{how}: {words}"


def _extent(photo: Photo) -> tuple[int, int, int, int]:
    """Columns and rows of the file, rows downwards."""
    (left, top), (nx, ny) = photo.corner, photo.pixels.shape[:2]
    return left, left + nx, top + ny, top


def _step(photo: Photo) -> int:
    return -(-max(photo.pixels.shape[:2]) // _MOST_PIXELS)
