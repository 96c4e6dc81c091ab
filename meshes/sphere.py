"""Make ``sphere.msh``: a sphere of 20 % in the middle of a unit cube that is meshed periodically.

The groups "matrix" and "inclusion" are the phases. Run with Python and gmsh:
``python meshes/sphere.py``, or with another edge of the cells and another file:
``python meshes/sphere.py 0.1 fine.msh``.
"""

import math
import sys
from pathlib import Path

import gmsh

FRACTION = 0.2
CELL_SIZE = 0.18  # edge of the cells


def build(radius: float, cell_size: float) -> None:
    """Mesh a new gmsh model with the geometry, its groups and periodic faces."""
    gmsh.clear()
    occ = gmsh.model.occ
    cube = occ.addBox(0, 0, 0, 1, 1, 1)
    sphere = occ.addSphere(0.5, 0.5, 0.5, radius)
    _, made_of = occ.fragment([(3, cube)], [(3, sphere)])
    inclusion = [tag for _, tag in made_of[1]]
    matrix = [tag for _, tag in made_of[0] if tag not in inclusion]
    occ.synchronize()
    gmsh.model.addPhysicalGroup(3, matrix, name="matrix")
    gmsh.model.addPhysicalGroup(3, inclusion, name="inclusion")
    for axis in range(3):
        shift = [float(row == column) for row in range(4) for column in range(4)]
        shift[4 * axis + 3] = 1.0  # an affine map by rows: the translation by one edge
        gmsh.model.mesh.setPeriodic(2, face(axis, 1.0), face(axis, 0.0), shift)
    gmsh.option.setNumber("Mesh.MeshSizeMin", cell_size)
    gmsh.option.setNumber("Mesh.MeshSizeMax", cell_size)
    gmsh.model.mesh.generate(3)


def face(axis: int, place: float) -> list[int]:
    """Tag of the face of the cube where that coordinate is ``place``."""
    low, high = [-1e-3] * 3, [1.001] * 3
    low[axis], high[axis] = place - 1e-3, place + 1e-3
    return [tag for _, tag in gmsh.model.getEntitiesInBoundingBox(*low, *high, dim=2)]


def inclusion_volume() -> float:
    """Volume of the tetrahedra of the second physical group."""
    volume = 0.0
    for entity in gmsh.model.getEntitiesForPhysicalGroup(3, 2):
        for tags in gmsh.model.mesh.getElements(3, entity)[1]:
            volume += gmsh.model.mesh.getElementQualities(tags, "volume").sum()
    return volume


if __name__ == "__main__":
    cell_size = float(sys.argv[1]) if len(sys.argv) > 1 else CELL_SIZE
    path = sys.argv[2] if len(sys.argv) > 2 else str(Path(__file__).with_suffix(".msh"))
    gmsh.initialize()
    radius = (3.0 * FRACTION / (4.0 * math.pi)) ** (1.0 / 3.0)
    for _ in range(5):  # flat facets cut the sphere: enlarge it until they hold the fraction
        build(radius, cell_size)
        radius *= (FRACTION / inclusion_volume()) ** (1.0 / 3.0)
    gmsh.write(path)
    gmsh.finalize()
