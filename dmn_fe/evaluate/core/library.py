"""Libraries of the core: built when first needed, kept in the user's cache folder."""

import contextlib
import ctypes
import functools
import hashlib
import logging
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import filelock

from dmn_fe.evaluate.core.compiler import CompilationError, Compiler
from dmn_fe.laws.kernel import Kernel

__all__ = [
    "HASH_SIZE",
    "cache_folder",
    "cached",
    "kernel_source",
    "law_types",
    "load_library",
    "load_source",
    "sources",
]

HASH_SIZE = 32  # bytes at the end of a file of the cache
_KERNELS = Path(__file__).parents[1] / "kernels"
# Seconds for a process that builds what others wait for: longer than a compiler may take.
_LONGEST_WAIT = 700
_log = logging.getLogger(__name__)
Loaded = TypeVar("Loaded")


def cache_folder() -> Path:
    """Folder of the built libraries, in ``XDG_CACHE_HOME`` or ``~/.cache``."""
    root = os.environ.get("XDG_CACHE_HOME")
    return Path(root or Path.home() / ".cache") / "dmn_fe" / "core"


@functools.cache
def sources() -> dict[str, str]:
    """Texts of the headers by their path in the folder of the kernels."""
    paths = sorted(_KERNELS.rglob("*.hpp"))
    return {path.relative_to(_KERNELS).as_posix(): path.read_text() for path in paths}


def load_library(compiler: Compiler, laws: Sequence[Kernel]) -> ctypes.CDLL:
    """The library of a list of laws, one for each phase in order.

    It is built if there is none for these headers, laws, flags and machine. Many processes may ask
    at once: one builds, the others wait.

    Raises
    ------
    CompilationError
        If the compiler refuses a law.
    """
    types = law_types(laws)
    return load_source(compiler, f"{kernel_source('cpu.hpp', laws)}DMN_LIBRARY({types})\n", types)


def law_types(laws: Sequence[Kernel]) -> str:
    """C++ types of laws as template arguments."""
    return ", ".join(f"dmn::{law.type}" for law in laws)


def kernel_source(header: str, laws: Sequence[Kernel]) -> str:
    """The begin of a source text: a header of the core, and all that defines the laws."""
    headers = dict.fromkeys([header, *(own for law in laws for own in law.headers)])
    definitions = dict.fromkeys(law.definition for law in laws)
    return "".join([*(f'#include "{own}"\n' for own in headers), *definitions])


def load_source(compiler: Compiler, text: str, types: str) -> ctypes.CDLL:
    """The library of a source text; ``types`` names it in messages. See :func:`load_library`."""
    outcome = _loaded(compiler, text, types)
    if isinstance(outcome, CompilationError):
        raise CompilationError(str(outcome))  # without the frames of where it was kept
    return outcome


@functools.cache
def _loaded(compiler: Compiler, text: str, types: str) -> ctypes.CDLL | CompilationError:
    """The library, or why there is none: what failed once is not tried again."""
    parts = [text, *compiler.command, *compiler.flags, compiler.identity]

    def make(folder: Path, library: Path) -> None:
        source = folder / "core.cpp"
        source.write_text(text)
        compiler.build(source, library, folder)

    try:
        return cached(parts, ".so", make, types, lambda path: ctypes.CDLL(str(path)))
    except CompilationError as error:
        return error


def cached(
    parts: Sequence[object],
    suffix: str,
    make: Callable[[Path, Path], None],
    types: str,
    load: Callable[[Path], Loaded],
) -> Loaded:
    """What ``load`` reads from a file of the cache folder.

    The file is made if there is none for these ``parts`` and the headers: ``make(folder, path)``
    writes ``path``, with the headers in ``folder``. Many processes may ask at once: one makes it,
    the others wait. ``types`` names it in messages.
    """
    key = hashlib.sha256(repr([*parts, *sources().items()]).encode()).hexdigest()[:32]
    try:
        folder = cache_folder()
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{key}{suffix}"
        if _is_whole(path):  # without a lock: the folder may be read-only
            with contextlib.suppress(OSError):
                return load(path)
        with filelock.FileLock(folder / f"{key}.lock", timeout=_LONGEST_WAIT):
            if not _is_whole(path):
                if path.exists():
                    _log.warning("%s is damaged; it is built again.", path)
                _build(make, types, path)
            try:
                return load(path)
            except OSError:
                path.unlink()
                raise
    # Also where the user has no home folder, or the file system no locks, or none that are given.
    except (OSError, RuntimeError, NotImplementedError) as error:
        _log.warning("%s; the core is built for this run alone.", error)
    try:
        with tempfile.TemporaryDirectory(prefix="dmn_fe-") as own:
            path = Path(own) / f"{key}{suffix}"
            _build(make, types, path)
            return load(path)
    except OSError as error:
        raise CompilationError(
            f"the core cannot be built in a temporary folder, or not loaded: {error}; set TMPDIR "
            "or XDG_CACHE_HOME to a folder that can be written, and CXX to a compiler, e.g. g++."
        ) from error


def _is_whole(path: Path) -> bool:
    """Whether a file is there and ends with the hash of what is before: loading a library that is
    cut short may end the process."""
    if not path.exists():
        return False
    content = path.read_bytes()
    return hashlib.sha256(content[:-HASH_SIZE]).digest() == content[-HASH_SIZE:]


def _build(make: Callable[[Path, Path], None], types: str, path: Path) -> None:
    """Compile beside ``path`` and rename into place, so that no half-made file is found."""
    start = time.perf_counter()
    with tempfile.TemporaryDirectory(dir=path.parent, prefix="building-") as own:
        for name, header in sources().items():  # those that the key stands for
            place = Path(own) / name
            place.parent.mkdir(exist_ok=True)
            place.write_text(header)
        built = Path(own) / f"core{path.suffix}"
        make(Path(own), built)
        if not built.exists():
            raise CompilationError(
                "the compiler made nothing; set CXX to a C++ compiler, e.g. g++."
            )
        with built.open("ab") as file:
            file.write(hashlib.sha256(built.read_bytes()).digest())
        os.replace(built, path)
    seconds = time.perf_counter() - start
    _log.info("built the core for %s in %.1f s: %s", types, seconds, path)
