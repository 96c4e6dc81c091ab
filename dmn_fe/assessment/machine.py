"""What times were measured on."""

import platform
from pathlib import Path
from typing import Any

import torch

from dmn_fe.collective import Communicator

__all__ = ["machine_of", "machine_text"]


def machine_of(comm: Communicator) -> dict[str, Any]:
    """JSON values: processor, torch, processes that work side by side, threads of each."""
    info, cpu = Path("/proc/cpuinfo"), platform.processor()
    if info.exists():
        names = [line for line in info.read_text().splitlines() if line.startswith("model name")]
        cpu = names[0].split(":", 1)[1].strip() if names else cpu
    return {
        "cpu": cpu,
        "torch": torch.__version__,
        "processes": comm.size,
        "threads": torch.get_num_threads(),
        "rank": comm.rank,
    }


def machine_text(machine: dict[str, Any]) -> str:
    """The same in words."""
    return (
        f"{machine['cpu']}, torch {machine['torch']}, {machine['processes']} process(es) of "
        f"{machine['threads']} thread(s)"
    )
