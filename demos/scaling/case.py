"""One case, on the ranks that ``measure.py`` starts: python case.py FOUND.json CASE.json"""

# isort: off
from load_steps import measure_load_steps  # DOLFINx before torch

# isort: on
import json
import sys
from pathlib import Path

from mesh_file import measure_reading, write_mesh
from messages import measure_messages
from mpi4py import MPI

MEASURES = {
    "load steps": measure_load_steps,
    "messages": measure_messages,
    "write mesh": write_mesh,
    "read mesh": measure_reading,
}

if __name__ == "__main__":
    target, given = sys.argv[1:]
    case = json.loads(Path(given).read_text())
    started = MPI.COMM_WORLD.size
    if started != case["ranks"]:
        sys.exit(
            f"case.py: {case['ranks']} ranks were to be started, and this is one of {started}; "
            "give a --launcher that fits the MPI of mpi4py, such as 'srun --mpi=pmix'."
        )
    found = MEASURES[case["measure"]](**case["arguments"])
    if MPI.COMM_WORLD.rank == 0:
        Path(target).write_text(json.dumps(found))
