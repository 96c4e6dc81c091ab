"""An audit in words and tables, for the screen."""

import numpy as np

from dmn_fe.validation import Audit, AuditedPoint

__all__ = ["audit_in_words"]

_ROWS = 25  # of the table of steps
_PERCENT = 100.0


def audit_in_words(audit: Audit) -> str:
    """What an audit has found, in lines."""
    return "\n".join([*_steps(audit), "", *_points(audit), "", *_verdict(audit)])


def _steps(audit: Audit) -> list[str]:
    lines = [
        f"force: the one that works on the motion of each step ({audit.motion})",
        "error: network less full RVE, ± standard error, in % of the largest force",
        "",
        f"{'time':>10}{'force':>14}{'error %':>10}{'±':>8}",
    ]
    last = len(audit.times) - 1
    every = max(1, int(np.ceil(last / _ROWS)))
    shown = {*range(last, 0, -every), audit.largest}
    for step in sorted(shown):
        error, deviation = (_PERCENT * one[step] for one in (audit.error, audit.standard_error))
        line = f"{audit.times[step]:10.4g}{audit.force[step]:14.5g}{error:10.3f}{deviation:8.3f}"
        lines.append(line + ("  largest" if step == audit.largest else ""))
    return lines


def _points(audit: Audit) -> list[str]:
    lines = [
        "error of the stress at points, in % of the largest stress there",
        f"{'x1':>10}{'x2':>10}{'x3':>10}{'drawn':>7}{'mean %':>9}{'max %':>9}",
    ]
    for point in audit.points:
        where = "".join(f"{x:10.4g}" for x in point.position)
        lines.append(f"{where}{point.drawn:7d}{_errors(point)}")
    good = [point.error[1:] for point in audit.points if not point.failed]
    if good:
        mean, largest = _PERCENT * np.mean(good), _PERCENT * np.max(good)
        lines.append(f"{'all':>30}{'':>7}{mean:9.3f}{largest:9.3f}")
    return lines


def _errors(point: AuditedPoint) -> str:
    if point.failed:
        steps = int(np.argmax(np.isnan(point.error)))
        return f"  the RVE did not converge in step {steps}; left out"
    mean, largest = _PERCENT * point.error[1:].mean(), _PERCENT * point.error.max()
    return f"{mean:9.3f}{largest:9.3f}" + ("  most strained" if point.most_strained else "")


def _verdict(audit: Audit) -> list[str]:
    step = audit.largest
    error, deviation = (_PERCENT * one[step] for one in (audit.error, audit.standard_error))
    lines = [
        f"estimated error of the force: {error:+.2g} ± {deviation:.1g} % where it is largest, "
        f"{_PERCENT * audit.root_mean_square:.2g} % in the root mean square; within two standard "
        f"errors less than {_PERCENT * audit.bound:.2g} % in all steps",
    ]
    failed = sum(point.drawn for point in audit.points if point.failed)
    if failed:
        drawn = sum(point.drawn for point in audit.points)
        lines.append(
            f"{failed} of {drawn} draws are left out of it, whose RVE did not converge: they may "
            "be those with the largest errors"
        )
    if audit.covered is not None:
        share = f"{_PERCENT * audit.covered:.0f} %"
        lines.append(f"twice the spread of the ensemble covers the RVE's stress at {share}")
    if audit.others:
        names = ", ".join(repr(name) for name in audit.others)
        lines.append(f"of {audit.material!r} alone; other networks in this run: {names}")
    return lines
