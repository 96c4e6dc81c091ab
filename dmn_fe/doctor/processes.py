"""Checks in a process of their own, which may crash, print what it likes, or not end."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from dmn_fe.doctor.checks import MARK
from dmn_fe.doctor.finding import Finding

__all__ = ["Ended", "call_checks", "how_it_failed", "run_limited"]

_SECONDS_TO_END = 3.0  # of mpirun, which ends its ranks first
_LONGEST_DETAILS = 4000  # characters
_SLOW = (
    "It may be a slow disk: try again with a larger --limit; if that does not help, reinstall it."
)
_AT_THE_END = "it works, but then"
# What a launcher sets for its ranks: their number, and how its variables begin.
_RANK_OF_LAUNCHER = ("OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK", "MV2_COMM_WORLD_RANK")
_OF_LAUNCHERS = ("OMPI_", "PMI", "PRTE_", "MV2_", "HYDI_")


class Ended(NamedTuple):
    """How a process has ended: its status, None after the limit of time, and what it printed."""

    status: int | None
    output: str
    messages: str


def run_limited(
    command: Sequence[str], limit: float, variables: Mapping[str, str] | None = None
) -> Ended:
    """Run a command for so many seconds at most; then it is ended with all that it started.

    ``variables`` are those of the environment which are not set there.
    """
    # In a session of its own, so that all of its processes can be ended.
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**(variables or {}), **_environment()},
            text=True,
            errors="replace",
            start_new_session=True,
        )
    except OSError as error:
        return Ended(127, "", f"{command[0]}: {error.strerror}")
    try:
        return Ended(None, *process.communicate(timeout=limit))._replace(status=process.returncode)
    except subprocess.TimeoutExpired:
        return Ended(None, *_end(process))
    except BaseException:  # an interrupt
        _end(process)
        raise


def _environment() -> dict[str, str]:
    """Variables without those of a launcher, if one has started this process: MPI would take the
    child for one of its ranks."""
    if not any(name in os.environ for name in _RANK_OF_LAUNCHER):
        return dict(os.environ)
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(_OF_LAUNCHERS) or name.startswith("OMPI_ALLOW")
    }


def _end(process: subprocess.Popen) -> tuple[str, str]:
    """End a process and all of its session; returns what they had printed."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        # What has left the session may hold the pipes.
        with contextlib.suppress(subprocess.TimeoutExpired):
            return process.communicate(timeout=_SECONDS_TO_END)
    return "", ""


def _child_command(names: Sequence[str], limit: float) -> list[str]:
    """The command that calls checks, see :mod:`dmn_fe.doctor.child`."""
    seconds = limit + 2 * _SECONDS_TO_END
    return [sys.executable, "-m", "dmn_fe.doctor.child", str(seconds), *names]


def call_checks(
    names: Sequence[str],
    limit: float,
    launcher: Sequence[str] = (),
    variables: Mapping[str, str] | None = None,
) -> list[Finding]:
    """Call checks one after the other in one process, or in those that a launcher starts.

    Parameters
    ----------
    names : sequence of str
        Of :data:`~dmn_fe.doctor.checks.CHECKS`.
    limit : float
        Seconds for all of them together.
    launcher : sequence of str
        mpirun with its options.
    variables : mapping, optional
        Of the environment, where they are not set there.

    Returns
    -------
    list of Finding
        One for each name. If the process crashes or does not end, that is the failure of the check
        it was at, and those that follow are skipped.
    """
    ended = run_limited([*launcher, *_child_command(names, limit)], limit, variables)
    found = _findings(ended.output)
    findings = [found[name] for name in names if name in found]
    at, how = len(findings), how_it_failed(ended, limit)
    if how and findings and at == len(names):  # at its end
        at, how = at - 1, f"{_AT_THE_END} {how}"
        findings = findings if findings[-1].status == "failed" else findings[:-1]
    elif at < len(names) and not how:
        how = "it ended without a result"
    if len(findings) < len(names):
        advice = _SLOW if ended.status is None else ""
        if how.startswith(_AT_THE_END):
            advice = f"That was at the end of a process that had looked at {', '.join(names)}."
        details = (ended.output + ended.messages)[-_LONGEST_DETAILS:]
        findings.append(Finding("failed", how, advice, details=details, name=names[at]))
        text = f"not tried, since {names[at]} has ended the process"
        findings += [Finding("skipped", text, name=name) for name in names[at + 1 :]]
    return [replace(each, details=each.details[-_LONGEST_DETAILS:]) for each in findings]


def _findings(output: str) -> dict[str, Finding]:
    found: dict[str, Finding] = {}
    for line in output.splitlines():
        if line.startswith(MARK):
            with contextlib.suppress(ValueError, TypeError):  # two ranks in one line
                finding = Finding(**json.loads(line.removeprefix(MARK)))
                found.setdefault(finding.name, finding)
    return found


def how_it_failed(ended: Ended, limit: float) -> str:
    """In words; nothing if it did not."""
    if ended.status is None:
        return f"it did not end within {limit:g} s"
    if ended.status == 0:
        return ""
    if ended.status < 0:
        number = -ended.status
        known = number in {each.value for each in signal.Signals}
        return f"it crashed ({signal.Signals(number).name if known else number})"
    said = _first_sentence(ended.messages) or _first_sentence(ended.output)
    said = f": {said}" if said else ""
    return f"it ended with exit status {ended.status}{said}"


def _first_sentence(text: str) -> str:
    """The first sentence that a program has printed, without the frames that MPI draws."""
    lines = (line.strip(" -*\t") for line in text.splitlines() if not line.startswith(MARK))
    words = " ".join(line for line in lines if line)
    first, dot, _ = words.partition(". ")
    return (first + dot).strip()[:300].rstrip(".")
