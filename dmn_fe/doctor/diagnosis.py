"""What is looked at and tried, in which order and in which processes."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from importlib.util import find_spec
from typing import NamedTuple

from dmn_fe.collective import RANK_DEFAULTS
from dmn_fe.doctor.finding import BAD, Finding, Status
from dmn_fe.doctor.machine import all_of_the_machine
from dmn_fe.doctor.packages import PACKAGES, install_line
from dmn_fe.doctor.processes import call_checks, how_it_failed, run_limited

__all__ = ["LIMIT", "look", "look_at", "look_at_mpirun", "try_ranks", "try_rooms"]

#: Seconds of a process: first imports from a network disk and first compilations take long.
LIMIT = 120.0

# Checks that share a process, in the order in which they build on each other.
_PROCESSES = (
    ("numpy", "torch", "CUDA", "C++ compiler", "cache folder"),
    ("mpi4py", "PETSc", "DOLFINx", "dolfinx_mpc"),
    ("gmsh",),
    ("pyvista",),
)
_ABSENT = "not installed"
# What cannot be looked at without another one.
_NEEDS = {
    "torch": ("numpy",),
    "CUDA": ("torch",),
    "C++ compiler": ("torch",),
    "cache folder": ("torch",),
    "PETSc": ("numpy",),
    "DOLFINx": ("numpy",),
    "dolfinx_mpc": ("DOLFINx",),
    "pyvista": ("numpy",),
}


class _SelfTests(NamedTuple):
    """Self-tests that share a process, and what they need."""

    names: tuple[str, ...]
    needs: tuple[str, ...]


_SELF_TESTS = (
    _SelfTests(
        ("laws", "microstructure", "homogenization", "network", "training", "evaluate: torch"),
        ("dmn_fe", "numpy", "torch"),
    ),
    _SelfTests(("evaluate: core",), ("dmn_fe", "torch", "C++ compiler")),
    _SelfTests(("evaluate: GPU",), ("dmn_fe", "torch", "CUDA")),
    # DOLFINx compiles its forms.
    _SelfTests(("fem",), ("dmn_fe", "torch", "C++ compiler", "mpi4py", "PETSc", "DOLFINx")),
    _SelfTests(("mpi",), ("mpi4py", "mpirun")),
)
_AS_ROOT = (
    "mpirun does not start as root unless it is told twice: export OMPI_ALLOW_RUN_AS_ROOT=1 "
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1, or be another user."
)
_MPIRUN = "See what `mpirun -n 2 hostname` says: mpirun or its network is at fault."
_REPORT = "Reinstall the packages that it needs, or report it with what --json prints."
# Two ranks are also started where there is one core; the first is of Open MPI 4, the second of 5.
_MORE_RANKS_THAN_CORES = {
    "OMPI_MCA_rmaps_base_oversubscribe": "1",
    "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe",
}


def look(limit: float = LIMIT) -> Iterator[Finding]:
    """What is found on this machine; no process takes more than ``limit`` seconds."""
    yield from all_of_the_machine()
    found: dict[str, Finding] = {}
    for names in _PROCESSES:
        found |= look_at(names, limit, found)
        yield from (found[name] for name in names)
        if "torch" in names:
            yield look_at_mpirun(limit)


def try_rooms(found: Mapping[str, Finding], limit: float = LIMIT) -> Iterator[Finding]:
    """The self-tests, of what can work with all that was ``found``, by name."""
    for names, needs in _SELF_TESTS:
        bad = _first_bad(needs, found)
        if bad is not None:
            for name in names:
                yield Finding("skipped", f"not tried without {bad}", name=name)
        elif names == ("mpi",):
            yield try_ranks(limit)
        else:
            for finding in call_checks(names, limit):
                is_wrong = finding.status == "failed" and not finding.advice
                yield replace(finding, advice=_REPORT) if is_wrong else finding


def look_at(
    names: Sequence[str], limit: float, before: Mapping[str, Finding]
) -> dict[str, Finding]:
    """Look at some of :data:`~dmn_fe.doctor.checks.CHECKS` in one process, with what was found
    ``before``."""
    found: dict[str, Finding] = {}
    for name in names:
        hindrance = _first_bad(_NEEDS.get(name, ()), {**before, **found})
        if hindrance is not None:
            found[name] = _not_looked_at(name, hindrance)
        elif not _is_there(name):
            status: Status = "failed" if PACKAGES[name].needed else "missing"
            found[name] = _with_advice(Finding(status, _ABSENT, name=name))
    there = [name for name in names if name not in found]
    for finding in call_checks(there, limit) if there else ():
        hindrance = _first_bad(_NEEDS.get(finding.name, ()), found)
        if hindrance is not None:  # which has turned out only now
            found[finding.name] = _not_looked_at(finding.name, hindrance)
        else:
            found[finding.name] = _with_advice(replace(finding, seconds=None))
    return {name: found[name] for name in names}


def _is_there(name: str) -> bool:
    module = PACKAGES[name].module if name in PACKAGES else ""
    return not module or find_spec(module) is not None


def _not_looked_at(name: str, hindrance: str) -> Finding:
    return Finding("skipped", f"not looked at without {hindrance}", name=name)


def _first_bad(names: Sequence[str], found: Mapping[str, Finding]) -> str | None:
    """The first of these that is not there, or does not work."""
    bad = (name for name in names if name in found and found[name].status in BAD)
    return next(bad, None)


def _with_advice(finding: Finding) -> Finding:
    """What is lost without a package and how it is installed, unless the finding says it."""
    package = PACKAGES.get(finding.name)
    if package is None or finding.advice or finding.status not in ("missing", "failed"):
        return finding
    is_there = finding.status == "failed" and finding.text != _ABSENT
    line = install_line(finding.name, instead="broken" if is_there else "")
    return replace(finding, advice=package.lost, install=line)


def look_at_mpirun(limit: float) -> Finding:
    """What starts ranks, and of which MPI it is."""
    path = shutil.which("mpirun")
    if path is None:
        return _with_advice(Finding("missing", "not on PATH", name="mpirun"))
    ended = run_limited([path, "--version"], limit)
    words = next((line.strip() for line in ended.output.splitlines() if line.strip()), "")
    if ended.status == 0:
        return Finding("ok", f"{words}, {path}", values={"path": path}, name="mpirun")
    text, details = f"{path}: {how_it_failed(ended, limit)}", ended.output + ended.messages
    return _with_advice(Finding("failed", text, details=details, name="mpirun"))


def try_ranks(limit: float) -> Finding:
    """Two ranks of mpirun, as ``--ranks`` starts them."""
    mpirun = shutil.which("mpirun")
    assert mpirun is not None
    defaults = {**RANK_DEFAULTS, **_MORE_RANKS_THAN_CORES}
    (finding,) = call_checks(["mpi"], limit, [mpirun, "-n", "2"], defaults)
    if finding.status != "failed" or finding.values:  # the ranks tell what is wrong
        return finding
    if "as root" in finding.details:
        return replace(finding, text="mpirun refuses to start as root", advice=_AS_ROOT)
    return replace(finding, advice=_MPIRUN)
