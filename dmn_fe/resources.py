"""Cores and memory that this process may use: of the machine, and of its container.

A container (Docker, Slurm, systemd) limits its processes by control groups: those of version 2 are
files below ``/sys/fs/cgroup``, those of version 1 in a folder there for each controller.
"""

import os
from pathlib import Path
from typing import NamedTuple

__all__ = ["Memory", "available_cores", "core_quota", "memory"]


def available_cores() -> int:
    """Cores that this process may use; where the system cannot tell (macOS), all there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def core_quota(root: Path = Path("/")) -> float | None:
    """Cores whose time the container may use, such as 1.5; None where there is no limit.

    All cores may be visible nevertheless. ``root`` is the folder of ``proc`` and ``sys``.
    """
    quotas = []
    for group in _groups(root, "cpu"):
        words = _text(group / "cpu.max").split()  # version 2: quota and period, or "max"
        words = words or [
            *_text(group / "cpu.cfs_quota_us").split(),
            *_text(group / "cpu.cfs_period_us").split(),
        ]
        if len(words) == 2 and all(word.isdigit() for word in words) and int(words[1]):
            quotas.append(int(words[0]) / int(words[1]))
    return min(quotas, default=None)


class Memory(NamedTuple):
    """Memory in bytes.

    Attributes
    ----------
    total : int
        Of the machine, or the limit of the container.
    available : int or None
        What can be had without swapping; None where the system does not say (macOS).
    limited : bool
        Whether a container limits it.
    """

    total: int
    available: int | None
    limited: bool


def memory(root: Path = Path("/")) -> Memory | None:
    """Memory of the machine and its container; None where the system does not say.

    ``root`` is the folder of ``proc`` and ``sys``.
    """
    machine = {}
    for line in _text(root / "proc/meminfo").splitlines():
        name, _, number = line.partition(":")
        machine[name] = 1024 * int(number.split()[0])  # in kB
    try:
        total = machine.get("MemTotal") or os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return None
    available = machine.get("MemAvailable")
    limited = False
    for group in _groups(root, "memory"):
        limit = _number(group, "memory.max", "memory.limit_in_bytes")
        if limit is None or limit >= total:  # version 1 has a huge number in place of no limit
            continue
        total, limited = limit, True
        used = _number(group, "memory.current", "memory.usage_in_bytes") or 0
        free = max(0, limit - used + _file_cache(group))
        available = free if available is None else min(available, free)
    return Memory(total, available, limited)


def _groups(root: Path, controller: str) -> list[Path]:
    """Folders of the control group of this process, and of those around it."""
    folders = []
    for line in _text(root / "proc/self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        base = root / "sys/fs/cgroup"
        if controllers:  # version 1
            if controller not in controllers.split(","):
                continue
            base = base / controller
        # A container may see its own group as the whole tree, under a path that is not there.
        group = base / path.strip("/")
        folders += [each for each in (group, *group.parents) if each.is_relative_to(base)]
    return folders


def _file_cache(group: Path) -> int:
    """Bytes that the group uses for files it has read, which the system takes back at need."""
    lines = (line.split() for line in _text(group / "memory.stat").splitlines())
    numbers = {line[0]: int(line[1]) for line in lines if len(line) == 2}
    return numbers.get("total_inactive_file", numbers.get("inactive_file", 0))


def _number(group: Path, *names: str) -> int | None:
    """The number in the first of these files that holds one."""
    texts = (_text(group / name).strip() for name in names)
    return next((int(text) for text in texts if text.isdigit()), None)


def _text(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:
        return ""
