"""Starting a command of our own on several MPI ranks."""

import contextlib
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NoReturn

from dmn_fe.errors import InputError

__all__ = ["RANKS", "available_cores", "available_ranks", "fail_together", "run_on_ranks"]

_SECONDS_TO_END = 5.0
RANKS = "DMN_FE_RANKS"  # tells ranks how many were started
_FAILURE = "DMN_FE_FAILURE"  # names the file where ranks leave their failure for who started them


def available_ranks(wanted: int) -> int:
    """``wanted``, or fewer where there are fewer cores; 1 where there is no ``mpirun``."""
    if shutil.which("mpirun") is None:
        return 1
    return max(1, min(wanted, available_cores()))


def available_cores() -> int:
    """Cores that this process may use; where the system cannot tell (macOS), all there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def run_on_ranks(ranks: int, arguments: list[str]) -> int:
    """Run ``dmn-fe`` with ``arguments`` under ``mpirun``; returns the exit status.

    Every rank gets one thread: ranks that thread as well fight for the cores. A failure of all
    ranks (:func:`fail_together`) is said here.

    Raises
    ------
    InputError
        If there is no ``mpirun`` or mpi4py, or fewer cores than ranks.
    KeyboardInterrupt
        After mpirun has ended, if it was interrupted; later interrupts are ignored.
    """
    mpirun = shutil.which("mpirun")
    if mpirun is None:
        raise InputError("mpirun was not found; install an MPI, or leave --ranks at 1.")
    if importlib.util.find_spec("mpi4py") is None:
        raise InputError("mpi4py is not installed; install it, or leave --ranks at 1.")
    if ranks > available_cores():
        raise InputError(
            f"--ranks {ranks} is more than the {available_cores()} core(s) here; give fewer."
        )
    command = [mpirun, "-n", str(ranks), sys.executable, "-m", "dmn_fe", *arguments]
    defaults = {
        "OMP_NUM_THREADS": "1",
        # Open MPI looks for network interfaces although all ranks are here; other MPIs ignore it.
        "OMPI_MCA_btl": "^tcp",
    }
    with tempfile.TemporaryDirectory(prefix="dmn-fe-") as folder:
        failure = Path(folder) / "failure"
        own = {RANKS: str(ranks), _FAILURE: str(failure)}
        status = _finished(command, {**defaults, **os.environ, **own})
        if not failure.exists():
            return status
        status_text, sentence = failure.read_text(encoding="utf-8").split("\n", 1)
    print(f"dmn-fe: {sentence}", file=sys.stderr)
    return int(status_text)


def fail_together(error: Exception, status: int, rank: int) -> NoReturn:
    """End this rank after an error that all ranks know of; rank 0 says its sentence.

    Ranks of :func:`run_on_ranks` leave it to who started them and end in order: mpirun may lose
    what was printed shortly before a rank ends with an error, and adds words of its own.
    """
    file = os.environ.get(_FAILURE)
    if file is not None:
        if rank == 0:
            Path(file).write_text(f"{status}\n{error}", encoding="utf-8")
        sys.exit(0)
    if rank == 0:
        print(f"dmn-fe: {error}", file=sys.stderr, flush=True)
    sys.exit(status)


def _finished(command: list[str], environment: dict[str, str]) -> int:
    """Exit status of a command after its end; an interrupt is raised then."""
    process = subprocess.Popen(command, env=environment)
    interrupts: list[float] = []
    # Counted, not raised: mpirun may send the signal to all of its group once more, and the
    # exception could come at any line here.
    before = signal.signal(signal.SIGINT, lambda *_: interrupts.append(time.monotonic()))
    try:
        while (status := process.poll()) is None:
            # A terminal interrupts mpirun as well, which then ends the ranks.
            if interrupts and time.monotonic() - interrupts[0] > _SECONDS_TO_END:
                process.kill() if len(interrupts) > 1 else process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=0.5)
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN if interrupts else before)
    if interrupts:
        raise KeyboardInterrupt
    return status
