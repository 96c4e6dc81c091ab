"""Libraries of the core: built when first needed, kept in the user's cache folder."""

import ctypes
import functools
import hashlib
import logging
import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import filelock

from dmn_fe.evaluate.core.compiler import Compiler
from dmn_fe.laws.kernel import Kernel

__all__ = ["cache_folder", "load_library", "load_source", "sources"]

_KERNELS = Path(__file__).parents[1] / "kernels"
_log = logging.getLogger(__name__)


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
    types = ", ".join(f"dmn::{law.type}" for law in laws)
    headers = dict.fromkeys(["cpu.hpp", *(h for law in laws for h in law.headers)])
    text = "".join(f'#include "{header}"\n' for header in headers) + f"DMN_LIBRARY({types})\n"
    return load_source(compiler, text, types)


@functools.cache
def load_source(compiler: Compiler, text: str, types: str) -> ctypes.CDLL:
    """The library of a source text; ``types`` names it in messages. See :func:`load_library`."""
    parts = [text, *compiler.command, *compiler.flags, compiler.identity, *sources().items()]
    key = hashlib.sha256(repr(parts).encode()).hexdigest()[:32]
    try:
        folder = cache_folder()
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{key}.so"
        with filelock.FileLock(folder / f"{key}.lock"):
            if not path.exists():
                _build(compiler, text, types, path)
    except PermissionError as error:
        _log.warning("%s cannot be written; the core is built for this run alone.", error.filename)
        with tempfile.TemporaryDirectory(prefix="dmn_fe-") as own:
            _build(compiler, text, types, Path(own) / f"{key}.so")
            return ctypes.CDLL(str(Path(own) / f"{key}.so"))
    return ctypes.CDLL(str(path))


def _build(compiler: Compiler, text: str, types: str, path: Path) -> None:
    """Compile beside ``path`` and rename into place, so that no half-made library is found."""
    start = time.perf_counter()
    with tempfile.TemporaryDirectory(dir=path.parent, prefix="building-") as own:
        source, library = Path(own) / "core.cpp", Path(own) / "core.so"
        source.write_text(text)
        compiler.build(source, library, _KERNELS)
        os.replace(library, path)
    seconds = time.perf_counter() - start
    _log.info("built the core for %s in %.1f s: %s", types, seconds, path)
