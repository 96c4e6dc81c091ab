"""The C++ compiler of this machine, and how it is called."""

import functools
import hashlib
import os
import platform
import re
import shlex
import shutil
import subprocess
import sysconfig
from dataclasses import dataclass
from pathlib import Path

import torch

from dmn_fe.errors import InputError

__all__ = ["CompilationError", "Compiler", "find_compiler", "first_error"]

_FLAGS = ("-std=c++17", "-O3", "-march=native", "-fPIC", "-shared")
# Square roots and choices by mask need neither errno nor exact exceptions; results are the same.
_MATHS = ("-fno-math-errno", "-fno-trapping-math")
_SECONDS = 300


class CompilationError(InputError):
    """A source that the compiler refuses; says where and why."""


@dataclass(frozen=True)
class Compiler:
    """A C++17 compiler with the flags for the machine it runs on.

    Attributes
    ----------
    command : tuple of str
        The compiler and what the user adds to it.
    lanes : int
        Points that are evaluated side by side: doubles in a vector of this machine.
    identity : str
        Version and target; a library is only used again where this is the same.
    """

    command: tuple[str, ...]
    lanes: int
    identity: str

    @property
    def flags(self) -> tuple[str, ...]:
        """Flags of every compilation."""
        maths = ("-DDMN_LIBMVEC",) if _has_vector_maths() else ()
        return (*_FLAGS, *_MATHS, f"-DDMN_LANES={self.lanes}", *maths)

    def build(self, source: Path, library: Path, include: Path) -> None:
        """Compile a source file into a shared library.

        Raises
        ------
        CompilationError
            If the compiler refuses it, or does not end.
        """
        libraries = ["-lmvec", "-lm"] if _has_vector_maths() else ["-lm"]
        command = [*self.command, *self.flags, f"-I{include}", str(source), "-o", str(library)]
        try:
            done = subprocess.run(
                command + libraries,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=_SECONDS,
                check=False,
                stdin=subprocess.DEVNULL,
            )
        except subprocess.TimeoutExpired:
            raise CompilationError(
                f"{self.command[0]} did not compile {source} within {_SECONDS} s."
            ) from None
        if done.returncode:
            raise CompilationError(first_error(done.stderr) or f"{self.command[0]} failed.")


@functools.cache
def find_compiler(lanes: int | None = None) -> Compiler | None:
    """The compiler of this machine: that of the variable ``CXX``, that Python was built with, or
    ``c++``, ``g++`` or ``clang++``. None if there is none.

    ``lanes`` sets how many points are evaluated side by side, by default as wide as the machine.
    """
    candidates = [os.environ.get("CXX"), sysconfig.get_config_var("CXX"), "c++", "g++", "clang++"]
    for candidate in candidates:
        command = shlex.split(candidate or "")
        if not command or not shutil.which(command[0]):
            continue
        try:
            version = subprocess.run(
                [*command, "--version"],
                capture_output=True,
                text=True,
                timeout=60,
                check=True,
                stdin=subprocess.DEVNULL,
            ).stdout
        except (OSError, subprocess.SubprocessError):
            continue
        identity = "\n".join([version, platform.machine(), *platform.libc_ver(), _cpu()])
        return Compiler(tuple(command), lanes or _lanes(), identity)
    return None


def _lanes() -> int:
    return 8 if torch.backends.cpu.get_cpu_capability() == "AVX512" else 4


def _cpu() -> str:
    """What the processor can do: a cache folder may be shared by machines that differ."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor()
    line = re.search(r"^(flags|Features)\s*:(.*)$", text, re.MULTILINE)
    return hashlib.sha256((line.group(2) if line else text).encode()).hexdigest()


def _has_vector_maths() -> bool:
    """Whether there is glibc's library of vector functions."""
    return platform.libc_ver()[0] == "glibc" and platform.machine() == "x86_64"


def first_error(output: str) -> str:
    """The first error of a compiler, with its file and line."""
    lines = output.splitlines()
    for number, line in enumerate(lines):
        if re.search(r"\berror\b", line):
            shown = [each for each in lines[number + 1 : number + 3] if re.match(r"[ \d]*\|", each)]
            return "\n".join([line, *shown])
    return "\n".join(lines[:3])
