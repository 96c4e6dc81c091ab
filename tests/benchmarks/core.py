"""The compiled core against torch, its scalar build and the machine:
python tests/benchmarks/core.py [RESULT.json]

One load increment of J2 matrix and elastic inclusions from the virgin state, half of the points
yielding; stress, tangent and state. All ratios come from the same run. Nothing is asserted;
the result is printed and, with an argument, stored with the machine it was measured on.
"""

import sys
import time
from pathlib import Path

import torch

from dmn_fe import laws
from dmn_fe.evaluate.core.compiler import find_compiler
from dmn_fe.evaluate.core.cpu import CpuEngine
from dmn_fe.evaluate.torch_engine import TorchEngine
from dmn_fe.laws.kernel import kernel_of

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.record import finish
from helpers.networks import random_network

POINTS = 8000
REPEATS = 12
PHASES = {
    "matrix": laws.J2(3000.0, 0.35, laws.VoceHardening(30.0, 20.0, 50.0, 10.0)),
    "inclusion": laws.Elastic.isotropic(70000.0, 0.2),
}
TOLERANCE, ITERATIONS = 1e-8, 50


def strains(kind: str) -> torch.Tensor:
    """Strains ``[POINTS, 6]`` that keep all points elastic, make all yield, or half of them."""
    generator = torch.Generator().manual_seed(0)
    direction = torch.randn(POINTS, 6, generator=generator, dtype=torch.float64)
    direction /= direction.norm(dim=-1, keepdim=True)
    size = {"elastic": [2e-4], "yielding": [8e-3], "mixed": [2e-4, 8e-3]}[kind]
    return direction * torch.tensor(size, dtype=torch.float64).repeat(POINTS)[:POINTS, None]


def seconds(engine, strain: torch.Tensor, state: torch.Tensor, repeats: int) -> float:
    """Best time of an increment with its tangent."""
    best = float("inf")
    for _ in range(repeats):
        start = time.perf_counter()
        update = engine.integrate(strain, state, 0.0, None)
        assert not update.status.any()
        _ = update.tangent
        best = min(best, time.perf_counter() - start)
    return best


def core(depth: int, lanes: int | None = None, threads: int = 1, warm_start: bool = True):
    """The core for a random network of a depth."""
    network = random_network(depth)
    kernels = [kernel_of(PHASES[name]) for name in network.phase_names]
    arguments = (network, PHASES, TOLERANCE, ITERATIONS, warm_start, kernels)
    return CpuEngine(*arguments, find_compiler(lanes), threads)


def measure(depth: int) -> dict[str, float]:
    """Microseconds per point and increment, and ratios."""
    engines = {
        "lanes": core(depth),
        "two_threads": core(depth, threads=2),
        "cold": core(depth, warm_start=False),
        "scalar": core(depth, 1),
        "torch": TorchEngine(random_network(depth), PHASES, TOLERANCE, ITERATIONS),
    }
    result: dict[str, float] = {}
    for kind in ("elastic", "yielding", "mixed"):
        strain = strains(kind)
        for name, engine in engines.items():
            part = 400 if name == "torch" else POINTS
            repeats = 6 if name in ("torch", "scalar") else REPEATS
            state = engine.layout.virgin(PHASES).repeat(part, 1)
            spent = seconds(engine, strain[:part], state, repeats)
            result[f"{name}_{kind}_us"] = 1e6 * spent / part
    single = engines["lanes"].layout.virgin(PHASES).float().repeat(POINTS, 1)
    spent = seconds(engines["lanes"], strains("mixed"), single, REPEATS)
    result["single_history_mixed_us"] = 1e6 * spent / POINTS
    for name in ("torch", "scalar", "two_threads"):
        ratio = result[f"{name}_mixed_us"] / result["lanes_mixed_us"]
        result[f"{name}_over_lanes"] = ratio
    result["elastic_over_yielding"] = result["lanes_elastic_us"] / result["lanes_yielding_us"]
    result["bytes_of_state"] = 8 * engines["lanes"].layout.size
    result["bytes_of_history"] = 8 * engines["cold"].layout.size
    return result


def matrix_product() -> float:
    """Gigaflops of a product of large matrices on one thread: what the machine can do."""
    matrix = torch.randn(1500, 1500, dtype=torch.float64)
    best = float("inf")
    for _ in range(5):
        start = time.perf_counter()
        _ = matrix @ matrix
        best = min(best, time.perf_counter() - start)
    return 2 * 1500**3 / best / 1e9


if __name__ == "__main__":
    torch.set_num_threads(1)
    result = {
        "points": POINTS,
        "lanes": find_compiler().lanes,
        "matrix_product_gflops": matrix_product(),
        "depths": {str(depth): measure(depth) for depth in (3, 5, 7)},
    }
    finish(result, sys.argv[1] if len(sys.argv) > 1 else None)
