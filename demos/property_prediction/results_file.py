"""Results of a measurement: its settings, and one line for every entry."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dmn_fe.errors import InputError
from dmn_fe.files import written_whole

__all__ = ["read_entries", "read_results", "write_results"]

Entry = dict[str, Any]


def read_results(path: Path) -> tuple[dict[str, Any], list[Entry]]:
    """Settings and entries of a file."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return found["settings"], found["entries"]
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: no results of this demo; give another --output.") from error


def read_entries(path: Path, settings: dict[str, Any]) -> list[Entry]:
    """Entries of a file, none if there is no file yet.

    Raises
    ------
    InputError
        If the file was begun with other settings.
    """
    if not path.exists():
        return []
    found, entries = read_results(path)
    if found != settings:
        names = [n for n in {**settings, **found} if found.get(n) != settings.get(n)]
        raise InputError(
            f"{path}: begun with other settings ({', '.join(names)}); give another --output."
        )
    return entries


def write_results(path: Path, settings: dict[str, Any], entries: Sequence[Entry]) -> None:
    """Write a file, under its name only when it is complete."""
    lines = ",\n".join(json.dumps(entry, ensure_ascii=False) for entry in entries)
    head = json.dumps(settings, ensure_ascii=False)
    with written_whole(path) as partial:
        partial.write_text(f'{{"settings": {head},\n"entries": [\n{lines}\n]}}\n', encoding="utf-8")
