"""What is found on this machine, and whether every room of the package works: ``dmn-fe doctor``.

This package itself needs the standard library alone, so that it can tell that anything else is
missing; ``python -m dmn_fe.doctor`` works where the command ``dmn-fe`` does not start. Whatever can
crash, end the process or hang is tried in a process of its own, with a limit of time.
"""

from dmn_fe.doctor.report import report

__all__ = ["report"]
