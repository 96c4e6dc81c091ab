"""Render coloured triangles off screen: ``python _render.py SCENE.npz IMAGE.png``.

Run as a process of its own by :mod:`dmn_fe.fem.pictures`; imports nothing of this package, so that
neither MPI nor DOLFINx starts in it.
"""

import sys

import numpy as np
import pyvista


def main(scene_path: str, image_path: str) -> None:
    """Read the arrays ``triangles`` ``[n, 3, 3]`` and ``colours`` ``[n, 3]`` and write an image."""
    with np.load(scene_path) as scene:
        triangles, colours = scene["triangles"], scene["colours"]
    faces = np.arange(triangles.shape[0] * 3).reshape(-1, 3)
    mesh = pyvista.PolyData.from_regular_faces(triangles.reshape(-1, 3), faces)
    mesh.cell_data["colours"] = np.round(255 * colours).astype(np.uint8)
    plotter = pyvista.Plotter(off_screen=True, window_size=(1200, 1000))
    plotter.set_background("white")
    # Mostly ambient light, so that the colours stay those of the colour bar.
    light = {"ambient": 0.6, "diffuse": 0.4, "specular": 0.0}
    plotter.add_mesh(mesh, scalars="colours", rgb=True, show_edges=True, edge_opacity=0.2, **light)
    plotter.view_vector((0.45, -0.75, 0.49), viewup=(0.0, 0.0, 1.0))
    plotter.reset_camera()
    plotter.screenshot(image_path)


if __name__ == "__main__":
    main(*sys.argv[1:])
