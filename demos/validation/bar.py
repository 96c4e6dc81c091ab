"""Make ``bar.msh``: an eighth of a notched bar (mm) in 24 tetrahedra, so 96 quadrature points.

The bar lies along x. The groups "middle", "axis" and "centre" are the planes of symmetry x = 0,
y = 0 and z = 0, "loaded" is the end; the notch narrows it at x = 0. Run with Python and gmsh:
``python demos/validation/bar.py``.
"""

from pathlib import Path

import gmsh

THICKNESS = 3.0  # half of that of the bar
PLACES = (0.0, 4.0, 11.0)  # x of the notch, of the end of its flank, of the end of the bar
HEIGHTS = (5.0, 8.0, 8.0)  # half of that of the bar there
ACROSS = 2  # cells from the axis to the surface
GROWTH = 0.7  # of these cells


def build() -> None:
    """Add the geometry, its groups and the number of cells to the present gmsh model."""
    geo = gmsh.model.geo
    below = [geo.addPoint(x, 0.0, 0.0) for x in PLACES]
    above = [geo.addPoint(x, y, 0.0) for x, y in zip(PLACES, HEIGHTS, strict=True)]
    across = [geo.addLine(*ends) for ends in zip(below, above, strict=True)]
    for line in across:
        geo.mesh.setTransfiniteCurve(line, ACROSS + 1, "Progression", GROWTH)
    groups: dict[str, list[int]] = {name: [] for name in ("axis", "middle", "loaded", "centre")}
    volumes = []
    for i in range(len(PLACES) - 1):
        axis, surface = (geo.addLine(line[i], line[i + 1]) for line in (below, above))
        for line in (axis, surface):
            geo.mesh.setTransfiniteCurve(line, 2)
        loop = geo.addCurveLoop([axis, across[i + 1], -surface, -across[i]])
        section = geo.addPlaneSurface([loop])
        geo.mesh.setTransfiniteSurface(section, "Left" if i % 2 else "Right")
        # Made by it: the opposite face, the volume, then the sides in the order of the edges.
        made = geo.extrude([(2, section)], 0.0, 0.0, THICKNESS, numElements=[1])
        _, (_, volume), (_, low), (_, right), _, (_, left) = made
        volumes.append(volume)
        groups["centre"].append(section)
        groups["axis"].append(low)
        groups["middle"] += [left] if i == 0 else []
        groups["loaded"] += [right] if i == len(PLACES) - 2 else []
    geo.synchronize()
    gmsh.model.addPhysicalGroup(3, volumes, name="part")
    for name, surfaces in groups.items():
        gmsh.model.addPhysicalGroup(2, surfaces, name=name)


if __name__ == "__main__":
    gmsh.initialize()
    build()
    gmsh.model.mesh.generate(3)
    gmsh.write(str(Path(__file__).with_suffix(".msh")))
    gmsh.finalize()
