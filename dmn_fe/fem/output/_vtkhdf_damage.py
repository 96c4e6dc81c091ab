"""VTKHDF files that were damaged, e.g. because the process was killed in a write."""

import os
from pathlib import Path

import h5py

from dmn_fe.errors import InputError, file_sentence

__all__ = ["damage", "keep_aside"]


def damage(path: Path) -> str | None:
    """Why HDF5 cannot read a file of steps; None if it can, or if there is no such file."""
    try:
        with open(path, "rb"):
            pass
    except OSError:
        return None  # not of what is in it
    try:
        with h5py.File(path, "r", locking=False) as file:
            steps = file["VTKHDF/Steps"]
            n = int(steps.attrs["NSteps"])
            file.visititems(_look_at)
            if n > 0 and len(steps["Values"]) < n:
                return "there are fewer times than steps"
    except Exception as error:  # HDF5 raises many
        return " ".join(str(error).split())
    return None


def keep_aside(path: Path) -> Path:
    """Give a file another name, of which there is none yet.

    Raises
    ------
    InputError
        If the folder may not be written.
    """
    aside, n = path.with_name(f"{path.stem}_damaged{path.suffix}"), 1
    while os.path.lexists(aside):
        aside, n = path.with_name(f"{path.stem}_damaged_{n + 1}{path.suffix}"), n + 1
    try:
        path.rename(aside)
    except OSError as error:
        raise InputError(file_sentence(path, error)) from error
    return aside


def _look_at(name: str, item: h5py.Group | h5py.Dataset) -> None:
    """Read the first and last row of a data set, and where all of its parts are."""
    if not isinstance(item, h5py.Dataset) or item.size == 0:
        return
    item[:1], item[-1:]
    if item.chunks is not None:
        item.id.get_num_chunks()
