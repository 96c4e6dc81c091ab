import numpy as np
import pytest
from helpers.meshes import hexahedra, quads, tetrahedra, triangles

from dmn_fe.errors import InputError
from dmn_fe.microstructure import MeshRVE, read_mesh, write_mesh

meshio = pytest.importorskip("meshio")
RNG = np.random.default_rng(0)
NAMES = ("matrix", "fibre", "Füllstoff")
SOLID = hexahedra(RNG.integers(0, 3, (3, 3, 3)), NAMES, distortion=0.2)
PLANE = quads(RNG.integers(0, 2, (3, 4)))
TRIANGLES = triangles(PLANE)
POINTS = np.column_stack([PLANE.points, np.zeros(len(PLANE.points))])
LINES = ("line", np.array([[0, 1], [1, 2]]))


def save(path, blocks=None, points=POINTS, **data):
    """A file as other programs write it."""
    meshio.write(path, meshio.Mesh(points, blocks or [("triangle", TRIANGLES.cells)], **data))
    return path


@pytest.mark.parametrize("ending", ["vtu", "xdmf", "msh"])
@pytest.mark.parametrize("rve", [SOLID, tetrahedra(SOLID), PLANE, TRIANGLES])
def test_written_mesh_is_read_back(tmp_path, rve, ending):
    path = tmp_path / f"rve.{ending}"
    write_mesh(rve, path)
    assert read_mesh(path, rve.names).hash == rve.hash
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_xdmf_with_its_data_beside_it(tmp_path):
    pytest.importorskip("h5py")
    path = save(tmp_path / "m.xdmf", cell_data={"phase": [TRIANGLES.phase]})
    assert (tmp_path / "m.h5").exists()
    assert read_mesh(path).hash == TRIANGLES.hash
    (tmp_path / "m.h5").unlink()
    with pytest.raises(InputError, match=r"m\.xdmf cannot be read as a mesh \(.*m\.h5"):
        read_mesh(path)


@pytest.mark.parametrize("ending", ["vtu", "xdmf", "msh"])
def test_orientations_are_kept(tmp_path, ending):
    turn = np.array([[0.6, -0.8, 0], [0.8, 0.6, 0], [0, 0, 1.0]])
    index = RNG.integers(0, 3, len(SOLID.cells))
    rve = MeshRVE(
        SOLID.points,
        SOLID.cells,
        "hexahedron",
        SOLID.phase,
        NAMES,
        np.array([np.eye(3), turn, turn @ turn]),
        index,
    )
    write_mesh(rve, tmp_path / f"rve.{ending}")
    assert read_mesh(tmp_path / f"rve.{ending}", NAMES).hash == rve.hash


def test_groups_of_gmsh_name_the_phases(tmp_path):
    write_mesh(SOLID, tmp_path / "rve.msh")
    assert read_mesh(tmp_path / "rve.msh").names == NAMES
    chosen = read_mesh(tmp_path / "rve.msh", NAMES[::-1])
    np.testing.assert_array_equal(chosen.phase, 2 - SOLID.phase)
    renamed = read_mesh(tmp_path / "rve.msh", ("a", "b", "c"))
    np.testing.assert_array_equal(renamed.phase, SOLID.phase)
    assert renamed.names == ("a", "b", "c")


def test_lower_cells_and_loose_points_are_left_out(tmp_path):
    points = np.concatenate([[[9.0, 9.0, 9.0]], POINTS])
    blocks = [("line", LINES[1]), ("triangle", TRIANGLES.cells + 1)]
    tags = [np.array([5, 6]), TRIANGLES.phase * 10 + 3]
    save(tmp_path / "m.vtu", blocks, points, cell_data={"material": tags})
    assert read_mesh(tmp_path / "m.vtu").hash == TRIANGLES.hash


def test_element_sets_of_abaqus(tmp_path):
    tetra = tetrahedra(SOLID)
    sets = {name: [np.flatnonzero(tetra.phase == i)] for i, name in enumerate("abc")}
    sets |= {"all": [np.arange(len(tetra.cells))], "again": sets["a"]}
    path = save(tmp_path / "m.inp", [("tetra", tetra.cells)], tetra.points, cell_sets=sets)
    rve = read_mesh(path)
    assert rve.names == ("a", "b", "c")
    np.testing.assert_array_equal(rve.phase, tetra.phase)
    np.testing.assert_array_equal(read_mesh(path, ("c", "b", "a")).phase, 2 - tetra.phase)


@pytest.mark.parametrize(
    ("second", "sentence"),
    [
        (np.arange(7, 24), "2 of 24 cells are in none of the element sets a, b"),
        (np.arange(3, 24), "2 of 24 cells are in more than one of the element sets a, b"),
    ],
)
def test_element_sets_that_are_no_partition(tmp_path, second, sentence):
    path = save(tmp_path / "m.inp", cell_sets={"a": [np.arange(5)], "b": [second]})
    with pytest.raises(InputError, match=rf"m\.inp: {sentence}"):
        read_mesh(path)


