"""Files that were damaged, e.g. because the process was killed in a write."""

import os
from pathlib import Path

from dmn_fe.errors import InputError, file_sentence

__all__ = ["keep_aside"]


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
