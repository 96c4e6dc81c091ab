"""How finite elements and the FFT solver converge to the same response of one RVE.

    python tests/benchmarks/discretisation.py [RESULT.json PICTURE.png]

A stiff sphere of 20 % in a periodic cube: the elastic stiffness C11 at a contrast of 10, and the
axial stress in isochoric flow to 1 % strain with an almost perfectly plastic matrix. FFT on voxels
(rotated scheme), quadratic tetrahedra, and linear tetrahedra, which lock. Nothing is asserted.
"""

# isort: off
from dmn_fe import fem  # before torch

# isort: on
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch

from dmn_fe import laws
from dmn_fe.homogenization import Loading, VoxelProblem, effective_stiffness, follow_path
from dmn_fe.mandel import isotropic_stiffness
from dmn_fe.microstructure import VoxelRVE, read_mesh

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.record import finish

VOXELS = (8, 12, 16, 24, 32, 48)
CELL_SIZES = (0.3, 0.22, 0.16, 0.12)
ELASTIC = torch.stack([isotropic_stiffness(1.0, 0.3), isotropic_stiffness(10.0, 0.3)])
LAWS = {
    "matrix": laws.J2(3000.0, 0.4, laws.LinearHardening(30.0, 10.0)),
    "inclusion": laws.Elastic.isotropic(60000.0, 0.2),
}
FLOW = torch.tensor([1.0, -0.5, -0.5, 0.0, 0.0, 0.0], dtype=torch.float64)
LOADING = Loading.of_strain(FLOW * torch.linspace(0.0, 0.01, 5)[:, None])


def ball(n: int) -> VoxelRVE:
    """The voxels nearest to the middle, 20 % of them."""
    x = (np.arange(n) + 0.5) / n - 0.5
    distance = x[:, None, None] ** 2 + x[None, :, None] ** 2 + x[None, None] ** 2
    phase = np.zeros(n**3, dtype=int)
    phase[np.argsort(distance, axis=None, kind="stable")[: round(0.2 * n**3)]] = 1
    return VoxelRVE(phase.reshape(n, n, n))


def measured(size: float, stiffness: torch.Tensor, problem) -> dict[str, float]:
    """One point of a curve; ``size`` is the edge of a voxel or cell in that of the cube."""
    start = time.perf_counter()
    record, _ = follow_path(problem, LOADING)
    return {
        "size": size,
        "C11": stiffness[0, 0].item(),
        "stress": record.stress[-1, 0].item(),
        "seconds of the path": time.perf_counter() - start,
    }


def curves() -> dict[str, list[dict[str, float]]]:
    """All points of all curves."""
    found: dict[str, list[dict[str, float]]] = {"FFT, rotated scheme": []}
    for n in VOXELS:
        rve = ball(n)
        point = measured(1.0 / n, effective_stiffness(rve, ELASTIC), VoxelProblem(rve, LAWS))
        found["FFT, rotated scheme"].append(point)
        print(n, point, file=sys.stderr, flush=True)
    script = Path(__file__).parents[2] / "meshes" / "sphere.py"
    for size in CELL_SIZES:
        with tempfile.TemporaryDirectory() as folder:
            path = f"{folder}/sphere.msh"
            subprocess.run([sys.executable, script, str(size), path], check=True)
            mesh = read_mesh(path)
        for degree, name in ((2, "quadratic tetrahedra"), (1, "linear tetrahedra")):
            stiffness = fem.effective_stiffness(mesh, ELASTIC, degree=degree)
            point = measured(size, stiffness, fem.MeshRVEProblem(mesh, LAWS, degree=degree))
            found.setdefault(name, []).append(point)
            print(size, name, point, file=sys.stderr, flush=True)
    return found


def draw(found: dict[str, list[dict[str, float]]], path: str) -> None:
    """Both quantities over the size of a voxel or cell."""
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    titles = {"C11": "elastic stiffness C11", "stress": "plastic stress at 1 % strain, MPa"}
    for axis, (key, title) in zip(axes, titles.items(), strict=True):
        for (name, points), marker in zip(found.items(), "os^", strict=True):
            axis.plot(
                [p["size"] for p in points], [p[key] for p in points], marker=marker, label=name
            )
        axis.set(xlabel="edge of a voxel or cell / edge of the RVE", title=title, xlim=(0, None))
        axis.grid(alpha=0.3)
    axes[0].legend()
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    torch.set_num_threads(1)
    result = curves()
    if len(sys.argv) > 2:
        draw(result, sys.argv[2])
    finish({"curves": result}, sys.argv[1] if len(sys.argv) > 1 else None)
