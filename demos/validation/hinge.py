"""Make ``hinge.msh``: two blocks (mm) on a thin neck, in 64 triangles, so 192 quadrature points.

Where the blocks move against each other the neck yields, and little else. The groups "bottom" and
"top" are the outer edges of the blocks. Run with Python and gmsh:
``python demos/validation/hinge.py``.
"""

from pathlib import Path

import gmsh

WIDTH = 20.0
HEIGHT = 10.0  # of a block
NECK = 5.0  # its width
GAP = 4.0  # between the blocks
CELL = 7.0
CELL_OF_NECK = 5.0


def build() -> None:
    """Add the geometry and its groups to the present gmsh model."""
    geo = gmsh.model.geo
    left, right = 0.5 * (WIDTH - NECK), 0.5 * (WIDTH + NECK)
    low, high, top = HEIGHT, HEIGHT + GAP, 2.0 * HEIGHT + GAP
    lower = [(0.0, low), (0.0, 0.0), (WIDTH, 0.0), (WIDTH, low)]
    upper = [(WIDTH, high), (WIDTH, top), (0.0, top), (0.0, high)]
    corners = [(left, low), *lower, (right, low), (right, high), *upper, (left, high)]
    points = [
        geo.addPoint(x, y, 0.0, CELL_OF_NECK if x in (left, right) else CELL) for x, y in corners
    ]
    lines = [geo.addLine(a, b) for a, b in zip(points, points[1:] + points[:1], strict=True)]
    surface = geo.addPlaneSurface([geo.addCurveLoop(lines)])
    geo.synchronize()
    gmsh.model.addPhysicalGroup(2, [surface], name="part")
    gmsh.model.addPhysicalGroup(1, [lines[2]], name="bottom")
    gmsh.model.addPhysicalGroup(1, [lines[8]], name="top")


if __name__ == "__main__":
    gmsh.initialize()
    build()
    gmsh.model.mesh.generate(2)
    gmsh.write(str(Path(__file__).with_suffix(".msh")))
    gmsh.finalize()
