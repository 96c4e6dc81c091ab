"""Starting a command of our own on several MPI ranks."""

import contextlib
import ctypes
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from dmn_fe.cli.console import terminal_of_ranks
from dmn_fe.cli.failure import handover, read_failure, started_ranks
from dmn_fe.collective import RANK_DEFAULTS, ranks_of_launcher
from dmn_fe.errors import InputError
from dmn_fe.resources import available_cores

__all__ = [
    "available_ranks",
    "check_ranks",
    "end_with_parent",
    "run_alone",
    "run_on_ranks",
]

_SECONDS_TO_END = 5.0


def end_with_parent() -> None:
    """Let the system kill this rank if its mpirun is killed; Linux only.

    Ranks of an mpirun that got no chance to end them would wait for each other for ever.
    """
    if started_ranks() is not None:
        _get_when_parent_dies(signal.SIGKILL)


def _get_when_parent_dies(number: signal.Signals) -> None:
    if sys.platform == "linux":
        death_signal = 1  # PR_SET_PDEATHSIG
        ctypes.CDLL(None).prctl(death_signal, number)


def _end_ranks_with_launcher() -> None:
    """In mpirun before it starts: killed launchers must not leave a run behind, which would write
    into the folder of its restart."""
    _get_when_parent_dies(signal.SIGTERM)


def available_ranks(wanted: int) -> int:
    """``wanted``, or fewer where there are fewer cores; 1 where there is no ``mpirun``."""
    if shutil.which("mpirun") is None:
        return 1
    return max(1, min(wanted, available_cores()))


def check_ranks(ranks: int) -> None:
    """Raise ``InputError`` where :func:`run_on_ranks` would before it starts."""
    started = ranks_of_launcher()
    if started > 1:  # each would start ranks of its own, all of which write the same files
        raise InputError(f"mpirun has started {started} ranks already; leave --ranks away.")
    if shutil.which("mpirun") is None:
        raise InputError("mpirun was not found; install an MPI, or leave --ranks at 1.")
    if importlib.util.find_spec("mpi4py") is None:
        raise InputError("mpi4py is not installed; install it, or leave --ranks at 1.")
    if ranks > available_cores():
        raise InputError(
            f"--ranks {ranks} is more than the {available_cores()} core(s) here; give fewer."
        )


def run_on_ranks(
    ranks: int,
    arguments: list[str],
    kept: Callable[[], str],
    stop: signal.Signals = signal.SIGTERM,
) -> int:
    """Run ``dmn-fe`` with ``arguments`` under ``mpirun``; returns the exit status.

    Every rank gets one thread: ranks that thread as well fight for the cores. A failure of all
    ranks (:func:`~dmn_fe.cli.failure.fail_together`) is said here.

    Parameters
    ----------
    ranks : int
    arguments : list of str
    kept : callable
        Says what is left, and how to go on, where ranks were killed or have crashed.
    stop : signal.Signals
        What mpirun gets where this process is asked to stop by TERM or USR1. It ends its ranks on
        TERM, and hands USR1 on to them.

    Raises
    ------
    InputError
        If there is no ``mpirun`` or mpi4py, or fewer cores than ranks, or if this process is one of
        several ranks itself.
    KeyboardInterrupt
        After mpirun has ended, if it was interrupted; later interrupts are ignored.
    """
    check_ranks(ranks)
    mpirun = shutil.which("mpirun")
    assert mpirun is not None
    command = [mpirun, "-n", str(ranks), sys.executable, "-m", "dmn_fe", *arguments]
    with tempfile.TemporaryDirectory(prefix="dmn-fe-") as folder:
        failure = Path(folder) / "failure"
        told_to_ranks = handover(ranks, failure) | terminal_of_ranks()
        status = _finished(command, {**RANK_DEFAULTS, **os.environ, **told_to_ranks}, stop)
        told = read_failure(failure)
    if told is None:
        if status != 0:
            early = f"the ranks ended early, with exit status {status} of mpirun"
            print(f"dmn-fe: {early}; {kept()}.", file=sys.stderr)
        return status
    print(f"dmn-fe: {told.sentence}", file=sys.stderr)
    return told.status


def run_alone(arguments: list[str], stop: signal.Signals = signal.SIGTERM) -> int:
    """Run ``dmn-fe`` with ``arguments`` in one process, with one thread as each rank of
    :func:`run_on_ranks` has; returns the exit status.

    Raises
    ------
    KeyboardInterrupt
        After it has ended, if it was interrupted.
    """
    command = [sys.executable, "-m", "dmn_fe", *arguments]
    return _finished(command, {"OMP_NUM_THREADS": "1", **os.environ}, stop)


def _finished(command: list[str], environment: dict[str, str], stop: signal.Signals) -> int:
    """Exit status of a command after its end; an interrupt is raised then."""
    process = subprocess.Popen(command, env=environment, preexec_fn=_end_ranks_with_launcher)
    interrupts: list[float] = []
    requests: list[int] = []
    # Counted, not raised: mpirun may send the signal to all of its group once more, and the
    # exception could come at any line here.
    before = signal.signal(signal.SIGINT, lambda *_: interrupts.append(time.monotonic()))
    # Without these mpirun and its ranks would go on without this process.
    asking = (signal.SIGTERM, signal.SIGUSR1)
    others = [signal.signal(one, lambda number, _: requests.append(number)) for one in asking]
    try:
        while (status := process.poll()) is None:
            if requests:
                requests.clear()
                process.send_signal(stop)
            # A terminal interrupts mpirun as well, which then ends the ranks.
            if interrupts and time.monotonic() - interrupts[0] > _SECONDS_TO_END:
                process.kill() if len(interrupts) > 1 else process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=0.5)
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN if interrupts else before)
        for one, handler in zip(asking, others, strict=True):
            signal.signal(one, handler)
    if interrupts:
        raise KeyboardInterrupt
    return status
