"""Whether results are of a run file as it is now."""

import hashlib
import json
from pathlib import Path
from typing import Any

from dmn_fe.cli.runfile import RunFile
from dmn_fe.cli.validation_case import Variant
from dmn_fe.errors import InputError

__all__ = ["identity"]

# What does not change the result of a run.
_FREE = {"title", "units", "output", "checkpoints", "comparison", "validation"}


def identity(variant: Variant, case: RunFile) -> dict[str, str]:
    """Hashes of what the results of a run depend on: its tables, with the content of their files.

    By the keys of the run file, so that a difference can be named.
    """
    run_file = variant.with_network(case, Path(), variant.network)
    tables = run_file.model_dump(exclude=_FREE)
    tables["steps"].pop("wall_clock")
    # Those that are not given stay away: a later release may have more of them.
    found = {
        key: hashlib.sha256(json.dumps(_content(value), sort_keys=True).encode()).hexdigest()
        for key, value in tables.items()
        if value
    }
    return found | ({"member": str(variant.number)} if variant.of else {})


def _content(value: Any) -> Any:
    if isinstance(value, Path):
        return _hash_of_files(value)
    if isinstance(value, dict):
        return {str(key): _content(one) for key, one in value.items() if one is not None}
    if isinstance(value, (list, tuple)):
        return [_content(one) for one in value]
    return value


def _hash_of_files(path: Path) -> str:
    """SHA-256 (hex) of a file, or of all those that a folder or a pattern of slices stands for; of
    an XDMF file with the data beside it."""
    files = [path]
    if path.is_dir():
        files = sorted(one for one in path.iterdir() if one.is_file())
    elif "*" in path.name:
        files = sorted(path.parent.glob(path.name))
    elif path.suffix.lower() == ".xdmf" and path.with_suffix(".h5").exists():
        files.append(path.with_suffix(".h5"))
    found = hashlib.sha256()
    for file in files:
        try:
            found.update(file.read_bytes())
        except OSError as error:
            raise InputError(
                f"{file}: cannot be read ({error.strerror}); give its right name."
            ) from error
    return found.hexdigest()
