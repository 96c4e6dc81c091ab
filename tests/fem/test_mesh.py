"""The shipped part, and where its groups are."""

# isort: off
from dmn_fe.fem import read_mesh  # before torch

# isort: on
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import ufl
from dolfinx import fem

from dmn_fe import InputError

BRACKET = Path(__file__).parents[2] / "meshes" / "bracket.msh"


@pytest.fixture(scope="module")
def bracket():
    return read_mesh(BRACKET, surfaces=["clamped", "loaded"], volumes=["part"])


def test_bracket_has_the_volume_and_surfaces_of_its_drawing(bracket):
    n_cells = bracket.mesh.topology.index_map(3).size_global
    assert 3000 <= n_cells <= 10000
    assert len(bracket.cells("part")) == n_cells
    measures = {"dx": ufl.dx(domain=bracket.mesh)}
    for name, tag in bracket.facet_groups.items():
        ds = ufl.ds(domain=bracket.mesh, subdomain_data=bracket.facet_tags)
        measures[name] = ds(tag)
    one = fem.Constant(bracket.mesh, 1.0)
    size = {name: fem.assemble_scalar(fem.form(one * m)) for name, m in measures.items()}
    eye = np.pi * 8.0**2
    fillet = (1 - np.pi / 4) * 8.0**2
    volume = 40.0 * (50.0 * 8.0 + 52.0 * 8.0 + fillet) - 8.0 * eye
    # Straight edges cut the circles by about 2 %.
    assert size["dx"] == pytest.approx(volume, rel=5e-3)
    assert size["clamped"] == pytest.approx(50.0 * 40.0, rel=1e-12)
    assert size["loaded"] == pytest.approx(2 * np.pi * 8.0 * 8.0, rel=2e-2)


def test_unknown_group_names_what_there_is(bracket):
    with pytest.raises(InputError, match='"pulled"; the mesh has: "clamped", "loaded"'):
        bracket.facets("pulled")


@contextmanager
def cube(path):
    """gmsh with the geometry of a cube; the coarse mesh of what the block adds goes to ``path``."""
    gmsh = pytest.importorskip("gmsh")
    gmsh.initialize(readConfigFiles=False, interruptible=False)
    try:
        gmsh.option.setNumber("General.Terminal", 0)
        gmsh.option.setNumber("Mesh.MeshSizeMin", 1.0)
        gmsh.model.occ.addBox(0, 0, 0, 1, 1, 1)
        gmsh.model.occ.synchronize()
        gmsh.model.addPhysicalGroup(3, [1], name="body")
        yield gmsh
        gmsh.model.mesh.generate(3)
        gmsh.write(str(path))
    finally:
        gmsh.finalize()


@pytest.mark.parametrize("version", [2.2, 4.1])
@pytest.mark.parametrize(
    ("dimension", "first", "sentence"),
    [
        (2, "left", 'surface 1 is in the physical groups "left" and "extra"'),
        (3, "body", 'volume 1 is in the physical groups "body" and "extra"'),
    ],
)
def test_overlapping_groups_are_refused(tmp_path, version, dimension, first, sentence):
    with cube(tmp_path / "cube.msh") as gmsh:
        gmsh.option.setNumber("Mesh.MshFileVersion", version)
        gmsh.model.addPhysicalGroup(2, [1], name="left")
        gmsh.model.addPhysicalGroup(dimension, [1], name="extra")
    with pytest.raises(InputError, match=sentence):
        read_mesh(tmp_path / "cube.msh")


def test_curved_cells_are_refused(tmp_path):
    with cube(tmp_path / "cube.msh") as gmsh:
        gmsh.option.setNumber("Mesh.ElementOrder", 2)
    with pytest.raises(InputError, match="the cells are curved, of order 2"):
        read_mesh(tmp_path / "cube.msh")


def test_a_surface_apart_from_the_volume_is_refused(tmp_path):
    with cube(tmp_path / "cube.msh") as gmsh:
        apart = gmsh.model.occ.addRectangle(3, 0, 0, 1, 1)
        gmsh.model.occ.synchronize()
        gmsh.model.addPhysicalGroup(2, [1], name="left")
        gmsh.model.addPhysicalGroup(2, [apart], name="loose")
    with pytest.raises(InputError, match='"loose" is not a meshed surface of a physical volume'):
        read_mesh(tmp_path / "cube.msh")
