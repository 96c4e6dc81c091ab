"""RVEs from files on the command line."""

import meshio
import numpy as np
import pytest
from helpers.meshes import hexahedra, quads
from PIL import Image

from dmn_fe import microstructure

PHASE = np.random.default_rng(0).integers(0, 2, (6, 5, 4))


def one_sentence(process) -> str:
    assert process.returncode == 2
    (line,) = process.stderr.splitlines()
    return line


def test_image_to_vti(dmn_fe, tmp_path):
    grey = np.random.default_rng(0).normal(100, 10, (12, 10)) + 100 * (np.arange(10) > 5)
    Image.fromarray(grey.astype(np.uint8)).save(tmp_path / "ct.png")
    refused = one_sentence(dmn_fe("rve", "import", "ct.png", "--output", "a.vti"))
    assert "ct.png has" in refused
    assert "--threshold" in refused
    assert not (tmp_path / "a.vti").exists()
    clusters = dmn_fe(
        *("rve", "import", "ct.png", "--clusters", 2, "--phases", "resin, glass", "--mirror"),
        *("--size", "10,12,1", "--output", "a.vti"),
    )
    assert clusters.returncode == 0, clusters.stderr
    assert "thresholds between 2 clusters: 1" in clusters.stdout
    assert "20 × 24 × 1" in clusters.stdout
    assert "phase 'glass'  volume fraction 0.4000" in clusters.stdout
    rve = microstructure.read(tmp_path / "a.vti")
    assert rve.names == ("resin", "glass")
    assert rve.size == (20.0, 24.0, 1.0)
    thresholds = dmn_fe("rve", "import", "ct.png", "--threshold", 150, "--output", "b.npy")
    assert thresholds.returncode == 0, thresholds.stderr
    # The image was mirrored: its first quarter is the image.
    np.testing.assert_array_equal(np.load(tmp_path / "b.npy"), rve.phase[:10, :12])
    assert "b.npy does not keep that the RVE is not periodic" in thresholds.stdout


def test_mesh_to_voxels_and_back(dmn_fe, tmp_path):
    mesh = hexahedra(PHASE, ("resin", "glass"))
    microstructure.write_mesh(mesh, tmp_path / "m.msh")
    there = dmn_fe("rve", "import", "m.msh", "--voxels", 6, "--output", "v.vti")
    assert there.returncode == 0, there.stderr
    assert microstructure.read(tmp_path / "v.vti").hash == microstructure.voxelize(mesh, 6).hash
    back = dmn_fe("rve", "import", "v.vti", "--output", "m2.msh")
    assert back.returncode == 0, back.stderr
    assert microstructure.read_mesh(tmp_path / "m2.msh").hash == mesh.hash
    assert dmn_fe("rve", "import", "m.msh", "--output", "m3.vtu").returncode == 0
    np.testing.assert_array_equal(microstructure.read_mesh(tmp_path / "m3.vtu").phase, mesh.phase)


