"""``dmn-fe run`` on a small block: results, ranks and wrong input."""

import csv
import importlib.util
import shutil

import pytest
from helpers.networks import random_network

from dmn_fe import save

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("dolfinx") is None or importlib.util.find_spec("gmsh") is None,
    reason="DOLFINx or gmsh is not installed",
)

RUN_FILE = """
title = "Block"

[mesh]
file = "block.msh"

[materials.body]
network = "net.dmn"
phases.matrix = { law = "J2", young = 3000.0, poisson = 0.35, hardening = { type = "linear", yield_stress = 30.0, modulus = 50.0 } }
phases.inclusion = { law = "Elastic", young = 70000.0, poisson = 0.2 }

[[supports]]
group = "left"
displacement = [0.0, 0.0, 0.0]

[[supports]]
group = "right"
displacement = [0.02, "free", "free"]

[loading]
points = [[0.0, 0.0], [1.0, 1.0], [2.0, 0.0]]
step = 0.5

[output]
folder = "out"
reactions = ["left"]

[comparison]
phase = "matrix"
"""  # noqa: E501


@pytest.fixture(scope="module")
def block(tmp_path_factory):
    """A mesh file of a unit block with the groups body, left and right."""
    import gmsh

    path = tmp_path_factory.mktemp("mesh") / "block.msh"
    gmsh.initialize(readConfigFiles=False, interruptible=False)
    gmsh.option.setNumber("General.Terminal", 0)
    gmsh.model.occ.addBox(0, 0, 0, 1, 1, 1)
    gmsh.model.occ.synchronize()
    gmsh.model.addPhysicalGroup(3, [1], name="body")
    for name, x in (("left", 0.0), ("right", 1.0)):
        box = gmsh.model.getEntitiesInBoundingBox(x - 0.01, -1, -1, x + 0.01, 2, 2, dim=2)
        gmsh.model.addPhysicalGroup(2, [tag for _, tag in box], name=name)
    gmsh.option.setNumber("Mesh.MeshSizeMin", 0.7)
    gmsh.model.mesh.generate(3)
    gmsh.write(str(path))
    gmsh.finalize()
    return path


@pytest.fixture
def folder(block, tmp_path):
    shutil.copy(block, tmp_path / "block.msh")
    save(random_network(2), tmp_path / "net.dmn")
    (tmp_path / "part.toml").write_text(RUN_FILE)
    return tmp_path


def reactions(path) -> list[dict[str, float]]:
    with open(path, newline="") as file:
        return [{k: float(v) for k, v in row.items()} for row in csv.DictReader(file)]


def test_results(dmn_fe, folder):
    process = dmn_fe("run", "part.toml")
    assert process.returncode == 0, process.stderr
    rows = reactions(folder / "out" / "reactions.csv")
    assert [row["time"] for row in rows] == [0.5, 1.0, 1.5, 2.0]
    assert [row["factor"] for row in rows] == [0.5, 1.0, 0.5, 0.0]
    for row in rows:
        assert row["left F1"] == pytest.approx(-row["right F1"], rel=1e-6, abs=1e-6)
    alone = reactions(folder / "out" / "reactions_matrix.csv")
    assert rows[1]["right F1"] > 1.2 * alone[1]["right F1"] > 0  # the inclusions stiffen
    assert rows[3]["right F1"] < 0  # plastic strain is left
    lines = [line for line in process.stdout.splitlines() if line.strip()[:1].isdigit()]
    assert len([line for line in lines if "/" in line]) == 8
    picture = (folder / "out" / "picture.png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    fields = {path.name for path in (folder / "out").iterdir()}
    assert {"displacement.bp", "stress.bp"} <= fields or "fields.xdmf" in fields


@pytest.mark.skipif(shutil.which("mpirun") is None, reason="mpirun is not installed")
def test_two_ranks_give_the_same_reactions(dmn_fe_process, folder):
    for ranks in (1, 2):
        options = ("--ranks", ranks, "--output", f"out{ranks}")
        process = dmn_fe_process("run", "part.toml", *options)
        assert process.returncode == 0, process.stderr
        assert f"{ranks} rank(s)" in process.stdout
    one, two = (reactions(folder / f"out{ranks}" / "reactions.csv") for ranks in (1, 2))
    largest = max(abs(value) for row in one for key, value in row.items() if "F" in key)
    for row, other in zip(one, two, strict=True):
        for key, value in row.items():
            assert other[key] == pytest.approx(value, rel=0, abs=1e-10 * largest)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('title = "Block"', 'titel = "Block"', "'titel' is unknown"),
        ("young = 3000.0", "jung = 3000.0", "materials.body.phases.matrix"),
        ('file = "block.msh"', 'file = "none.msh"', "none.msh"),
        ('network = "net.dmn"', 'network = "none.dmn"', "none.dmn: no such file"),
        ("phases.inclusion", "phases.fibre", "'fibre'"),
        ("[materials.body]", "[materials.core]", '"core"'),
        ('group = "right"', 'group = "top"', '"top"'),
        ("step = 0.5", "step = 0.0", "'loading.step'"),
        ("[1.0, 1.0]", "[1.0, nan]", "loading.points"),
        ("[1.0, 1.0]", "[3.0, 1.0]", "must rise"),
        ("[0.02,", "[0.0,", "no support moves"),
        ('file = "block.msh"', 'file = "block.msh"\nquadrature_degree = 3', "negative"),
        ('phase = "matrix"', 'phase = "resin"', "'resin'"),
        ("young = 70000.0", "young = -1.0", "young = -1.0"),
        ("[mesh]", "[mesh", "not valid TOML"),
    ],
)
def test_wrong_input_gets_one_sentence(dmn_fe, folder, old, new, words):
    assert old in RUN_FILE
    text = RUN_FILE.replace(old, new, 1)
    (folder / "part.toml").write_text(text)
    process = dmn_fe("run", "part.toml")
    assert process.returncode == 2, process.stderr
    assert "Traceback" not in process.stderr
    sentences = [line for line in process.stderr.splitlines() if line.startswith("dmn-fe: ")]
    assert len(sentences) == 1
    assert words in sentences[0]
    assert not (folder / "out").exists()


@pytest.mark.skipif(shutil.which("mpirun") is None, reason="mpirun is not installed")
def test_wrong_input_on_two_ranks_is_said_once(dmn_fe_process, folder):
    (folder / "part.toml").write_text(RUN_FILE.replace('group = "right"', 'group = "top"'))
    process = dmn_fe_process("run", "part.toml", "--ranks", 2)
    assert process.returncode == 2
    assert process.stderr.count('no physical surface "top"') == 1
