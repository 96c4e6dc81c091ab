"""Makes the data of the studies in this folder: six RVEs, some hours on two cores.

    python3 demos/assessment/make_data.py                 # or, on two cores
    mpirun -n 2 python3 demos/assessment/make_data.py

Interrupt it, and the same command goes on where it stopped. What is there is not made again.
"""

import os
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

from mpi4py import MPI

from dmn_fe import homogenization, laws, microstructure, network, training

FOLDER = Path(__file__).parent
DATA = FOLDER / "data"
MESHES = FOLDER.parent.parent / "meshes"  # has the first RVE with its tangent-like samples

# ## Two classes of microstructures, three RVEs of each
#
# 30 % spheres, of one size (A, B) and of several (C); 40 % parallel fibres, twelve (A, B) or
# twenty (C).

RVES = {
    "spheres_a": lambda: microstructure.read(MESHES / "spheres.npy"),
    "spheres_b": lambda: microstructure.random_spheres(31, 0.3, 16, 2.0, seed=1),
    "spheres_c": lambda: microstructure.polydisperse_spheres(31, 0.3, 20, 0.3, None, 2.0, seed=2),
    "fibres_a": lambda: microstructure.random_fibres(64, 0.4, 12, 2.0, seed=0),
    "fibres_b": lambda: microstructure.random_fibres(64, 0.4, 12, 2.0, seed=1),
    "fibres_c": lambda: microstructure.random_fibres(64, 0.4, 20, 2.0, seed=2),
}

# ## Data to learn from
#
# 300 stiffnesses of each kind, and 510 one-step samples, each of a direction and of random plastic
# materials of its own; of the spheres also twice as many.

KINDS = ("orthotropic", "tangent-like")
ELASTIC, ONE_STEP = 300, 510
TWICE = ("spheres_a", "spheres_b", "spheres_c")
APPENDED = {"spheres_b", "fibres_b", "fibres_c"}  # first 100 tangent-like samples, then the others

# ## The truth
#
# Strain paths up to 1.25 % with four materials: the plastic one on all paths, the others on three.

MATRIX = laws.J2(70000.0, 0.33, laws.LinearHardening(100.0, 2100.0))
STIFF, SOFT = laws.Elastic.isotropic(400000.0, 0.2), laws.Elastic.isotropic(7000.0, 0.2)
MATERIALS = {
    "plastic": (MATRIX, STIFF),
    "near-perfect": (laws.J2(70000.0, 0.33, laws.LinearHardening(100.0, 70.0)), STIFF),
    "soft": (MATRIX, SOFT),
    "creep": (laws.Norton(70000.0, 0.33, 1e-3, 100.0, 5.0), STIFF),
}
FEW = ("isochoric", "corner", "random")

# ## Other nonlinear samples
#
# As many steps, to compare with, of the first RVE of each class: three strains in each of 170
# directions, short paths with corners, and one-step samples of the materials of the truth.

YIELD_STRAIN = 100.0 / 70000.0
OTHERS = {
    "three-strains": ("one-step", 170, 3, None, None),
    "history": ("history", 170, 3, None, None),
    "own-materials": (
        "one-step",
        510,
        1,
        MATERIALS["plastic"],
        (YIELD_STRAIN, 13.0 * YIELD_STRAIN),
    ),
}

# ## A network to start others from

START = DATA / "spheres_b.dmn"


def main() -> None:
    """Make all that is missing; every step is shared by the ranks."""
    comm = MPI.COMM_WORLD
    DATA.mkdir(exist_ok=True)
    for name, make in RVES.items():
        rve = make()
        for kind in KINDS:
            say(comm, f"{name}: {kind} samples")
            path = DATA / f"{name}_{kind}.safetensors"
            if (name, kind) == ("spheres_a", "tangent-like"):
                path = MESHES / "spheres_tangent.safetensors"
            batch = 10 if rve.shape[2] == 1 else 1
            first = kind == "tangent-like" and name in APPENDED and not path.exists()
            for samples in (100, ELASTIC) if first else (ELASTIC,):
                homogenization.make_dataset(rve, kind, samples, 0, path, batch=batch, comm=comm)
        say(comm, f"{name}: one-step samples")
        path = DATA / f"{name}_one-step.safetensors"
        homogenization.make_path_dataset(rve, "one-step", ONE_STEP, 0, path, comm=comm)
        if name in TWICE:
            path = DATA / f"{name}_twice.safetensors"
            for samples in (ONE_STEP, 2 * ONE_STEP):
                homogenization.make_path_dataset(rve, "one-step", samples, 0, path, comm=comm)
        for title, (kind, samples, steps, own, scale) in OTHERS.items():
            if name in ("spheres_a", "fibres_a"):
                say(comm, f"{name}: {title}")
                path = DATA / f"{name}_{title}.safetensors"
                phase_laws = own and dict(zip(rve.names, own, strict=True))
                homogenization.make_path_dataset(
                    rve, kind, samples, 0, path, steps, phase_laws, scale, comm=comm
                )
        for material, phase_laws in MATERIALS.items():
            say(comm, f"{name}: reference paths, {material}")
            duration = 10.0 if material == "creep" else 1.0
            loadings = homogenization.standard_loadings(duration=duration)
            if material != "plastic":
                loadings = {key: loadings[key] for key in FEW}
            homogenization.compute_reference_paths(
                rve,
                dict(zip(rve.names, phase_laws, strict=True)),
                loadings,
                DATA / f"{name}_{material}.safetensors",
                comm=comm,
            )
    if comm.rank == 0 and not START.exists():
        data = homogenization.StiffnessDataset.load(DATA / "spheres_b_tangent-like.safetensors")
        network.save(training.train(data, depth=5, iterations=300).network, START)


def say(comm: MPI.Comm, text: str) -> None:
    """Tell what is being done, once."""
    if comm.rank == 0:
        print(text, flush=True)


if __name__ == "__main__":
    main()
