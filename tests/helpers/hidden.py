"""Modules that are hidden from processes, or replaced."""

from pathlib import Path

__all__ = ["fake_module", "fake_program", "hide_modules"]

_HIDE = """
import importlib.machinery, sys

class Finder(importlib.machinery.PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name.split(".")[0] in {hidden!r} else super().find_spec(name, path, target)

sys.meta_path[:] = [
    Finder if each is importlib.machinery.PathFinder else each for each in sys.meta_path
]
"""


def hide_modules(folder: Path, *names: str) -> None:
    """Write what hides modules from every Python that has ``folder`` on its ``PYTHONPATH``."""
    (folder / "sitecustomize.py").write_text(_HIDE.format(hidden=names))


def fake_module(folder: Path, name: str, text: str) -> None:
    """Write a module."""
    (folder / f"{name}.py").write_text(text)


def fake_program(folder: Path, name: str, text: str) -> None:
    """Write a shell script."""
    file = folder / name
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)
