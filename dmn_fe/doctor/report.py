"""The report, for people and for scripts."""

import json
import shutil
import textwrap
from collections.abc import Callable, Iterable
from dataclasses import asdict

from dmn_fe import __version__
from dmn_fe.doctor.diagnosis import LIMIT, look, try_rooms
from dmn_fe.doctor.finding import Finding

__all__ = ["report"]

_INDENT = 28  # of the texts, behind name and status


def report(limit: float = LIMIT, quick: bool = False, as_json: bool = False) -> int:
    """Look at the machine and try all rooms; print what comes of it.

    Parameters
    ----------
    limit : float
        Seconds that a process may take.
    quick : bool
        Leave out the self-tests.
    as_json : bool
        Print one JSON object and nothing else: ``dmn_fe`` (version), ``status`` (``"ok"`` or
        ``"failed"``), ``failed`` (names of what is wrong), ``found`` and ``self_tests`` (by name,
        the entries of :class:`~dmn_fe.doctor.finding.Finding` but the name; the latter is empty if
        ``quick``).

    Returns
    -------
    int
        The exit status: 0 if all that is there works, 1 if something has failed.
    """
    say: Callable[[str], None] = _nothing if as_json else _print
    say(f"dmn_fe {__version__}: what is found")
    found = _collected(look(limit), say)
    tests: dict[str, Finding] = {}
    if not quick:
        say("\nself-tests: each computes something small whose answer is known")
        tests = _collected(try_rooms(found, limit), say)
    failed = [name for name, each in {**found, **tests}.items() if each.status == "failed"]
    if as_json:
        document = {
            "dmn_fe": __version__,
            "status": "failed" if failed else "ok",
            "failed": failed,
            "found": {name: _entries(each) for name, each in found.items()},
            "self_tests": {name: _entries(each) for name, each in tests.items()},
        }
        print(json.dumps(document, indent=1, allow_nan=False))
    how = "; all messages: dmn-fe doctor --json"
    say(f"\nfailed: {', '.join(failed)}{how}" if failed else "\nall that is there works")
    return 1 if failed else 0


def _nothing(line: str) -> None:
    pass


def _print(line: str) -> None:
    print(line, flush=True)


def _collected(findings: Iterable[Finding], say: Callable[[str], None]) -> dict[str, Finding]:
    """Findings by their name; each is said as soon as it is there."""
    collected = {}
    for finding in findings:
        collected[finding.name] = finding
        say(_row(finding))
    return collected


def _entries(finding: Finding) -> dict:
    entries = asdict(finding)
    del entries["name"]
    return entries


def _row(finding: Finding) -> str:
    """Name, status and text, and below what to do; lines to copy are not broken."""
    took = "" if finding.seconds is None else f"{finding.seconds:.2f} s: "
    first = f"  {finding.name:<17}{finding.status:<9}"
    lines = [*_wrapped(first, took + finding.text)]
    if finding.advice:
        lines += _wrapped(" " * _INDENT, finding.advice)
    if finding.install:
        lines.append(f"{' ' * _INDENT}> {finding.install}")
    return "\n".join(lines)


def _wrapped(first: str, text: str) -> list[str]:
    width = max(_INDENT + 30, shutil.get_terminal_size((110, 24)).columns)
    return textwrap.wrap(
        text,
        width,
        initial_indent=first,
        subsequent_indent=" " * _INDENT,
        break_long_words=False,
        break_on_hyphens=False,
    )
