"""What evaluates networks: the compiler with its cache, and the GPU; called in a process of its
own, since it imports torch."""

import os
import shlex
import shutil
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from dmn_fe.doctor.finding import Finding
from dmn_fe.doctor.machine import in_gigabytes
from dmn_fe.errors import InputError
from dmn_fe.evaluate.core.compiler import find_compiler
from dmn_fe.evaluate.core.library import cache_folder
from dmn_fe.evaluate.core.nvrtc import cuda_core

__all__ = ["cache", "compiler", "cuda"]

_DEVICE = Path("/dev/nvidiactl")  # of the driver of NVIDIA, on Linux
_NO_GPU = "Networks are evaluated on the processor."
_LITTLE_SPACE = 2e8  # bytes


def compiler() -> Finding:
    """The C++ compiler that builds the core."""
    try:
        found = find_compiler()
    except InputError as error:  # CXX is no command
        return Finding("failed", str(error), "Set CXX to a C++ compiler, e.g. g++, or to nothing.")
    if found is None:
        return Finding("missing", "none of CXX, c++, g++ and clang++ was found")
    path, words = shutil.which(found.command[0]), found.identity.splitlines()[0]
    text = f"{words}, {path}, {found.lanes} points side by side"
    values = {"command": shlex.join(found.command), "version": words, "lanes": found.lanes}
    return Finding("ok", text, values=values)


def cache() -> Finding:
    """Where the compiled core is kept."""
    advice = "Set XDG_CACHE_HOME to a folder that can be written: the core is built in every run."
    try:
        folder = cache_folder()
    except RuntimeError as error:  # there is no home
        return Finding("warning", str(error), advice)
    there = next(each for each in (folder, *folder.parents) if each.exists())
    built, free = len(list(folder.glob("*.so"))), shutil.disk_usage(there).free
    values = {"folder": str(folder), "built": built, "free": free}
    text = f"{folder}, {built} core(s) built, {in_gigabytes(free)} free"
    if not (there.is_dir() and os.access(there, os.W_OK | os.X_OK)):
        return Finding("warning", f"{text}, cannot be written", advice, values=values)
    if free < _LITTLE_SPACE:
        advice = "That is little: remove files there, or set XDG_CACHE_HOME to another folder."
        return Finding("warning", text, advice, values=values)
    return Finding("ok", text, values=values)


def cuda() -> Finding:
    """GPUs, and what compiles kernels for them; a missing GPU is no fault."""
    built = torch.version.cuda
    has_driver = _DEVICE.exists()
    values: dict[str, Any] = {"torch_cuda": built, "devices": []}
    if built is None and not has_driver:
        return Finding("missing", "no NVIDIA GPU, and torch is built without CUDA", _NO_GPU)
    if built is None:
        text = "there is an NVIDIA GPU, but torch is built without CUDA"
        advice = f"{_NO_GPU} For the GPU, install a torch that is built for CUDA (pytorch.org)."
        return Finding("missing", text, advice, values=values)
    if not torch.cuda.is_available() and not has_driver:
        return Finding("missing", f"no NVIDIA GPU (torch is built for CUDA {built})", _NO_GPU)
    if not torch.cuda.is_available():
        advice = (
            f"{_NO_GPU} See what nvidia-smi says: the driver may be too old for CUDA {built}, or "
            "CUDA_VISIBLE_DEVICES or the batch system may hide the GPU."
        )
        text = f"torch, built for CUDA {built}, cannot use the NVIDIA GPU"
        return Finding("warning", text, advice, values=values)
    devices = [torch.cuda.get_device_properties(k) for k in range(torch.cuda.device_count())]
    names = [f"{each.name} ({in_gigabytes(each.total_memory)})" for each in devices]
    values["devices"] = names
    text = f"{', '.join(names)}; torch for CUDA {built}"
    try:
        cuda_core()
    except InputError as error:
        return Finding("missing", text, str(error), values=values)
    versions = {name: version(name) for name in ("cuda-core", "cuda-bindings")}
    words = ", ".join(f"{name} {number}" for name, number in versions.items())
    return Finding("ok", f"{text}, {words}", values={**values, **versions})
