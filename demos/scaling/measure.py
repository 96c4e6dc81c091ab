"""Measure load steps, messages, memory, checkpoints and mesh files on some ranks.

Run with ``python demos/scaling/measure.py``; README.md beside it tells all. Finished cases are kept
in the result file, so that the same command goes on after an interruption.
"""

import argparse
import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from plan import Case, cases

from dmn_fe.assessment.machine import machine_of
from dmn_fe.collective import Alone
from dmn_fe.errors import InputError, file_sentence
from dmn_fe.files import check_folder, written_whole

HERE = Path(__file__).parent
SIZES, REPEATS = {"cells": "6,8,10,12,16", "meshes": "20,30,40,60"}, 3
SMALL = {"cells": "3,5", "meshes": "8"}
SECONDS_TO_END = 10.0


def main() -> int:
    """Run what is missing; the exit status."""
    given = _arguments()
    sizes = SMALL if given.small else SIZES
    # A batch system ends a job by TERM; the launcher must be told, as after Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        ranks, cells, meshes = (
            _numbers(name, sizes[name] if text is None else text)
            for name, text in (
                ("ranks", given.ranks),
                ("cells", given.cells),
                ("meshes", given.meshes),
            )
        )
        repeats = given.repeats
        if repeats is None:
            repeats = 1 if given.small else REPEATS
        if repeats < 1:
            raise InputError(f"--repeats {repeats} must be 1 or more.")
        result = _begun(given.result)
        _make_folder(given.scratch)
        with tempfile.TemporaryDirectory(prefix="scaling-", dir=given.scratch) as scratch:
            plan = cases(ranks, cells, meshes, repeats, Path(scratch))
            _run_all(plan, result, given)
    except InputError as error:
        print(f"measure.py: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"measure.py: interrupted; the same command goes on with {given.result}.")
        return 130
    report = f"{HERE / 'report.py'} {given.result} --output results/scaling"
    print(f"all is in {given.result}; now: python {report}")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    add = parser.add_argument
    add(
        "result",
        nargs="?",
        type=Path,
        default=Path("results/scaling.json"),
        help="JSON file",
    )
    add("--ranks", default="1,2", help="numbers of ranks, such as 1,2,4,8")
    add("--cells", help=f"cubes along the edge of a box, default {SIZES['cells']}")
    add("--meshes", help=f"the same of mesh files, default {SIZES['meshes']}")
    add("--repeats", type=int, help=f"of each load step, default {REPEATS}")
    add("--launcher", default="mpirun", help="what starts ranks and takes -n, such as srun")
    add("--scratch", type=Path, default=Path(tempfile.gettempdir()), help="folder all ranks see")
    add("--timeout", type=float, default=3600.0, help="seconds of a case")
    add("--small", action="store_true", help="small parts, once: to try it in a minute")
    return parser.parse_args()


def _numbers(name: str, text: str) -> list[int]:
    try:
        numbers = sorted({int(one) for one in text.split(",") if one.strip()})
    except ValueError:
        numbers = [0]
    if min(numbers, default=1) < 1 or (not numbers and name != "meshes"):
        raise InputError(f"--{name} {text!r} must be positive whole numbers, such as 1,2,4.")
    return numbers


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(file_sentence(path, error)) from error


def _begun(path: Path) -> dict[str, Any]:
    """What is there of the result, or its beginning."""
    machine = machine_of(Alone())
    machine = {"cpu": machine["cpu"], "cores": os.cpu_count(), "torch": machine["torch"]}
    _make_folder(path.parent)
    check_folder(path, ".json")
    if not path.exists():
        return {"machine": machine, "cases": {}}
    try:
        result: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        kept = result["machine"], result["cases"]
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: is no result of measure.py; give another file.") from error
    if kept[0] != machine:
        raise InputError(f"{path}: was measured on another machine ({kept[0]}); give another file.")
    return result


def _run_all(plan: list[Case], result: dict[str, Any], given: argparse.Namespace) -> None:
    """Run the cases that are missing, and keep each at once."""
    done = result["cases"]
    # Mesh files are scratch: they are written again where one is to be read.
    read = any(one.measure == "read mesh" and one.name not in done for one in plan)
    todo = [one for one in plan if one.name not in done or (read and one.measure == "write mesh")]
    for number, case in enumerate(todo, start=1):
        print(f"{number} of {len(todo)}: {case.name} … ", end="", flush=True)
        load, start = os.getloadavg()[0], time.perf_counter()
        found = _run(case, given)
        seconds = time.perf_counter() - start
        print(f"{seconds:.0f} s", flush=True)
        done[case.name] = {
            "measure": case.measure,
            "ranks": case.ranks,
            "arguments": {k: v for k, v in case.arguments.items() if k == "cells"},
            "load before": load,
            "seconds": seconds,
            "found": found,
        }
        with written_whole(given.result) as partial:
            partial.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def _run(case: Case, given: argparse.Namespace) -> dict[str, Any]:
    """What a case tells."""
    with tempfile.TemporaryDirectory(dir=given.scratch, prefix="scaling-case-") as folder:
        task, target = Path(folder, "case.json"), Path(folder, "found.json")
        given_case = {"measure": case.measure, "ranks": case.ranks, "arguments": case.arguments}
        task.write_text(json.dumps(given_case))
        command = [*shlex.split(given.launcher), "-n", str(case.ranks), sys.executable]
        command += [str(HERE / "case.py"), str(target), str(task)]
        status = _status(command, given.timeout)
        if status != 0 or not target.exists():
            raise InputError(
                f"{case.name}: ended with status {status}, its messages are above; mend that, and "
                "the same command goes on."
            )
        found: dict[str, Any] = json.loads(target.read_text())
        return found


def _status(command: list[str], timeout: float) -> int:
    """Exit status of a command; it is ended when this is interrupted, or its time is over."""
    environment = {"OMP_NUM_THREADS": "1"} | os.environ
    try:
        process = subprocess.Popen(command, env=environment)
    except OSError as error:
        raise InputError(
            f"--launcher {command[0]!r} was not found; give that of your MPI."
        ) from error
    try:
        return process.wait(timeout)
    except subprocess.TimeoutExpired as error:
        raise InputError(
            f"a case took more than {timeout:g} s; give a longer --timeout."
        ) from error
    finally:
        if process.poll() is None:  # not killed at once: a launcher ends its ranks
            process.terminate()
            try:
                process.wait(SECONDS_TO_END)
            except subprocess.TimeoutExpired:
                process.kill()


if __name__ == "__main__":
    sys.exit(main())