def test_tags_can_be_chosen(tmp_path):
    data = {"a": [np.arange(24) % 3], "b": [TRIANGLES.phase], "c": [RNG.random(24)]}
    path = save(tmp_path / "m.vtu", cell_data=data)
    with pytest.raises(InputError, match=r"several arrays of integers \(a, b\).*--array"):
        read_mesh(path)
    assert read_mesh(path, array="b").hash == TRIANGLES.hash
    with pytest.raises(InputError, match=r"no cell array 'd' \(arrays: 'a', 'b', 'c'\)"):
        read_mesh(path, array="d")
    with pytest.raises(InputError, match="array 'c' has no whole number"):
        read_mesh(path, array="c")


def test_cells_without_a_group(tmp_path):
    tags = TRIANGLES.phase.copy()  # 0: no group
    data = {"gmsh:physical": [tags], "gmsh:geometrical": [tags]}
    path = tmp_path / "m.msh"
    mesh = meshio.Mesh(POINTS, [("triangle", TRIANGLES.cells)], cell_data=data)
    meshio.write(path, mesh, file_format="gmsh22")
    with pytest.raises(InputError, match=rf"m\.msh: {np.sum(tags == 0)} of 24 cells belong to no"):
        read_mesh(path)
    with pytest.raises(InputError, match="says of no cell which phase it is"):
        read_mesh(save(tmp_path / "m.vtu"))


def test_gmsh_file_with_some_volumes_in_no_group(tmp_path):
    gmsh = pytest.importorskip("gmsh")
    gmsh.initialize(interruptible=False)
    try:
        gmsh.option.setNumber("General.Terminal", 0)
        gmsh.option.setNumber("Mesh.SaveAll", 1)
        first, _ = (gmsh.model.occ.addBox(x, 0, 0, 1, 1, 1) for x in (0, 1))
        gmsh.model.occ.synchronize()
        gmsh.model.addPhysicalGroup(3, [first], 1, "matrix")
        gmsh.model.mesh.generate(3)
        gmsh.write(str(tmp_path / "m.msh"))
    finally:
        gmsh.finalize()
    with pytest.raises(InputError, match=r"m\.msh has cells that belong to no physical group"):
        read_mesh(tmp_path / "m.msh")


def test_cells_of_other_kinds(tmp_path):
    corner = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 0, 1], [0, 1, 1.0]])
    wedge = [("wedge", np.arange(6)[None])]
    with pytest.raises(InputError, match=r"m\.vtu has wedge cells: mesh it with triangle"):
        read_mesh(save(tmp_path / "m.vtu", wedge, corner))
    mixed = [("triangle", TRIANGLES.cells), ("quad", PLANE.cells)]
    with pytest.raises(InputError, match=r"cells of several types \(quad, triangle\)"):
        read_mesh(save(tmp_path / "m.vtu", mixed))
    curved = [("triangle6", np.arange(6)[None])]
    with pytest.raises(InputError, match=r"triangle6 cells, of higher order.*\(triangle, order 1"):
        read_mesh(save(tmp_path / "m.vtu", curved))
    with pytest.raises(InputError, match="no cells that fill it"):
        read_mesh(save(tmp_path / "m.vtu", [LINES]))


def test_tilted_plane(tmp_path):
    tilted = POINTS + POINTS[:, [2, 2, 0]]
    path = save(tmp_path / "m.vtu", points=tilted, cell_data={"phase": [TRIANGLES.phase]})
    with pytest.raises(InputError, match=r"m\.vtu is a curved or tilted surface"):
        read_mesh(path)


@pytest.mark.parametrize("ending", ["msh", "vtu", "xdmf", "inp", "med"])
def test_damaged_file(tmp_path, ending, capfd):
    path = tmp_path / f"bad.{ending}"
    path.write_text("no mesh")
    with pytest.raises(InputError, match=rf"bad\.{ending} (cannot be read as a mesh|has no cells)"):
        read_mesh(path)
    assert capfd.readouterr() == ("", "")


def test_unknown_ending(tmp_path):
    (tmp_path / "rve.txt").write_text("no mesh")
    with pytest.raises(InputError, match=r"'\.txt': give a mesh as \.msh, .* or voxels as \.npy"):
        read_mesh(tmp_path / "rve.txt")


@pytest.mark.parametrize("ending", ["msh", "vtu", "xdmf"])
@pytest.mark.parametrize("part", [0.1, 0.5, 0.9])
def test_truncated_file(tmp_path, ending, part):
    path = tmp_path / f"rve.{ending}"
    write_mesh(SOLID, path)
    path.write_bytes(path.read_bytes()[: int(part * path.stat().st_size)])
    with pytest.raises(InputError, match=rf"rve\.{ending} "):
        read_mesh(path)


def test_paths(tmp_path):
    with pytest.raises(InputError, match="there is no mesh file"):
        read_mesh(tmp_path / "absent.msh")
    with pytest.raises(InputError, match=r"does not end in \.vtu, \.xdmf, \.msh"):
        write_mesh(SOLID, tmp_path / "rve.stl")
