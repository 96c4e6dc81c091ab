"""What this process sees of the machine; needs no other package."""

import os
import platform
import shutil
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from dmn_fe import __version__
from dmn_fe.doctor.finding import Finding
from dmn_fe.doctor.packages import LIBRARIES, install_line, is_older
from dmn_fe.resources import available_cores, core_quota, memory

__all__ = ["all_of_the_machine", "in_gigabytes"]

_LITTLE_MEMORY, _LITTLE_SPACE = 2e9, 5e8  # bytes


def all_of_the_machine() -> list[Finding]:
    """Python, the package with its libraries, cores, memory, threads and folders."""
    looks = (_python, _dmn_fe, _system, _cores, _memory, _threads, _home_folder, _temporary_folder)
    return [look() for look in looks]


def in_gigabytes(number: float) -> str:
    """Bytes in words."""
    return f"{number / 1e9:.1f} GB"


def _python() -> Finding:
    text = f"{platform.python_version()}, {sys.executable}"
    values = {"version": platform.python_version(), "executable": sys.executable}
    return Finding("ok", text, values=values, name="Python")


def _dmn_fe() -> Finding:
    """The package with the small libraries that it needs."""
    folder = Path(__file__).parents[1]
    absent = [name for name, each in LIBRARIES.items() if find_spec(each.module) is None]
    old = [name for name in LIBRARIES if name not in absent and _is_too_old(name)]
    text, values = f"{__version__}, {folder}", {"version": __version__, "folder": str(folder)}
    if not absent and not old:
        return Finding("ok", text, values=values, name="dmn_fe")
    advice = "Libraries that it needs are missing or too old: " + ", ".join(absent + old) + "."
    line = install_line(*absent, *old, instead="old" if old else "")
    return Finding("failed", text, advice, line, values, name="dmn_fe")


def _is_too_old(name: str) -> bool:
    try:
        return is_older(version(name), LIBRARIES[name].least)
    except PackageNotFoundError:  # installed without its description
        return False


def _system() -> Finding:
    try:
        name = platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        name = platform.system()
    text = f"{name}, {platform.release()}, {platform.machine()}"
    return Finding("ok", text, values={"name": name, "machine": platform.machine()}, name="system")


def _cores() -> Finding:
    cores, all_cores, quota = available_cores(), os.cpu_count() or 1, core_quota()
    values = {"available": cores, "all": all_cores, "quota": quota}
    text = f"{cores} of {all_cores}"
    advice = ""
    if quota is not None and quota < cores:
        text += f", whose container gives it the time of {quota:g}"
        advice = (
            "More threads or ranks than that slow each other down: set OMP_NUM_THREADS="
            f"{max(1, int(quota))}, and give no more --ranks."
        )
    return Finding("warning" if advice else "ok", text, advice, values=values, name="cores")


def _memory() -> Finding:
    found = memory()
    if found is None:
        return Finding("ok", "the system does not say", name="memory")
    values = found._asdict()
    text = in_gigabytes(found.total)
    text += " (the limit of the container)" if found.limited else ""
    if found.available is None:
        return Finding("ok", text, values=values, name="memory")
    text += f", {in_gigabytes(found.available)} available"
    if found.available > _LITTLE_MEMORY:
        return Finding("ok", text, values=values, name="memory")
    advice = "That is little: a process with DOLFINx and torch takes half a gigabyte to start with."
    return Finding("warning", text, advice, values=values, name="memory")


def _threads() -> Finding:
    """Threads of a process: of the core, of torch and of BLAS."""
    wish, cores = os.environ.get("OMP_NUM_THREADS"), available_cores()
    values = {"OMP_NUM_THREADS": wish}
    if wish is None:
        text = f"OMP_NUM_THREADS is not set: {cores} of a process alone, 1 of each of --ranks"
        advice = "Before an mpirun of your own, export OMP_NUM_THREADS=1: ranks share the cores."
        if cores == 1:
            return Finding("ok", text, values=values, name="threads")
        return Finding("warning", text, advice, values=values, name="threads")
    text = f"OMP_NUM_THREADS={wish}"
    first = wish.split(",")[0]
    if not first.isdigit() or int(first) == 0:
        advice = "That is no number of threads, and is ignored; set OMP_NUM_THREADS=1."
    elif int(first) > cores:
        advice = f"That is more than the {cores} core(s); set OMP_NUM_THREADS={cores} or fewer."
    else:
        return Finding("ok", text, values=values, name="threads")
    return Finding("warning", text, advice, values=values, name="threads")


def _home_folder() -> Finding:
    try:
        return Finding("ok", str(Path.home()), name="home folder")
    except RuntimeError:  # containers may run as a user that the system does not know
        advice = "Set HOME to a folder: without one MPI does not start."
        return Finding("failed", "HOME is not set", advice, name="home folder")


def _temporary_folder() -> Finding:
    advice = (
        "Set TMPDIR to a folder that can be written: mpirun and compilers need one. "
        "(The image of dmn_fe has one for its group: docker run --group-add dmn_fe.)"
    )
    try:
        folder = tempfile.gettempdir()
        free = shutil.disk_usage(folder).free
    except OSError as error:
        return Finding("failed", str(error), advice, name="temporary folder")
    text, values = f"{folder}, {in_gigabytes(free)} free", {"folder": folder, "free": free}
    wish = os.environ.get("TMPDIR") or ("/tmp" if os.name == "posix" else folder)
    if Path(wish).resolve() != Path(folder).resolve():  # Python took another one, mpirun does not
        text = f"{wish} cannot be written to"
        return Finding("failed", text, advice, values=values, name="temporary folder")
    if free < _LITTLE_SPACE:
        advice = "That is little: " + advice[0].lower() + advice[1:]
        return Finding("warning", text, advice, values=values, name="temporary folder")
    return Finding("ok", text, values=values, name="temporary folder")
