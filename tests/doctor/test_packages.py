"""The lines that install, in each kind of environment."""

import re
import sys
import tomllib

import pytest
from helpers.processes import ROOT

from dmn_fe.doctor.packages import LIBRARIES, PACKAGES, install_line, is_older

ALL = {**LIBRARIES, **PACKAGES}


@pytest.fixture
def conda(tmp_path, monkeypatch):
    (tmp_path / "conda-meta").mkdir()
    monkeypatch.setattr(sys, "prefix", str(tmp_path))


@pytest.fixture
def plain(monkeypatch):
    """An environment of pip alone, on a system that is not Debian."""
    monkeypatch.setattr("dmn_fe.doctor.packages.Path.exists", lambda _: False)
    monkeypatch.setattr(sys, "executable", "/venv/bin/python")


@pytest.fixture
def debian(monkeypatch):
    monkeypatch.setattr("dmn_fe.doctor.packages.Path.exists", lambda _: True)
    monkeypatch.setattr(sys, "path", ["/usr/lib/python3/dist-packages"])


def test_conda(conda):
    line = "conda install -c conda-forge 'fenics-dolfinx>=0.9' 'petsc=*=real*'"
    assert install_line("DOLFINx") == line
    assert install_line("torch") == "conda install -c conda-forge 'pytorch>=2.4'"
    assert install_line("gmsh", instead="broken") == (
        "conda install --force-reinstall -c conda-forge python-gmsh"
    )


def test_debian(debian):
    assert install_line("DOLFINx") == "apt-get install python3-dolfinx-real"
    assert install_line("pillow", "rich") == "apt-get install python3-pil python3-rich"
    assert install_line("torch", instead="broken") == "apt-get install --reinstall python3-torch"
    # The version that is too old is the only one there.
    assert install_line("DOLFINx", instead="old").startswith("conda env create -f environment.yml")


def test_a_virtual_environment_on_debian_sees_no_packages_of_debian(debian, monkeypatch):
    monkeypatch.setattr(sys, "path", ["/venv/lib/python3.13/site-packages"])
    monkeypatch.setattr(sys, "executable", "/venv/bin/python")
    assert install_line("numpy") == "/venv/bin/python -m pip install 'numpy>=1.24'"
    assert install_line("C++ compiler") == "apt-get install g++"  # but programs


def test_pip(plain):
    line = "/venv/bin/python -m pip install 'torch>=2.4' 'scipy>=1.10'"
    assert install_line("torch", "scipy") == line
    assert install_line("DOLFINx").startswith("conda env create -f environment.yml")
    assert "module load" in install_line("mpirun")
    assert "module load" in install_line("C++ compiler")


@pytest.mark.parametrize("name", ALL)
def test_there_is_a_line_for_everything(name, plain):
    assert install_line(name)
    assert ALL[name].lost.endswith(".")


def test_versions():
    assert is_older("0.8.0.post1", "0.9")
    assert not is_older("0.10.0", "0.9")
    assert not is_older("2.6.0+debian", "2.4")
    assert not is_older("13", "13")


def test_the_oldest_versions_are_those_of_the_project():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = dict(re.match(r"([\w-]+)>=(.*)", each).groups() for each in project["dependencies"])
    known = {name: ALL[name].least for name in [*LIBRARIES, "numpy", "torch"]}
    assert known == wanted
    for each in project["optional-dependencies"]["fem"]:
        name, least = each.split(">=")
        assert PACKAGES[name].least == least


def test_names_in_debian_are_those_of_the_image():
    lines = (ROOT / "docker" / "packages" / "simulation.txt").read_text().splitlines()
    installed = {line.split()[0] for line in lines if line.strip()}
    brought = {"python3-numpy", "python3-mpi4py"}  # by others
    assert {each.debian for each in ALL.values() if each.debian} - installed == brought


def test_names_in_conda_are_those_of_the_environment():
    lines = (ROOT / "environment.yml").read_text().splitlines()
    installed = {line.split()[1] for line in lines if line.strip().startswith("- ")}
    names = {re.split("[ >]", each.conda.strip("'"))[0] for each in ALL.values()}
    assert names - installed == {"mpi4py", "cuda-core"}  # brought by DOLFINx; for GPUs
