"""One picture of a simulation: curves beside the part coloured by a field."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import matplotlib
import matplotlib.colors
import matplotlib.figure
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PolyCollection
from matplotlib.gridspec import SubplotSpec
from mpl_toolkits.mplot3d.art3d import Poly3DCollection
from numpy.typing import ArrayLike, NDArray

from dmn_fe.fem.surface import Surface
from dmn_fe.files import written_whole

__all__ = ["draw", "draw_field"]

_COLOURS = "viridis"
_CHILD_SECONDS = 60.0
_CHILD = Path(__file__).with_name("_render.py")


def draw(
    path: str | Path,
    curves: Mapping[str, tuple[ArrayLike, ArrayLike]],
    surface: Surface,
    curve_axes: tuple[str, str] = ("displacement", "force"),
    field: str = "von Mises stress",
    magnify: float = 1.0,
    title: str = "",
) -> str:
    """Draw curves and the deformed part side by side into a PNG; call on rank 0 only.

    Parameters
    ----------
    path : str or Path
        The PNG.
    curves : mapping of str to (x, y)
        Series of the diagram by their names in the legend.
    surface : Surface
        The part, see :func:`~dmn_fe.fem.surface.gather_surface`.
    curve_axes : (str, str)
        Labels of the axes, with units.
    field : str
        Label of the colour bar, with unit.
    magnify : float
        Factor on the displacement; told above the part.
    title : str
        Words above the part, e.g. its time.

    Returns
    -------
    str
        What drew the part: ``"pyvista"``, or ``"matplotlib"`` where pyvista cannot render.
    """
    figure = matplotlib.figure.Figure(figsize=(12.0, 5.0), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.add_gridspec(1, 2, width_ratios=(1.0, 1.1))
    diagram = figure.add_subplot(grid[0])
    for name, (x, y) in curves.items():
        diagram.plot(x, y, marker="o", markersize=3, label=name)
    diagram.set(xlabel=curve_axes[0], ylabel=curve_axes[1])
    diagram.grid(alpha=0.3)
    diagram.legend()
    drawn_by = _draw_part(figure, grid[1], surface, field, magnify, title)
    with written_whole(path) as partial:
        figure.savefig(partial, format="png")
    return drawn_by


def draw_field(
    path: str | Path, surface: Surface, field: str, magnify: float = 1.0, title: str = ""
) -> str:
    """Draw the deformed part coloured by a field into a PNG; parameters as of :func:`draw`."""
    figure = matplotlib.figure.Figure(figsize=(8.0, 6.5), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    drawn_by = _draw_part(figure, figure.add_gridspec(1, 1)[0], surface, field, magnify, title)
    with written_whole(path) as partial:
        figure.savefig(partial, format="png")
    return drawn_by


def _draw_part(
    figure: matplotlib.figure.Figure,
    place: SubplotSpec,
    surface: Surface,
    field: str,
    magnify: float,
    title: str,
) -> str:
    """The part with its colour bar; gives what drew it."""
    triangles = surface.corners + magnify * surface.displacement
    low, high = float(surface.values.min()), float(surface.values.max())
    if high - low <= 1e-6 * max(abs(low), abs(high)):  # no colours for round-off
        low, high = (0.0, max(abs(low), 1.0)) if low >= 0 else (2.0 * low, 0.0)
    norm = matplotlib.colors.Normalize(low, high)
    colours = matplotlib.colormaps[_COLOURS](norm(surface.values))[:, :3]
    flat = float(np.ptp(triangles[..., 2])) == 0.0
    image = None if flat else _render(triangles, colours)
    if flat:
        part = figure.add_subplot(place)
        part.add_collection(PolyCollection(list(triangles[..., :2]), facecolors=colours))
        part.autoscale_view()
        part.set_aspect("equal")
    elif image is None:
        part = figure.add_subplot(place, projection="3d")
        _draw_triangles(part, triangles, colours)
    else:
        part = figure.add_subplot(place)
        part.imshow(image)
    part.set_axis_off()
    scaled = f"displacement × {magnify:g}"
    part.set_title(f"{title}, {scaled}" if title else scaled, fontsize=10)
    scale = matplotlib.cm.ScalarMappable(norm, _COLOURS)
    figure.colorbar(scale, ax=part, label=field, shrink=0.7)
    return "matplotlib" if image is None else "pyvista"


def _render(triangles: NDArray, colours: NDArray) -> NDArray | None:
    """Image of the triangles by pyvista, or ``None``.

    In a child process, because VTK without a display aborts the process instead of raising. The
    child must not believe that it is a rank of this MPI job.
    """
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("OMPI_", "PMI", "PRTE"))}
    with tempfile.TemporaryDirectory() as folder:
        scene, image = Path(folder, "scene.npz"), Path(folder, "image.png")
        np.savez(scene, triangles=triangles, colours=colours)
        try:
            subprocess.run(
                [sys.executable, str(_CHILD), str(scene), str(image)],
                env=clean,
                capture_output=True,
                check=True,
                timeout=_CHILD_SECONDS,
            )
            return _without_margins(matplotlib.image.imread(image))
        except (subprocess.SubprocessError, OSError):
            return None


def _without_margins(image: NDArray) -> NDArray | None:
    """The image ``[rows, columns, 3]`` without the white around the part; ``None`` if all white."""
    rows, columns = np.nonzero((image[..., :3] < 1.0).any(axis=-1))
    if rows.size == 0:
        return None
    return image[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]


def _draw_triangles(axes, triangles: NDArray, colours: NDArray) -> None:
    normals = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    light = np.array([0.45, -0.75, 0.49])
    # Corners come in no particular order, so neither side of a triangle is the outer one.
    shade = 0.65 + 0.35 * np.abs(normals @ light)
    faces = np.clip(colours * shade[:, None], 0.0, 1.0)
    axes.add_collection3d(
        Poly3DCollection(triangles, facecolors=faces, edgecolors=faces * 0.8, linewidths=0.2)
    )
    low, high = triangles.min(axis=(0, 1)), triangles.max(axis=(0, 1))
    axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), zlim=(low[2], high[2]))
    axes.set_box_aspect(high - low, zoom=1.0)
    axes.view_init(elev=25, azim=-60)
