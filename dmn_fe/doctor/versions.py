"""Packages that are imported to see whether they work; called in a process of its own."""

import importlib
import importlib.metadata
from types import ModuleType

from dmn_fe.doctor.finding import Finding
from dmn_fe.doctor.packages import PACKAGES, install_line, is_older

__all__ = ["dolfinx", "dolfinx_mpc", "gmsh", "mpi4py", "numpy", "petsc", "pyvista", "torch"]

_COMPLEX = (
    "dmn_fe needs a PETSc of real numbers: take the real one (on Debian python3-dolfinx-real, with "
    "PETSC_DIR not set; on conda-forge 'petsc=*=real*')."
)


def numpy() -> Finding:
    """NumPy."""
    return _imported("numpy")


def torch() -> Finding:
    """Torch, with the number of threads that it takes."""
    found = _imported("torch")
    threads = importlib.import_module("torch").get_num_threads()
    return _with_words(found, f"{threads} thread(s)", threads=threads)


def mpi4py() -> Finding:
    """The mpi4py with the library of MPI that it is built for."""
    found = _imported("mpi4py")
    mpi = importlib.import_module("mpi4py.MPI")
    library = mpi.Get_library_version().splitlines()[0].split(",")[0].strip()
    return _with_words(found, f"for {library}", library=library)


def petsc() -> Finding:
    """PETSc with petsc4py; its numbers must be real."""
    found = _imported("petsc4py")
    PETSc = importlib.import_module("petsc4py.PETSc")
    version = ".".join(map(str, PETSc.Sys.getVersion()))
    is_real = importlib.import_module("numpy").dtype(PETSc.ScalarType).kind == "f"
    has_mumps = PETSc.Sys.hasExternalPackage("mumps")
    text = f"{version}, {'real' if is_real else 'complex'}, {'with' if has_mumps else 'no'} MUMPS"
    values = {
        "version": version,
        "petsc4py": found.values["version"],
        "scalars": "real" if is_real else "complex",
        "mumps": has_mumps,
    }
    if not is_real:
        return Finding("failed", text, _COMPLEX, values=values)
    if not has_mumps:
        advice = "Without MUMPS, parts on several ranks have multigrid as their only solver."
        return Finding("warning", text, advice, values=values)
    return Finding("ok", text, values=values)


def dolfinx() -> Finding:
    """DOLFINx with its PETSc part."""
    found = _imported("dolfinx")
    if found.status == "ok":
        importlib.import_module("dolfinx.fem.petsc")
    return found


def dolfinx_mpc() -> Finding:
    """Periodic constraints."""
    return _imported("dolfinx_mpc")


def gmsh() -> Finding:
    """Mesh files; its library needs some of the system's graphics."""
    return _imported("gmsh")


def pyvista() -> Finding:
    """Pictures of fields."""
    return _imported("pyvista")


def _imported(module: str) -> Finding:
    """A package by its module, whether it is new enough, and its version."""
    version = _version(importlib.import_module(module))
    values = {"version": version}
    name = next(name for name, each in PACKAGES.items() if each.module == module)
    least = PACKAGES[name].least
    if least and version is not None and is_older(version, least):
        text = f"{version}, older than {least}"
        advice = f"dmn_fe needs {name} {least} or newer."
        return Finding("failed", text, advice, install_line(name, instead="old"), values)
    return Finding("ok", version or "its version is not known", values=values)


def _version(module: ModuleType) -> str | None:
    version = getattr(module, "__version__", None)
    if version is not None:
        return str(version)
    try:
        return importlib.metadata.version(module.__name__)
    except importlib.metadata.PackageNotFoundError:
        return None


def _with_words(found: Finding, words: str, **values: object) -> Finding:
    text = f"{found.text}, {words}"
    return Finding(found.status, text, found.advice, found.install, {**found.values, **values})