def test_show_prints_and_draws(dmn_fe, tmp_path):
    rve = microstructure.VoxelRVE(PHASE, ("resin", "pore"), (6.0, 5.0, 4.0))
    microstructure.write(rve, tmp_path / "v.vti")
    process = dmn_fe("rve", "show", "v.vti", "--picture", "v.png")
    assert process.returncode == 0, process.stderr
    for words in ("6 × 5 × 4", "e1, e2, e3", f"{rve.volume_fractions[1]:.4f}", "floating"):
        assert words in process.stdout
    assert Image.open(tmp_path / "v.png").width > 1000
    microstructure.write_mesh(quads(PHASE[:, :, 0]), tmp_path / "m.vtu")
    process = dmn_fe("rve", "show", "m.vtu", "--phases", "a,b")
    assert "30 (quad), 42 nodes" in process.stdout
    assert "phase 'b'" in process.stdout
    assert "nothing found" in process.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("import", "m.msh", "--output", "v.vti"), "give --voxels, or an --output ending in .vtu"),
        (("import", "m.msh", "--mirror", "--output", "m.vtu"), "give --voxels as well"),
        (("import", "m.msh", "--clusters", 2, "--output", "m.vtu"), "m.msh is a mesh"),
        (("import", "m.msh", "--not-periodic", "--output", "m.vtu"), "and --periodic are for"),
        (("import", "i.jpg", "--threshold", 100, "--output", "w.vti"), "convert it to PNG or TIFF"),
        (("show", "i.txt", "--threshold", 100), "i.txt has the ending '.txt': give a mesh as .msh"),
        (("show", "i.txt"), "or voxels as .npy, .vti, .png, .tif, .tiff"),
        (("import", "v.npy", "--voxels", 4, "--output", "w.vti"), "--voxels is for meshes"),
        (("import", "v.npy", "--output", "w.stl"), "w.stl does not end in .vti, .npy, .vtu"),
        (("import", "v.npy", "--output", "no/w.vti"), "the folder no does not exist"),
        (("import", "v.npy", "--size", "1;2", "--output", "w.vti"), "--size '1;2' must be three"),
        (("import", "v.npy", "--size", "1,2", "--output", "w.vti"), "three positive edge lengths"),
        (("import", "o.vti", "--output", "w.npy"), "w.npy cannot hold the orientations"),
        (("show", "v.npy", "--clusters", 2, "--threshold", 0), "give one of them"),
        (("show", "v.npy", "--void", "air"), "there is no phase 'air'"),
        (("show", "v.npy", "--picture", "v.jpg"), "does not end in .png"),
        (("show", "absent.npy"), "there is no RVE file absent.npy"),
        (("show", "absent.msh"), "there is no mesh file absent.msh"),
    ],
)
def test_wrong_input_gets_one_sentence(dmn_fe, tmp_path, arguments, words):
    np.save(tmp_path / "v.npy", PHASE)
    microstructure.write_mesh(hexahedra(PHASE), tmp_path / "m.msh")
    oriented = microstructure.VoxelRVE(
        PHASE, orientations=np.eye(3)[None], orientation_index=np.zeros_like(PHASE)
    )
    microstructure.write(oriented, tmp_path / "o.vti")
    for name in ("i.jpg", "i.txt"):
        (tmp_path / name).write_text("x")
    assert words in one_sentence(dmn_fe("rve", *arguments))
    names = sorted(file.name for file in tmp_path.iterdir())
    assert names == ["i.jpg", "i.txt", "m.msh", "o.vti", "v.npy"]


def test_periodic_or_not(dmn_fe, tmp_path):
    # A box that touches one face across e1.
    phase = np.zeros((6, 6, 6), dtype=np.uint8)
    phase[2:, 2:5, 2:5] = 1
    np.save(tmp_path / "v.npy", phase)
    shown = dmn_fe("rve", "show", "v.npy").stdout
    assert "e1, e2, e3 (as every .npy file is taken, unless --not-periodic)" in shown
    assert "faces" not in shown
    shown = dmn_fe("rve", "import", "v.npy", "--not-periodic", "--output", "v.vti").stdout
    assert "  no axis\n" in shown
    assert microstructure.read(tmp_path / "v.vti").periodic == (False,) * 3
    mirror = ("--not-periodic", "--mirror", "--output", "m.npy")
    shown = dmn_fe("rve", "import", "v.npy", *mirror).stdout
    assert "12 × 12 × 12" in shown
    assert "does not keep" not in shown
    assert "does not keep" in dmn_fe("rve", "import", "v.vti", "--output", "w.npy").stdout


def test_image_whose_faces_match(dmn_fe, tmp_path):
    grey = np.zeros((8, 8), dtype=np.uint8)
    grey[3:5, 3:5] = 200
    Image.fromarray(grey).save(tmp_path / "ct.png")
    shown = dmn_fe("rve", "show", "ct.png").stdout
    assert "e3; the faces across e1, e2 match: --periodic if this is no accident" in shown
    assert "nothing found" in shown
    shown = dmn_fe("rve", "import", "ct.png", "--periodic", "--output", "v.vti").stdout
    assert "  e1, e2, e3\n" in shown
    assert microstructure.read(tmp_path / "v.vti").periodic == (True,) * 3
    # One voxel in depth: constant there, whatever was said.
    dmn_fe("rve", "import", "ct.png", "--not-periodic", "--output", "v.vti")
    assert microstructure.read(tmp_path / "v.vti").periodic == (False, False, True)


