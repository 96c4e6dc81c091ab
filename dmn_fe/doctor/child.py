"""The process in which checks are called: ``python -m dmn_fe.doctor.child SECONDS NAME …``.

It prints a line for each, as soon as it is done: what was found before a crash is not lost.
"""

import importlib
import json
import logging
import math
import signal
import sys
import time
import traceback
from dataclasses import asdict, replace

from dmn_fe.doctor.checks import CHECKS, MARK
from dmn_fe.doctor.finding import Finding, WrongAnswer
from dmn_fe.errors import InputError

__all__ = ["main"]


def main() -> None:
    """Call the checks named on the command line, and end after so many seconds, come what may."""
    seconds, *names = sys.argv[1:]
    # Of a parent that was killed, nobody else would end this process.
    signal.alarm(math.ceil(float(seconds)))
    said = _Said()
    logging.getLogger("dmn_fe").addHandler(said)
    logging.getLogger("dmn_fe").setLevel(logging.INFO)
    for name in names:
        finding = _outcome(name, said)
        if finding is not None:
            print(f"\n{MARK}{json.dumps(asdict(finding))}", flush=True)


class _Said(logging.Handler):
    """What the package logs."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


def _outcome(name: str, said: _Said) -> Finding | None:
    """What a check finds; None of a rank that leaves it to another one to tell."""
    said.records.clear()
    module, function = CHECKS[name].split(":")
    start = time.perf_counter()
    try:
        call = getattr(importlib.import_module(module), function)
        start = time.perf_counter()  # without the imports
        found = call()
    except Exception as error:
        found = Finding("failed", _sentence_of(error), details=traceback.format_exc())
    seconds = time.perf_counter() - start
    if found is None:
        return None
    warnings = [r.getMessage() for r in said.records if r.levelno >= logging.WARNING]
    if warnings and found.status == "ok":
        found = replace(found, status="warning", advice=" ".join(dict.fromkeys(warnings)))
    if any(record.getMessage().startswith("built the core") for record in said.records):
        found = replace(found, text=f"{found.text} (and the core built, as on first use)")
    return replace(found, name=name, seconds=round(seconds, 3))


def _sentence_of(error: Exception) -> str:
    """Type and first line of an error; an error that is meant for a user needs no type."""
    lines = str(error).splitlines()
    if lines and isinstance(error, InputError | WrongAnswer):
        return lines[0]
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


if __name__ == "__main__":
    main()
