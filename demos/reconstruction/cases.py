"""Finished cases of a study: each is one line of JSON in a results file."""

import json
import time
from pathlib import Path

from dmn_fe.files import written_whole

__all__ = ["add", "is_new", "lines_of", "write_lines"]

# What a case may be done again with; everything else in it is its name.
_STATE = ("seeds", "digest")


def lines_of(results: Path) -> list[dict]:
    """The finished cases."""
    if not results.exists():
        return []
    return [json.loads(line) for line in results.read_text(encoding="utf-8").splitlines()]


def write_lines(results: Path, lines: list[dict]) -> None:
    """Write finished cases."""
    results.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(results) as partial:
        partial.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


def is_new(results: Path, case: dict) -> bool:
    """Whether a case is still to be done; says that it begins.

    It is done if the results have it of the same image with as many ``seeds`` or more.
    """
    for line in lines_of(results):
        same = _named(line, case) and line.get("digest") == case.get("digest")
        if same and line.get("seeds", 0) >= case["seeds"]:
            return False
    shown = ", ".join(str(value) for name, value in case.items() if name not in _STATE)
    print(f"{time.strftime('%H:%M:%S')} {shown}, seeds: {case['seeds']}", flush=True)
    return True


def add(results: Path, case: dict, found: dict) -> None:
    """Add a case with what was found; one of fewer seeds or of another image gives way."""
    kept = [line for line in lines_of(results) if not _named(line, case)]
    write_lines(results, [*kept, {**case, **found}])
    print(f"  {found['verdict']}, {found['seconds']} s each", flush=True)


def _named(line: dict, case: dict) -> bool:
    return all(line.get(name) == case[name] for name in case if name not in _STATE)
