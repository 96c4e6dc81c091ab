"""Seconds of the network law on one thread: python tests/benchmarks/network_law.py [RESULT.json]

One load increment of 0.3 % from the virgin state in random directions, J2 matrix and elastic
inclusions, stress and tangent, for several depths. Nothing is asserted; the result is printed and,
with an argument, stored with the machine it was measured on.
"""

import sys
import time
from pathlib import Path

import torch

from dmn_fe import NetworkLaw, laws

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.record import finish
from helpers.networks import random_network

POINTS = 2000
REPEATS = 5


def measure(depth: int) -> dict[str, float]:
    """Best of several runs, in microseconds per point."""
    phases = {
        "matrix": laws.J2(3000.0, 0.35, laws.VoceHardening(30.0, 20.0, 50.0, 10.0)),
        "inclusion": laws.Elastic.isotropic(70000.0, 0.2),
    }
    law = NetworkLaw(random_network(depth), phases)
    generator = torch.Generator().manual_seed(0)
    strain = 0.003 * torch.randn(POINTS, 6, generator=generator, dtype=torch.float64)
    state = law.initial_state(POINTS)
    stress, tangent = [], []
    for _ in range(REPEATS):
        start = time.perf_counter()
        update = law.integrate(strain, state)
        middle = time.perf_counter()
        _ = update.tangent
        stress.append(middle - start)
        tangent.append(time.perf_counter() - middle)
    return {
        "stress_us_per_point": 1e6 * min(stress) / POINTS,
        "tangent_us_per_point": 1e6 * min(tangent) / POINTS,
        "sweeps_mean": update.iterations.double().mean().item(),
    }


if __name__ == "__main__":
    torch.set_num_threads(1)
    depths = {str(depth): measure(depth) for depth in (3, 5, 7)}
    finish({"points": POINTS, "depths": depths}, sys.argv[1] if len(sys.argv) > 1 else None)
