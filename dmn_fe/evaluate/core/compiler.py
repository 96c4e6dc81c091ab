"""The C++ compiler of this machine, and how it is called."""

import functools
import hashlib
import logging
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

__all__ = ["CompilationError", "Compiler", "find_compiler", "first_error", "the_compiler"]

_FLAGS = ("-std=c++17", "-O3", "-march=native", "-fPIC", "-shared", "-pthread")
# Square roots and choices by mask need neither errno nor exact exceptions; results are the same.
_MATHS = ("-fno-math-errno", "-fno-trapping-math")
_SECONDS = 300
_log = logging.getLogger(__name__)


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
        command = [*self.command, *self.flags, f"-I{include}", str(source), "-o", str(library)]
        failed = _run(command + (["-lmvec", "-lm"] if _has_vector_maths() else ["-lm"]))
        if failed and "mvec" in failed:  # the compiler's own glibc may be older than that of Python
            command.remove("-DDMN_LIBMVEC")
            failed = _run([*command, "-lm"])
        if failed:
            raise CompilationError(first_error(failed))


def _run(command: list[str]) -> str:
    """What the compiler complains of; nothing if it succeeds."""
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_SECONDS,
            check=False,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "LC_ALL": "C"},  # in the language that is searched for errors
        )
    except subprocess.TimeoutExpired:
        return f"error: {command[0]} did not end within {_SECONDS} s."
    return (done.stderr or f"error: {command[0]} failed.") if done.returncode else ""


@functools.cache
def find_compiler(lanes: int | None = None) -> Compiler | None:
    """The compiler of this machine: that of the variable ``CXX``, that Python was built with, or
    ``c++``, ``g++`` or ``clang++``. None if there is none.

    ``lanes`` sets how many points are evaluated side by side, by default as wide as the machine.
    """
    wish = os.environ.get("CXX")
    candidates = [wish, sysconfig.get_config_var("CXX"), "c++", "g++", "clang++"]
    for candidate in candidates:
        try:
            command = shlex.split(candidate or "")
        except ValueError as error:
            raise InputError(f"the variable CXX = {candidate!r} is no command: {error}.") from None
        if not command:
            continue
        if not shutil.which(command[0]):
            if candidate == wish:
                _log.warning("CXX = %s was not found; another compiler is taken.", wish)
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
            if candidate == wish:
                _log.warning("CXX = %s is no compiler; another one is taken.", wish)
            continue
        identity = "\n".join([version, platform.machine(), *platform.libc_ver(), _cpu()])
        return Compiler(tuple(command), lanes or _lanes(), identity)
    return None


def the_compiler() -> Compiler:
    """As :func:`find_compiler`.

    Raises
    ------
    CompilationError
        If there is none.
    """
    compiler = find_compiler()
    if compiler is None:
        raise CompilationError("no C++ compiler was found; install one, e.g. g++, or set CXX.")
    return compiler


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
    """The first error of a compiler, with its file and line; of a law that a user has written, with
    the name and the line of the law."""
    lines = output.splitlines()
    for number, line in enumerate(lines):
        if "ld returned" in line and number:
            return f"{lines[number - 1]}\n{line}"
        if not re.search(r"\berror\b", line):
            continue
        before = "\n".join(lines[max(0, number - 12) : number])
        places = re.findall(r"inlined from .* at ([^/:]+:\d+)", before)
        told = re.search(r"declared with attribute (error: .*)", line)
        if places and told:  # by the headers of the core
            return f"{places[0]}: {told.group(1)}"
        where = f"{places[0]}: " if places and "/" in line.split(":")[0] else ""
        shown = [each for each in lines[number + 1 : number + 3] if re.match(r"[ \d]*\|", each)]
        return "\n".join([where + line, *shown])
    return "\n".join(lines[:3])
