"""What a run has needed in all, as a file of JSON."""

import json
import logging
import math
import time
from pathlib import Path
from typing import Any

import dolfinx
from mpi4py import MPI

import dmn_fe
from dmn_fe.collective import RaiseTogether
from dmn_fe.fem.costs import memory_per_point, peak_memory
from dmn_fe.fem.output.folder import make_folder
from dmn_fe.fem.output.work import Work
from dmn_fe.fem.problem import Problem
from dmn_fe.fem.report import StepReport
from dmn_fe.fem.simulation import Ending, Output, Simulation
from dmn_fe.files import written_whole

__all__ = ["Summary"]

_log = logging.getLogger(__name__)

_EVERY = 10.0  # seconds between two writes: so much a process that is killed does not tell
_SUMS = (
    "starts",
    "cut_back_steps",
    "newton_iterations",
    "seconds",
    "seconds_laws",
    "seconds_laws_mean",
    "seconds_assembly",
    "seconds_solver",
)
_LARGEST = ("memory", "memory_largest_rank")


class Summary(Output):
    """Steps, time and memory of a run, in a file that is there from its beginning.

    A restart adds its own: work of steps that were lost, and are done again, counts twice, as it
    was done twice. Of memory the largest counts.

    ============================ =================================================================
    ``finished``, ``ending``     whether all load steps are done, and why the run ended
    ``time``, ``steps``          how far it came
    ``starts``, ``ranks``        1 and the number of restarts; ranks of the last of them
    ``cut_back_steps``           steps that failed and were tried again in shorter ones
    ``newton_iterations``        of all steps, also of those that failed
    ``seconds``                  of the steps with their outputs and checkpoints
    ``seconds_laws``             of these in the laws, of each step on the rank that needed most
    ``seconds_laws_mean``        the same of the mean of the ranks
    ``seconds_assembly``,        in the assembly, and in the rest of the solver; as
    ``seconds_solver``           ``seconds_laws``
    ``memory``,                  bytes that all ranks have had at most, each at its own peak, and
    ``memory_largest_rank``      the rank with most
    ``points``, ``unknowns``     quadrature points, and components of displacement at nodes
    ``bytes_per_point``          :func:`~dmn_fe.fem.costs.memory_per_point`, the mean of all points
    ``dmn_fe``, ``dolfinx``      versions
    ============================ =================================================================

    Parameters
    ----------
    path : str or Path
        The file, e.g. ``summary.json``; its folder is made if missing.
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)
        self._work = Work()
        self._before: dict[str, float] = {}  # of the starts before this one; on rank 0
        self._written = 0.0

    def begin(self, run: Simulation) -> None:
        """Write that the run has begun (collective).

        Raises
        ------
        InputError
            On all ranks, if the file cannot be written.
        """
        problem = run.problem
        make_folder(self.path.parent, problem.qmap.comm)
        self._work, self._before = Work(), {}
        if problem.steps > 0 and problem.qmap.comm.rank == 0:
            self._before = _numbers(self.path)
        self._write(problem, None)

    def step(self, run: Simulation, report: StepReport, note: str) -> None:
        """Count a step, and write now and then (collective).

        Raises
        ------
        InputError
            On all ranks, if the file cannot be written.
        """
        self._work.add(report)
        comm: MPI.Comm = run.problem.qmap.comm
        if comm.bcast(time.monotonic() - self._written >= _EVERY):
            self._write(run.problem, None)

    def cut(self, run: Simulation, report: StepReport, sentence: str) -> None:
        """Count a step that failed."""
        self._work.add(report)

    def end(self, run: Simulation, ending: Ending | None) -> None:
        """Write how it ended (collective).

        Raises
        ------
        InputError
            On all ranks, if the file cannot be written.
        """
        self._write(run.problem, "it failed" if ending is None else ending.value)

    def _write(self, problem: Problem, ending: str | None) -> None:
        comm: MPI.Comm = problem.qmap.comm
        own = len(problem.qmap.committed_stress)
        points = comm.allreduce(own)
        memory = comm.allgather(peak_memory())
        point_bytes = comm.allreduce(own * memory_per_point(problem)) / points
        dofs = problem.u.function_space.dofmap
        work = self._work
        now: dict[str, Any] = {
            "finished": ending == Ending.FINISHED.value,
            "ending": ending,
            "time": problem.time,
            "steps": problem.steps,
            "starts": 1,
            "ranks": comm.size,
            "cut_back_steps": work.cut_back,
            "newton_iterations": work.iterations,
            "seconds": work.seconds,
            "seconds_laws": work.laws,
            "seconds_laws_mean": work.laws_mean,
            "seconds_assembly": work.assembly,
            "seconds_solver": work.solver,
            "memory": sum(memory),
            "memory_largest_rank": max(memory),
            "points": points,
            "unknowns": dofs.index_map.size_global * dofs.index_map_bs,
            "bytes_per_point": point_bytes,
            "dmn_fe": dmn_fe.__version__,
            "dolfinx": dolfinx.__version__,
        }
        with RaiseTogether(comm):
            if comm.rank == 0:
                now |= {name: now[name] + self._before.get(name, 0) for name in _SUMS}
                now |= {name: max(now[name], self._before.get(name, 0)) for name in _LARGEST}
                with written_whole(self.path) as partial:
                    partial.write_text(json.dumps(now, indent=1) + "\n", encoding="utf-8")
        self._written = time.monotonic()


def _numbers(path: Path) -> dict[str, float]:
    """What the starts before this one have needed; nothing if there is no file that tells it."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        found = {name: content[name] for name in (*_SUMS, *_LARGEST)}
        if not all(type(n) in (int, float) and math.isfinite(n) and n >= 0 for n in found.values()):
            raise ValueError("a number is none")
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError) as error:
        _log.warning("%s: cannot be read and begins anew with this restart (%r).", path, error)
        return {}
    return found
