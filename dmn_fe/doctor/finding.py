"""What was found of one thing, or in one self-test."""

from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = ["BAD", "Finding", "Status", "WrongAnswer"]

Status = Literal["ok", "warning", "missing", "skipped", "failed"]


class WrongAnswer(Exception):
    """A self-test computes something else than it should; says what."""


#: What needs a thing of these statuses cannot be tried.
BAD = ("missing", "skipped", "failed")


@dataclass(frozen=True)
class Finding:
    """One row of the report.

    Attributes
    ----------
    status : str
        ``"ok"``; ``"warning"``: it works, but look at the advice; ``"missing"``: an optional thing
        that is not there; ``"skipped"``: not tried, since it needs something that is not there;
        ``"failed"``: it is wrong, or needed and not there.
    text : str
        What was found, in words.
    advice : str
        What does not work because of it, and how to mend it.
    install : str
        A line for a shell that installs it here.
    values : dict
        The same as JSON values, for scripts: versions, bytes, numbers.
    details : str
        Traceback and messages of what failed.
    name : str
    seconds : float or None
        What a self-test took, without the import of its room.
    """

    status: Status
    text: str
    advice: str = ""
    install: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    details: str = ""
    name: str = ""
    seconds: float | None = None
