"""What a simulation will need, against what it does need."""

import subprocess
import sys

import pytest
from helpers.processes import ROOT, clean_environment

PROGRAM = """
from dmn_fe.fem import QuadratureMap, displacement_field, make_problem, memory_per_point, Support
from pathlib import Path
from helpers.networks import random_network
from helpers.parts import box
from dmn_fe import laws
from dmn_fe.evaluate import NetworkLaw

def status(key):
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * int(next(line for line in lines if line.startswith(key)).split()[1])

steel = laws.J2(200e3, 0.3, laws.LinearHardening(250.0, 2000.0))
pair = {{"matrix": steel, "inclusion": laws.Elastic.isotropic(400e3, 0.2)}}
law = {law}
part = box({n})
u = displacement_field(part)
small = QuadratureMap(displacement_field(box(1)), law)
small.update_tangent()
small.commit()
told = memory_per_point(make_problem(box(1), {{"part": law}}, [Support("x0", [0.0] * 3)]))
start = status("VmRSS")
Path("/proc/self/clear_refs").write_text("5")
qmap = QuadratureMap(u, law)
for step in range(3):
    u.x.array[:] = 1e-3 * (step + 1)
    qmap.update_tangent()
    qmap.commit()
print(len(qmap.cells) * qmap.points_per_cell, status("VmHWM") - start, told)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="peaks of memory are read as of Linux")
@pytest.mark.parametrize(
    "law",
    [
        "NetworkLaw(random_network(5), pair, backend='cpu')",
        "NetworkLaw(random_network(5), pair, backend='cpu', warm_start=False, single=True)",
        "steel",
    ],
)
def test_memory_per_point_is_told_within_15_percent(law):
    """By the difference of two sizes, each in a process of its own."""
    found = []
    for n in (8, 15):
        program = PROGRAM.format(law=law, n=n)
        environment = clean_environment() | {"PYTHONPATH": str(ROOT / "tests")}
        done = subprocess.run(
            [sys.executable, "-c", program],
            env=environment,
            capture_output=True,
            text=True,
            timeout=200,
        )
        assert done.returncode == 0, done.stderr
        found.append([float(number) for number in done.stdout.split()])
    (points, memory, told), (more_points, more_memory, _) = found
    measured = (more_memory - memory) / (more_points - points)
    assert told == pytest.approx(measured, rel=0.15)
