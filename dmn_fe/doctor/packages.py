"""What the package uses: what does not work without it, and the line that installs it here."""

import re
import shlex
import sys
from pathlib import Path
from typing import Literal, NamedTuple

__all__ = ["LIBRARIES", "PACKAGES", "Package", "install_line", "is_older"]

_WHOLE_ENVIRONMENT = "conda env create -f environment.yml  # in a clone of dmn_fe"
_NO_PARTS = "There are no simulations of parts: dmn_fe.fem, dmn-fe run, demo, audit and validate."
_NO_RANKS = "--ranks does not work: simulations, data and studies have one process."
_NEEDED = "dmn_fe does not work without it."


class Package(NamedTuple):
    """A package or a program.

    Attributes
    ----------
    conda, debian, pip : str
        Its name in conda-forge, in Debian and in the Python package index; there are none where it
        is empty.
    lost : str
        What does not work without it.
    module : str
        What Python imports; empty of a program.
    least : str
        The oldest version that works; empty where any does.
    needed : bool
        Whether nothing works without it.
    """

    conda: str
    debian: str
    pip: str
    lost: str
    module: str = ""
    least: str = ""
    needed: bool = False


def _library(module: str, least: str, conda: str = "", debian: str = "") -> Package:
    name = conda or module
    of_conda, of_debian = f"'{name}>={least}'", debian or f"python3-{name}"
    return Package(of_conda, of_debian, name, _NEEDED, module, least, needed=True)


#: Small libraries that all of the package needs.
LIBRARIES = {
    "safetensors": _library("safetensors", "0.4"),
    "pydantic": _library("pydantic", "2.5"),
    "typer": _library("typer", "0.12"),
    "filelock": _library("filelock", "3.12"),
    "rich": _library("rich", "13"),
    "matplotlib": _library("matplotlib", "3.7"),
    "pillow": _library("PIL", "10", "pillow", "python3-pil"),
    "scipy": _library("scipy", "1.10"),
    "meshio": _library("meshio", "5.3"),
    "h5py": _library("h5py", "3.8"),
    "tifffile": _library("tifffile", "2023.7"),
}

#: All else, by the name in the report.
PACKAGES = {
    "numpy": _library("numpy", "1.24"),
    "torch": _library("torch", "2.4", "pytorch", "python3-torch")._replace(pip="torch"),
    "CUDA": Package("cuda-core", "", "cuda-core", "Networks are evaluated on the processor."),
    "C++ compiler": Package(
        "cxx-compiler",
        "g++",
        "",
        "Torch evaluates networks, 30 to 70 times as slowly, and laws in C++ do not work; nor can "
        "DOLFINx compile its forms.",
    ),
    "mpirun": Package("openmpi", "openmpi-bin", "", _NO_RANKS),
    "mpi4py": Package("mpi4py", "python3-mpi4py", "mpi4py", _NO_RANKS, "mpi4py", "4.0"),
    "PETSc": Package(
        "petsc4py 'petsc=*=real*'", "python3-dolfinx-real", "", "DOLFINx needs it.", "petsc4py"
    ),
    "DOLFINx": Package(
        "'fenics-dolfinx>=0.9' 'petsc=*=real*'",
        "python3-dolfinx-real",
        "",
        _NO_PARTS,
        "dolfinx",
        "0.9",
    ),
    "dolfinx_mpc": Package(
        "dolfinx_mpc",
        "python3-dolfinx-mpc",
        "",
        "RVEs of meshes cannot be solved.",
        "dolfinx_mpc",
    ),
    "gmsh": Package(
        "python-gmsh", "python3-gmsh", "gmsh", "Mesh files .msh cannot be read.", "gmsh"
    ),
    "pyvista": Package(
        "pyvista",
        "python3-pyvista",
        "pyvista",
        "There are no pictures of fields (dmn-fe plot).",
        "pyvista",
        "0.44",
    ),
}
# What to do where neither conda nor apt-get installs into this environment, nor pip can.
_ELSEWHERE = {
    "C++ compiler": "install g++ with this system's packages, or load it: module load gcc",
    "mpirun": "load the MPI of this machine: module load openmpi",
}


def is_older(version: str, least: str) -> bool:
    """Whether a version, such as ``"0.9.0.post1"``, is older than ``least``."""
    numbers = [[int(n) for n in re.findall(r"\d+", each)[:2]] for each in (version, least)]
    return numbers[0] < numbers[1]


def install_line(*names: str, instead: Literal["", "broken", "old"] = "") -> str:
    """The line for a shell that installs packages in this environment, or words that tell how.

    ``instead``: in place of an installation that is broken or too old.
    """
    packages = [PACKAGES.get(name) or LIBRARIES[name] for name in names]
    again = " --force-reinstall" if instead == "broken" else ""
    if (Path(sys.prefix) / "conda-meta").is_dir():
        return f"conda install{again} -c conda-forge {' '.join(each.conda for each in packages)}"
    sees_debian = any(path.endswith("/dist-packages") for path in sys.path)
    is_program = not any(each.module for each in packages)
    has_apt = Path("/etc/debian_version").exists() and (sees_debian or is_program)
    # A release of Debian has one version alone.
    if has_apt and instead != "old" and all(each.debian for each in packages):
        names_there = " ".join(each.debian for each in packages)
        return f"apt-get install{' --reinstall' if again else ''} {names_there}"
    if all(each.pip for each in packages):
        wanted = [f"{each.pip}>={each.least}" if each.least else each.pip for each in packages]
        return f"{shlex.quote(sys.executable)} -m pip install{again} {shlex.join(wanted)}"
    return _ELSEWHERE.get(names[0], _WHOLE_ENVIRONMENT)
