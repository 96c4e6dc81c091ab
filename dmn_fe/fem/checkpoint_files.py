"""Files and folders of checkpoints: what is read and written, and how they come and go.

A folder that comes or goes has a hidden name, so that what was interrupted is never taken for a
checkpoint.
"""

import contextlib
import json
import shutil
from pathlib import Path
from typing import Any, Literal

from torch import Tensor

from dmn_fe.errors import InputError, file_sentence
from dmn_fe.files import written_whole
from dmn_fe.tensor_file import TensorFormat

__all__ = [
    "Damaged",
    "complete",
    "hidden",
    "read_manifest",
    "read_rows",
    "remove",
    "remove_leftovers",
    "set_aside",
    "write_manifest",
    "write_rows",
]

_VERSION = 1
_FILE = TensorFormat(
    "dmn_fe.checkpoint", _VERSION, None, "part of a checkpoint", "restart from an older checkpoint"
)
_MANIFEST = "manifest.json"


class Damaged(InputError):
    """A checkpoint that cannot be read."""


def complete(folder: Path) -> list[Path]:
    """Folders of complete checkpoints, the oldest first."""
    return sorted(one for one in folder.glob("step_*") if (one / _MANIFEST).is_file())


def hidden(checkpoint: Path, why: Literal["partial", "replaced", "removed"]) -> Path:
    """Name of a checkpoint that is not complete yet, or no longer."""
    return checkpoint.with_name(f".{checkpoint.name}.{why}")


def remove(checkpoint: Path) -> None:
    """Remove a checkpoint, at once for all who look."""
    gone = hidden(checkpoint, "removed")
    shutil.rmtree(gone, ignore_errors=True)
    with contextlib.suppress(OSError):
        checkpoint.rename(gone)
    shutil.rmtree(gone, ignore_errors=True)


def remove_leftovers(folder: Path) -> None:
    """Remove what interrupted runs have left."""
    for why in ("partial", "replaced", "removed"):
        for one in folder.glob(f".step_*.{why}"):
            shutil.rmtree(one, ignore_errors=True)


def set_aside(checkpoint: Path) -> None:
    """Rename a damaged checkpoint, which is not one for the next runs."""
    with contextlib.suppress(OSError):
        checkpoint.rename(checkpoint.with_name(f"damaged_{checkpoint.name}"))


def write_rows(checkpoint: Path, rank: int, rows: dict[str, Tensor]) -> None:
    """Write what a rank has committed."""
    _FILE.save(checkpoint / _name(rank), rows, {})


def read_rows(checkpoint: Path, rank: int) -> dict[str, Tensor]:
    """What a rank has committed.

    Raises
    ------
    Damaged
        If it cannot be read.
    """
    try:
        return _FILE.load(checkpoint / _name(rank))[0]
    except InputError as error:
        raise Damaged(str(error)) from error


def write_manifest(checkpoint: Path, manifest: dict[str, Any]) -> None:
    """Write the manifest, the last file of a checkpoint."""
    text = json.dumps({"format_version": _VERSION} | manifest, indent=1)
    with written_whole(checkpoint / _MANIFEST) as file:
        file.write_text(text, encoding="utf-8")


def read_manifest(checkpoint: Path) -> dict[str, Any]:
    """The manifest of a checkpoint.

    Raises
    ------
    Damaged
        If it cannot be read.
    InputError
        If it is of another version.
    """
    path = checkpoint / _MANIFEST
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        version = manifest["format_version"]
    except OSError as error:
        raise Damaged(file_sentence(path, error)) from error
    except (ValueError, KeyError, TypeError) as error:
        raise Damaged(f"{path}: is damaged; restart from an older checkpoint.") from error
    if version != _VERSION:
        raise InputError(
            f"{path}: format version {version} is unknown, this dmn_fe reads {_VERSION}; restart "
            "with the dmn_fe that wrote it."
        )
    return manifest


def _name(rank: int) -> str:
    return f"rank_{rank:05d}.safetensors"
