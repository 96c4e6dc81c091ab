# # From a photo to a part
#
# All you have of a composite is one micrograph: fibres in a resin, cut across. This demo makes RVEs
# (representative volume elements) of it, a material network from each, and a part of each; so the
# part's stiffness and strength come with an error bar for what one photo leaves open. Since the
# photo was made from a section that we know, we can look whether the truth lies there. It takes two
# minutes.

import tempfile
from pathlib import Path

import numpy as np
from dolfinx import fem, mesh
from mpi4py import MPI

import dmn_fe
from dmn_fe import homogenization, laws, microstructure
from dmn_fe.fem import Problem, QuadratureMap

folder = Path(tempfile.mkdtemp())
photo = Path(__file__).parents[1] / "meshes" / "micrograph.png"

# ## The phases in the photo
#
# A photo has grey values, and is segmented only as you say. `draw_segmentation` shows the choices;
# here two clusters are fibres and resin, and a median filter takes away the noise.
#
#     dmn-fe reconstruct micrograph.png --clusters 2 --despeckle 1 --phases resin,fibre --count 3

names = ("resin", "fibre")
microstructure.draw_segmentation(photo, folder / "phases.png", despeckle=1)
section = microstructure.read_photo(photo, clusters=2, despeckle=1, names=names)
print(
    f"fibres: {section.volume_fractions[1]:.1%} of {section.shape[0]} × {section.shape[1]} pixels"
)

# ## RVEs of the same texture
#
# A piece of the photo would have wrong fractions, and faces that do not fit. `reconstruct` makes
# periodic RVEs whose texture is that of the photo; each seed gives another one. Take 128 voxels,
# which is the default, and five seeds; `dimension=3` would make volumes.

made = microstructure.reconstruct(section, size=64, seeds=(0, 1, 2))
report = microstructure.judge_quality(section, made.rves)
report.write(folder / "quality.png")
print(f"{report.verdict}: {report.sentence}")

# ## A network of each
#
# The same data and the same training for all, and for the section that the photo was made from.

truth = microstructure.synthetic_section("packed disks", seed=1, voxels=256)
truth = microstructure.VoxelRVE(truth.phase[::2, ::2], names)  # half the resolution, all the fibres
networks = []
for number, rve in enumerate([*made.rves, truth]):
    path = folder / f"{number}.safetensors"
    data = homogenization.make_dataset(rve, "tangent-like", n=60, seed=0, path=path, tolerance=1e-4)
    result = dmn_fe.train(data, depth=5, seed=0, iterations=200)
    networks.append(result.network)
    error = result.network.metadata["validation"]["linear_mean"]
    print(f"network {number}: error on held-out samples {error:.2%}")

# ## The part
#
# A plate with a hole, a quarter of it, pulled by 1 % across the fibres in plane strain (MPa, mm).

resin = laws.J2(3000.0, 0.37, laws.VoceHardening(35.0, 25.0, 80.0, 60.0))
glass = laws.Elastic.isotropic(72000.0, 0.22)
plate = mesh.create_rectangle(MPI.COMM_SELF, [[0.0, 0.0], [4.0, 4.0]], [8, 8])
cells = mesh.locate_entities(plate, 2, lambda x: x[0] ** 2 + x[1] ** 2 > 1.0)
plate = mesh.create_submesh(plate, 2, cells)[0]


def pull(network) -> np.ndarray:
    """Force on the plate (N per mm of thickness) at five elongations."""
    space = fem.functionspace(plate, ("Lagrange", 2, (2,)))
    u, elongation = fem.Function(space), fem.Constant(plate, 0.0)

    def held(axis: int, place: float, value):
        """Displacement along an axis of the edge there."""
        edge = mesh.locate_entities_boundary(plate, 1, lambda x: np.isclose(x[axis], place))
        dofs = fem.locate_dofs_topological(space.sub(axis), 1, edge)
        return fem.dirichletbc(value, dofs, space.sub(axis)), edge

    left, below = held(0, 0.0, fem.Constant(plate, 0.0)), held(1, 0.0, fem.Constant(plate, 0.0))
    right, loaded = held(0, 4.0, elongation)
    law = dmn_fe.NetworkLaw(network, {"resin": resin, "fibre": glass})
    problem = Problem(
        u, QuadratureMap(u, law), [left[0], below[0], right], loads={elongation: lambda t: 0.04 * t}
    )
    forces = []
    for t in np.linspace(0.2, 1.0, 5):
        assert problem.step(t).converged
        forces.append(problem.reaction(loaded)[0])
    return np.array(forces)


forces = np.array([pull(network) for network in networks])
mean, spread, true = forces[:-1].mean(0), forces[:-1].std(0, ddof=1), forces[-1]
for step, force in enumerate(mean):
    print(f"step {step + 1}: {force:.2f} ± {spread[step]:.2f} N, the true one {true[step]:.2f} N")

# The RVEs know one photo, and so does the truth: the error of the mean is a few per cent, of which
# the spread tells a part. What the photo itself has by chance, no method can know.

error = np.abs(mean / true - 1.0).max()
print(f"largest error of the mean {error:.1%}, spread {(spread / mean).max():.1%}")
assert error < 0.05
assert 0.0 < (spread / mean).max() < 0.05
