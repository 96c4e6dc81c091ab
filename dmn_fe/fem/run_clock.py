"""When a run writes checkpoints, and when its time is over."""

import math
import time
from collections import deque

from dmn_fe.errors import InputError

__all__ = ["RunClock"]

# The next step may take this much longer than the longest of the last ones.
_SPARE = 1.5
# Between two checkpoints nine times as long as one takes, a tenth of all, if it takes more seconds
# than nobody minds.
_TENTH, _QUICK = 9.0, 0.1


class RunClock:
    """Seconds of a run, of its last steps and of its last checkpoint, on one rank.

    Parameters
    ----------
    limit : float or None
        Seconds after which the run must have ended.
    every : float or None
        Seconds between two checkpoints; if None, as often as takes a tenth of the time.

    Raises
    ------
    InputError
        For numbers that are none of seconds.
    """

    def __init__(self, limit: float | None, every: float | None):
        if limit is not None and not limit > 0:
            raise InputError(f"wall_clock = {limit} must be a positive number of seconds.")
        if every is not None and not every >= 0:
            raise InputError(f"checkpoint_every = {every} must not be negative.")
        self._limit = math.inf if limit is None else limit
        self._every = every
        self._start = time.monotonic()
        self._last_save, self._save_seconds = 0.0, 0.0
        self._step_seconds: deque[float] = deque(maxlen=5)

    @property
    def seconds(self) -> float:
        """Since the run was made."""
        return time.monotonic() - self._start

    def stepped(self, start: float) -> None:
        """A step with its outputs and checkpoint, which began at these seconds, is over."""
        self._step_seconds.append(self.seconds - start)

    def saved(self, start: float) -> None:
        """A checkpoint, which began at these seconds, is written."""
        self._last_save = self.seconds
        self._save_seconds = self._last_save - start

    def runs_out(self) -> bool:
        """Whether another step and the last checkpoint might take too long."""
        needed = _SPARE * max(self._step_seconds, default=0.0) + self._save_seconds
        return self._limit - self.seconds < needed

    def save_is_due(self) -> bool:
        """Whether to write a checkpoint."""
        every = self._every
        if every is None:
            every = _TENTH * self._save_seconds if self._save_seconds > _QUICK else 0.0
        elif self._save_seconds == 0.0 and math.isfinite(self._limit):
            every = 0.0  # to know how long the last one will take
        return self.seconds - self._last_save >= every
