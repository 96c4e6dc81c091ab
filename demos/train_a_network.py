# # From a microstructure to a material network
#
# A composite is glass spheres in a polymer. Its response at a point of a part depends on what
# happens between the spheres, and a finite element model of the part cannot resolve that. A
# **material network** can stand in: a tree of laminates that is trained once, on linear-elastic
# data, and then follows plastic paths it has never seen, since the laminates carry the mechanics.
#
# This demo makes a small RVE (representative volume element), its data, and a network, in under a
# minute. The sizes are small; the text says what you would take, and the command that does the same
# on the command line.

import tempfile
from pathlib import Path

import torch

import dmn_fe
from dmn_fe import homogenization, laws, microstructure

# ## The microstructure
#
# Four spheres in a periodic cube of 16³ voxels; for a network to be used take 32³ and a dozen.
#
#     dmn-fe rve make spheres --volume-fraction 0.3 --output spheres.npy

rve = microstructure.random_spheres(voxels=16, volume_fraction=0.25, count=4, gap=1.0, seed=1)
print(dict(zip(rve.names, rve.volume_fractions, strict=True)))

# Your own voxels are an array of phase indices 0, 1, … of shape [nx, ny, nz], of a file (`.npy`,
# `.vti`, images: `microstructure.read("mine.npy")`) or in memory. `check` says what is wrong or
# doubtful in them; here that spheres are close for a grid as coarse as this.
#
#     dmn-fe rve import mine.tif --phases matrix,inclusion --output mine.vti
#     dmn-fe rve show mine.vti

own = microstructure.VoxelRVE(rve.phase, names=("matrix", "inclusion"))
for finding in microstructure.check(own):
    print(finding)

# ## The data
#
# Pairs of phase stiffnesses, and the effective stiffness of the RVE for each pair. The kind
# `"tangent-like"` draws matrix stiffnesses that look like the tangent of a yielding metal or
# polymer, without knowing yield stress or hardening. Take 200 samples or more. An interrupted call
# goes on where it stopped.
#
#     dmn-fe data spheres.npy --samples 200 --output spheres.safetensors

folder = Path(tempfile.mkdtemp())
data = homogenization.make_dataset(rve, "tangent-like", n=40, seed=0, path=folder / "data.st")

# ## The network
#
# Depth 4 has 16 leaves; take 5 (32 leaves) or more. Eight of the 40 samples are held out, and the
# network with the smallest error on these is kept. Leaves that have lost their weight are left out
# of the file: the network then costs less.
#
#     dmn-fe train spheres.safetensors --depth 5 --output spheres.dmn
#     dmn-fe inspect spheres.dmn

result = dmn_fe.train(data, depth=4, seed=0, iterations=150)
validation = result.network.metadata["validation"]
print(f"error on held-out samples: mean {validation['linear_mean']:.2%}")
small = dmn_fe.training.compressed(result.network, data)
print(f"{len(small.weights)} of {len(result.network.weights)} leaves are left")
dmn_fe.save(small, folder / "spheres.dmn")

# For a network to be used, train several and take their mean, which has an error bar:
# `training.train_ensemble(data, depth=5, k=3)`, or `--networks 3`. The demo
# `which_network_to_trust.py` goes on from here.

# ## The material
#
# The exported file knows geometry only. Give each phase a law, and the network is a law itself:
# strains and a state in, stresses, tangents and a new state out, for any number of points. Strains
# are Mandel vectors `[11, 22, 33, 23, 13, 12]` with √2 on the shear entries.

network = dmn_fe.load(folder / "spheres.dmn")
polymer = laws.J2(young=3000.0, poisson=0.37, hardening=laws.LinearHardening(35.0, 60.0))
glass = laws.Elastic.isotropic(young=72000.0, poisson=0.22)
composite = dmn_fe.NetworkLaw(network, {"matrix": polymer, "inclusion": glass})

# Shear up to 3 %, for the polymer alone and for the composite.

shear = torch.zeros(1, 6, dtype=torch.float64)
curves = {}
for name, law in (("polymer", polymer), ("composite", composite)):
    state, curves[name] = law.initial_state(1), []
    for amount in torch.linspace(0.002, 0.03, 15):
        shear[0, 5] = amount
        update = law.integrate(shear, state)
        assert update.status.item() == laws.Status.CONVERGED
        state = update.state
        curves[name].append(update.stress[0, 5].item() / 2**0.5)
    print(f"{name}: shear stress {curves[name][-1]:.1f} MPa")

# The spheres stiffen the composite, and they strengthen it although they do not yield:

stiffer = curves["composite"][0] / curves["polymer"][0]
stronger = curves["composite"][-1] / curves["polymer"][-1]
print(f"{stiffer:.2f} times as stiff, {stronger:.2f} times as strong")
assert validation["linear_mean"] < 0.03
before, after = (n.stiffness(data.phase_stiffness) for n in (result.network, network))
assert (after - before).norm() < 1e-4 * before.norm()
assert 1.4 < stiffer < 1.9
assert 1.1 < stronger < 1.6