def test_mesh_that_no_solver_can_use_is_not_written(dmn_fe, tmp_path):
    grid = quads(PHASE[:, :, 0])
    points = np.array(grid.points)
    points[(points[:, 0] == 0) & (points[:, 1] == points[:, 1].max() / 5), 1] += 0.01
    microstructure.write_mesh(
        microstructure.MeshRVE(points, grid.cells, "quad", grid.phase), tmp_path / "m.msh"
    )
    refused = one_sentence(dmn_fe("rve", "import", "m.msh", "--output", "m.vtu"))
    assert "m.vtu is not written because no solver could use it: the mesh is not" in refused
    assert not (tmp_path / "m.vtu").exists()
    assert "error: the mesh is not periodic" in dmn_fe("rve", "show", "m.msh").stdout
    voxels = dmn_fe("rve", "import", "m.msh", "--voxels", 12, "--output", "v.vti")
    assert voxels.returncode == 0, voxels.stderr


def test_voxels_that_make_no_mesh_are_written_as_voxels_only(dmn_fe, tmp_path):
    phase = np.zeros((6, 6, 6), dtype=np.uint8)
    phase[:, :2, :2] = 1
    phase[3:5, 4, 4] = 1  # floats
    np.save(tmp_path / "v.npy", phase)
    names = ("--phases", "pore,steel")
    refused = one_sentence(dmn_fe("rve", "import", "v.npy", *names, "--output", "m.vtu"))
    assert "m.vtu is not written because no solver could use it: the solid cells are in" in refused
    assert not (tmp_path / "m.vtu").exists()
    voxels = dmn_fe("rve", "import", "v.npy", *names, "--output", "w.vti")
    assert voxels.returncode == 0
    assert "floating in phase 'pore' and carries nothing" in voxels.stdout


def test_array_is_chosen_by_the_option_that_the_sentence_names(dmn_fe, tmp_path):
    grid = quads(PHASE[:, :, 0])
    mesh = meshio.Mesh(
        np.pad(grid.points, ((0, 0), (0, 1))),
        [("quad", grid.cells)],
        cell_data={"a": [grid.phase], "b": [1 - grid.phase]},
    )
    meshio.write(tmp_path / "m.vtu", mesh)
    assert "--array" in one_sentence(dmn_fe("rve", "show", "m.vtu"))
    assert dmn_fe("rve", "show", "m.vtu", "--array", "a").returncode == 0


def test_show_prints_and_draws_statistics(dmn_fe, tmp_path):
    microstructure.write(microstructure.laminate(4, 0.5), tmp_path / "layers.npy")
    process = dmn_fe("rve", "show", "layers.npy", "--statistics", "curves.png")
    assert process.returncode == 0, process.stderr
    row = next(line for line in process.stdout.splitlines() if line.startswith("  inclusion"))
    assert row.split() == ["inclusion", "2", "0.5,", "–,", "–", "1", "e2,", "e3"]
    assert Image.open(tmp_path / "curves.png").size > (400, 200)
    microstructure.write_mesh(hexahedra(PHASE, ("resin", "glass")), tmp_path / "m.msh")
    refused = one_sentence(dmn_fe("rve", "show", "m.msh", "--statistics", "b.png"))
    assert "--statistics is for voxels" in refused


def test_show_counts_grains(dmn_fe, tmp_path):
    microstructure.write(microstructure.voronoi_polycrystal(12, 5), tmp_path / "p.vti")
    shown = dmn_fe("rve", "show", "p.vti").stdout
    diameter = (6 / np.pi / 5) ** (1 / 3)
    assert f"5 grains, of mean volume that of a diameter of {diameter:.3g}" in shown
    refused = one_sentence(dmn_fe("rve", "show", "p.vti", "--statistics", "curves.png"))
    assert "only the phase 'grain', whose statistics are constant" in refused
    assert "surface" not in shown


def test_size_is_that_before_the_mirror(dmn_fe):
    helped = " ".join(dmn_fe("rve", "import", "--help").stdout.replace("│", " ").split())
    assert "before --mirror doubles them" in helped
