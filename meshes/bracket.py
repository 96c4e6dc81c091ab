"""Make ``bracket.msh``: an angle bracket with a filleted inner corner and an eye (mm).

A base plate is bolted down over its whole lower face (group "clamped"); a pin through the eye of
the upright plate pulls (group "loaded"). Run with Python and gmsh: ``python meshes/bracket.py``.
"""

from pathlib import Path

import gmsh

WIDTH = 40.0
BASE_LENGTH = 50.0
HEIGHT = 60.0
THICKNESS = 8.0
FILLET = 8.0
EYE_RADIUS = 8.0
EYE_HEIGHT = 42.0
COARSE, FINE = 5.5, 3.0  # cell sizes: far from and near the fillet and the eye


def build() -> None:
    """Add the geometry, its groups and the cell sizes to the present gmsh model."""
    occ = gmsh.model.occ
    base = occ.addBox(0, 0, 0, BASE_LENGTH, WIDTH, THICKNESS)
    upright = occ.addBox(0, 0, 0, THICKNESS, WIDTH, HEIGHT)
    corner = occ.addBox(THICKNESS, 0, THICKNESS, FILLET, WIDTH, FILLET)
    round_off = occ.addCylinder(THICKNESS + FILLET, 0, THICKNESS + FILLET, 0, WIDTH, 0, FILLET)
    fillet, _ = occ.cut([(3, corner)], [(3, round_off)])
    solid, _ = occ.fuse([(3, base)], [(3, upright), *fillet])
    eye = occ.addCylinder(0, WIDTH / 2, EYE_HEIGHT, THICKNESS, 0, 0, EYE_RADIUS)
    solid, _ = occ.cut(solid, [(3, eye)])
    occ.synchronize()
    gmsh.model.addPhysicalGroup(3, [tag for _, tag in solid], name="part")
    eye_faces = surfaces_within(
        0, WIDTH / 2 - EYE_RADIUS, EYE_HEIGHT - EYE_RADIUS,
        THICKNESS, WIDTH / 2 + EYE_RADIUS, EYE_HEIGHT + EYE_RADIUS,
    )  # fmt: skip
    fillet_faces = surfaces_within(
        THICKNESS, 0, THICKNESS, THICKNESS + FILLET, WIDTH, THICKNESS + FILLET
    )
    gmsh.model.addPhysicalGroup(2, surfaces_within(0, 0, 0, BASE_LENGTH, WIDTH, 0), name="clamped")
    gmsh.model.addPhysicalGroup(2, eye_faces, name="loaded")
    refine_near(eye_faces + fillet_faces)


def surfaces_within(*box: float) -> list[int]:
    """Tags of the surfaces inside the box (x, y, z of its lower, then its upper corner)."""
    margin = 1e-3
    low, high = (c - margin for c in box[:3]), (c + margin for c in box[3:])
    found = [tag for _, tag in gmsh.model.getEntitiesInBoundingBox(*low, *high, dim=2)]
    assert found, f"no surface in {box}"
    return found


def refine_near(surfaces: list[int]) -> None:
    """Let the cell size grow from FINE at the surfaces to COARSE away from them."""
    field = gmsh.model.mesh.field
    distance, threshold = field.add("Distance"), field.add("Threshold")
    field.setNumbers(distance, "SurfacesList", surfaces)
    field.setNumber(threshold, "InField", distance)
    for name, value in (
        ("SizeMin", FINE), ("SizeMax", COARSE), ("DistMin", 2.0), ("DistMax", 15.0)
    ):  # fmt: skip
        field.setNumber(threshold, name, value)
    field.setAsBackgroundMesh(threshold)
    gmsh.option.setNumber("Mesh.MeshSizeExtendFromBoundary", 0)
    gmsh.option.setNumber("Mesh.MeshSizeFromPoints", 0)


if __name__ == "__main__":
    gmsh.initialize()
    build()
    gmsh.model.mesh.generate(3)
    gmsh.write(str(Path(__file__).with_suffix(".msh")))
    gmsh.finalize()
