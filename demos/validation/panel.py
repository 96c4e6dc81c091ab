"""Make ``panel.msh``: Cook's tapered panel (mm) in 32 triangles, so 96 quadrature points.

The left edge (group "clamped") is 44 high, the right one (group "loaded") goes from y = 44 to
y = 60. Run with Python and gmsh: ``python demos/validation/panel.py``.
"""

from pathlib import Path

import gmsh

CORNERS = ((0.0, 0.0), (48.0, 44.0), (48.0, 60.0), (0.0, 44.0))
CELLS = 4  # quadrilaterals along each edge, of two triangles each


def build() -> None:
    """Add the geometry, its groups and the number of cells to the present gmsh model."""
    geo = gmsh.model.geo
    points = [geo.addPoint(x, y, 0.0) for x, y in CORNERS]
    edges = [geo.addLine(points[i], points[(i + 1) % 4]) for i in range(4)]
    surface = geo.addPlaneSurface([geo.addCurveLoop(edges)])
    for edge in edges:
        geo.mesh.setTransfiniteCurve(edge, CELLS + 1)
    geo.mesh.setTransfiniteSurface(surface, "Alternate")
    geo.synchronize()
    gmsh.model.addPhysicalGroup(2, [surface], name="part")
    gmsh.model.addPhysicalGroup(1, [edges[3]], name="clamped")
    gmsh.model.addPhysicalGroup(1, [edges[1]], name="loaded")


if __name__ == "__main__":
    gmsh.initialize()
    build()
    gmsh.model.mesh.generate(2)
    gmsh.write(str(Path(__file__).with_suffix(".msh")))
    gmsh.finalize()
