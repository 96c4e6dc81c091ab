"""One picture of an RVE: a view of its faces, sections, its phases."""

from pathlib import Path
from typing import Any

import numpy as np

from dmn_fe.files import check_folder, written_whole
from dmn_fe.microstructure.meshes import MeshRVE
from dmn_fe.microstructure.picture_colours import Palette
from dmn_fe.microstructure.voxelization import voxelize
from dmn_fe.microstructure.voxels import VoxelRVE

__all__ = ["draw_rve"]

_VOXELS_OF_A_MESH = 64
_MOST_NAMES = 12
# Mixtures are as even as the evenest one from this share of its entropy on.
_EVEN = 0.9
# Seen from (1, -1, 1): where the unit vectors e1, e2, e3 go on the paper.
_VIEW = np.array([[3**0.5, -1.0], [3**0.5, 1.0], [0.0, 2.0]]) / 6**0.5
# The faces that are seen: normal axis, voxel layer, light.
_FACES = ((0, -1, 0.86), (1, 0, 0.72), (2, -1, 1.0))


def draw_rve(rve: VoxelRVE | MeshRVE, path: str | Path, title: str = "") -> None:
    """Draw an RVE into a PNG.

    A view of the faces, three sections, and the volume fractions. The sections are the layers
    with the most phases, of these the evenest mixtures, and of these the nearest to the middle.
    Where the material is oriented, its colour is the direction of material axis 1: the more red,
    green or blue, the nearer to e1, e2, e3. An RVE that is one voxel deep is drawn as one section.

    Parameters
    ----------
    rve : VoxelRVE or MeshRVE
        A mesh is drawn as 64 voxels along its longest edge.
    path : path
        The PNG.
    title : str
        Words above the picture.

    Raises
    ------
    InputError
        If ``path`` cannot be a PNG file, or a mesh does not fill its box.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    check_folder(path, ".png")
    if isinstance(rve, MeshRVE):
        note = f"{len(rve.cells)} cells ({rve.cell_type}), drawn as voxels"
        rve = voxelize(rve, _VOXELS_OF_A_MESH)
    else:
        note = f"{' × '.join(map(str, rve.shape))} voxels"
    palette = Palette.of(rve)
    solid = min(rve.shape) > 1
    figure = Figure(figsize=(13.0, 7.0) if solid else (9.0, 5.6), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.add_gridspec(2, 3 if solid else 2, width_ratios=(1.7, 1, 1) if solid else (2, 1))
    first = figure.add_subplot(grid[:, 0])
    legend = figure.add_subplot(grid[1, 2] if solid else grid[:, 1])
    if solid:
        _draw_faces(first, rve, palette)
        for place, normal in ((grid[0, 1], 2), (grid[0, 2], 0), (grid[1, 1], 1)):
            _draw_section(figure.add_subplot(place), rve, palette, normal)
    else:
        # Across the last axis of one voxel: the section of e1 and e2 for layers along e1.
        _draw_section(first, rve, palette, max(axis for axis in range(3) if rve.shape[axis] == 1))
    _draw_legend(legend, rve, palette)
    figure.suptitle(f"{title}: {note}" if title else note)
    with written_whole(path) as partial:
        figure.savefig(partial, format="png")


def _draw_faces(axes: Any, rve: VoxelRVE, palette: Palette) -> None:
    """The box seen from (1, -1, 1)."""
    from matplotlib.transforms import Affine2D

    size = np.array(rve.size)
    for normal, layer, light in _FACES:
        across, up = (axis for axis in range(3) if axis != normal)
        corner = (size * (layer == -1))[normal] * _VIEW[normal]
        to_paper = Affine2D.from_values(*_VIEW[across], *_VIEW[up], *corner)
        axes.imshow(
            # Opaque: a turned image without opacity is black beside the face.
            np.insert(palette.layer(rve, normal, layer).transpose(1, 0, 2) * light, 3, 1.0, axis=2),
            origin="lower",
            extent=(0, size[across], 0, size[up]),
            transform=to_paper + axes.transData,
            interpolation="nearest",
        )
        outline = np.array([[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]) * size[[across, up]]
        axes.plot(*to_paper.transform(outline).T, color="0.15", linewidth=0.9)
    corners = np.array([[i, j, k] for i in (0, 1) for j in (0, 1) for k in (0, 1)]) * size @ _VIEW
    margin = 0.09 * np.ptp(corners, axis=0).max()
    for axis, middle, shift in (
        (0, np.array([0.5, 0, 0]), (-0.5, -0.8)),
        (1, np.array([1, 0.5, 0]), (0.5, -0.8)),
        (2, np.array([0, 0, 0.5]), (-0.8, 0.0)),
    ):
        x, y = middle * size @ _VIEW + 0.5 * margin * np.array(shift)
        axes.text(x, y, f"e{axis + 1}", ha="center", va="center", fontsize=13, zorder=3)
    axes.set_xlim(corners[:, 0].min() - margin, corners[:, 0].max() + margin)
    axes.set_ylim(corners[:, 1].min() - margin, corners[:, 1].max() + margin)
    axes.set_aspect("equal")
    axes.set_axis_off()


def _draw_section(axes: Any, rve: VoxelRVE, palette: Palette, normal: int) -> None:
    """The section across an axis that shows most."""
    across, up = (axis for axis in range(3) if axis != normal)
    layer = _telling_layer(rve, normal)
    image = palette.layer(rve, normal, layer).transpose(1, 0, 2)
    extent = (0, rve.size[across], 0, rve.size[up])
    axes.imshow(image, origin="lower", extent=extent, interpolation="nearest")
    axes.set(xlabel=f"e{across + 1}", ylabel=f"e{up + 1}")
    if rve.shape[normal] > 1:
        place = (layer + 0.5) * rve.size[normal] / rve.shape[normal]
        axes.set_title(f"section at x{normal + 1} = {place:.3g}", fontsize=10)
    axes.tick_params(labelsize=8)
    axes.locator_params(nbins=4)
    for coordinate, edge, other in (
        (axes.xaxis, rve.size[across], rve.size[up]),
        (axes.yaxis, rve.size[up], rve.size[across]),
    ):
        if edge < 0.25 * other:  # room for two numbers, or for one
            ticks = [0.0, edge] if edge > 0.08 * other else [edge]
            coordinate.set_ticks(ticks, [f"{tick:.3g}" for tick in ticks])


def _telling_layer(rve: VoxelRVE, normal: int) -> int:
    """The layer across an axis with most phases, among the evenest mixtures, nearest the middle."""
    n, phases = rve.shape[normal], len(rve.names)
    layers = np.moveaxis(rve.phase, normal, 0).reshape(n, -1)
    numbers = layers + phases * np.arange(n)[:, None]
    share = np.bincount(numbers.ravel(), minlength=n * phases).reshape(n, phases) / layers.shape[1]
    count = (share > 0).sum(axis=1)
    entropy = -(share * np.log(np.where(share > 0, share, 1.0))).sum(axis=1)
    entropy[count < count.max()] = -1.0
    telling = np.flatnonzero(entropy >= _EVEN * entropy.max())
    return int(telling[np.argmin(abs(telling - n // 2))])


def _draw_legend(axes: Any, rve: VoxelRVE, palette: Palette) -> None:
    """Names and volume fractions, and what colours of oriented material mean."""
    from matplotlib.patches import Patch

    axes.set_axis_off()
    entries = [
        Patch(
            facecolor="none" if palette.oriented[i] else palette.phases[i],
            edgecolor="0.3",
            hatch="///" if palette.oriented[i] else None,
            label=f"{name}  {fraction:.2%}",
        )
        for i, (name, fraction) in enumerate(zip(rve.names, rve.volume_fractions, strict=True))
    ]
    hidden = len(entries) - _MOST_NAMES
    if hidden > 0:
        entries = [*entries[:_MOST_NAMES], Patch(facecolor="none", label=f"and {hidden} more")]
    if palette.oriented.any():
        entries.append(Patch(facecolor="none", label="/// coloured by material axis 1:"))
        entries += [
            Patch(facecolor=colour, edgecolor="0.3", label=f"e{i}")
            for i, colour in enumerate(palette.directions(np.eye(3)), 1)
        ]
    axes.legend(handles=entries, loc="center", frameon=False, fontsize=11, handlelength=1.4)
