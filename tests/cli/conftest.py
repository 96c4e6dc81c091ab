"""A small block that ``dmn-fe run`` simulates."""

import shutil
import subprocess
import sys

import pytest
from helpers.networks import random_network
from helpers.processes import clean_environment
from helpers.run_files import RUN_FILE, reactions

from dmn_fe import save


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


@pytest.fixture
def many_steps(folder):
    """A run of 60 steps, and the table of a run that is not interrupted."""
    text = RUN_FILE.replace('[comparison]\nphase = "matrix"\n', "[checkpoints]\nevery = 0\n")
    text = text.replace("largest = 0.5", "largest = 0.0334").replace("fields.every = 2", "")
    (folder / "part.toml").write_text(text)
    done = subprocess.run(
        [sys.executable, "-m", "dmn_fe", "run", "part.toml", "--output", "whole"],
        cwd=folder,
        env=clean_environment(),
        timeout=200,
        check=True,
        capture_output=True,
    )
    assert done.returncode == 0
    return reactions(folder / "whole" / "reactions.csv")
