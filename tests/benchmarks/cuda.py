"""The core on a GPU against the processor and the GPU's limits:
python tests/benchmarks/cuda.py [RESULT.json]

One load increment of J2 matrix and elastic inclusions from the virgin state, half of the points
yielding; stress, state and tangent. Measured for several depths and numbers of points, with strains
on the GPU, and with strains from the host and all but the state back there. The limits are what a
copy and a matrix product of torch reach on the same GPU, with the least traffic of an increment and
the operations of its passes. Nothing is asserted; the result is printed and, with an argument,
stored with the machine it was measured on.
"""

import sys
import time
from pathlib import Path

import torch

from dmn_fe import NetworkLaw, laws

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.record import finish
from helpers.networks import random_network

POINTS = (300, 1000, 3000, 10_000, 30_000, 100_000, 300_000, 1_000_000)
REPEATS = 7
STATE_BYTES = 20e9  # more points are left out
FLOPS_PER_LEAF = 830.0  # of a pass over the tree, counted at depths 5 and 7
PHASES = {
    "matrix": laws.J2(3000.0, 0.35, laws.VoceHardening(30.0, 20.0, 50.0, 10.0)),
    "inclusion": laws.Elastic.isotropic(70000.0, 0.2),
}


def strains(n: int) -> torch.Tensor:
    """Strains ``[n, 6]`` of which every other makes its point yield."""
    generator = torch.Generator().manual_seed(0)
    direction = torch.randn(n, 6, generator=generator, dtype=torch.float64)
    direction /= direction.norm(dim=-1, keepdim=True)
    return direction * torch.tensor([2e-4, 8e-3], dtype=torch.float64).repeat(n)[:n, None]


def seconds(work) -> float:
    """Best time of a call, until the GPU has ended."""
    best = float("inf")
    for _ in range(REPEATS):
        start = time.perf_counter()
        work()
        torch.cuda.synchronize()
        best = min(best, time.perf_counter() - start)
    return best


def rate(law: NetworkLaw, strain: torch.Tensor, state: torch.Tensor, tangent=True) -> float:
    """Point-increments per second."""

    def work():
        update = law.integrate(strain, state)
        return update.tangent if tangent else update

    return len(strain) / seconds(work)


def bandwidth() -> float:
    """Bytes read and written per second by a copy on the GPU."""
    source = torch.zeros(2**27, dtype=torch.float64, device="cuda")
    target = torch.empty_like(source)
    return 2 * source.nbytes / seconds(lambda: target.copy_(source))


def flops() -> float:
    """Operations per second of a matrix product in double precision."""
    matrix = torch.rand(8192, 8192, dtype=torch.float64, device="cuda")
    return 2 * 8192**3 / seconds(lambda: matrix @ matrix)


def measure(depth: int, limits: dict[str, float]) -> dict:
    """Point-increments per second of a network of a depth."""
    network = random_network(depth)
    law = NetworkLaw(network, PHASES, backend="cuda")
    core = NetworkLaw(network, PHASES, backend="cpu")
    rates: dict[str, dict[str, float]] = {}
    passes = 0.0
    for n in POINTS:
        if n * law.state_size * 8 * 2 > STATE_BYTES:
            break
        strain, state = strains(n), law.initial_state(n)
        there = strain.to(law.engine.device)
        found = law.integrate(there, state)
        assert not found.status.any()
        passes = found.iterations.double().mean().item()

        rates[str(n)] = {
            "on_gpu": rate(law, there, state, tangent=False),
            "on_gpu_with_tangent": rate(law, there, state),
            "from_host_with_tangent": rate(law, strain, state),
        }
        if n <= 100_000:
            rates[str(n)]["processor"] = rate(core, strain, core.initial_state(n))
    faster = [
        int(n)
        for n, found in rates.items()
        if found["from_host_with_tangent"] > found.get("processor", float("inf"))
    ]
    traffic = 8.0 * (2 * law.state_size + 6 + 6 + 21)
    work = FLOPS_PER_LEAF * len(network.weights) * passes
    return {
        "state_size": law.state_size,
        "mean_passes": passes,
        "points_per_second": rates,
        "faster_than_processor_from": min(faster, default=None),
        "limit_by_memory": limits["bytes_per_second"] / traffic,
        "limit_by_operations": limits["flops_per_second"] / work,
    }


if __name__ == "__main__":
    if not torch.cuda.is_available():
        sys.exit("there is no GPU")
    limits = {"bytes_per_second": bandwidth(), "flops_per_second": flops()}
    depths = {str(depth): measure(depth, limits) for depth in (3, 5, 7)}
    result = {"limits": limits, "cpu_threads": NetworkLaw(random_network(1), PHASES).engine.threads}
    finish({**result, "depths": depths}, sys.argv[1] if len(sys.argv) > 1 else None)
