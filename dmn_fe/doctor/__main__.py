"""``python -m dmn_fe.doctor``: as ``dmn-fe doctor``, where libraries of the command are missing."""

import sys

from dmn_fe.doctor import report

sys.exit(report())
