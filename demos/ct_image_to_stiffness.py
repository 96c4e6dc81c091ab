# # From a CT image to its effective stiffness
#
# A scan of a short-fibre composite is a stack of grey slices. This demo segments it, checks and
# measures what came out, and computes how stiff the material is and how well it conducts heat.
# It takes half a minute. Replace `scan` by your own file, a folder of slices, or one image.

import tempfile
from pathlib import Path

import numpy as np
import tifffile
import torch

from dmn_fe import homogenization, microstructure
from dmn_fe.errors import InputError
from dmn_fe.mandel import isotropic_stiffness

folder = Path(tempfile.mkdtemp())

# ## A scan
#
# So that the demo needs no download, we make one: glass fibres, most of them along e1, cut out of a
# larger volume, blurred as an instrument blurs, and noisy. The fibres are about 17 µm long and
# 3 µm thick, a voxel is 0.5 µm wide.

alignment = np.diag([0.7, 0.2, 0.1])  # second-order orientation tensor
fibres = microstructure.short_fibres(
    voxels=56,
    volume_fraction=0.12,
    count=24,
    aspect_ratio=6.0,
    orientation_tensor=alignment,
    seed=3,
)
window = fibres.phase[:48, :48, :48].astype(float)
blurred = sum(np.roll(window, shift, axis) for axis in range(3) for shift in (-1, 0, 1)) / 9.0
noise = np.random.default_rng(0).normal(0.0, 6.0, window.shape)
grey = np.clip(70.0 + 110.0 * blurred + noise, 0.0, 255.0).astype(np.uint8)

# A stack has one page for each slice along e3, and in a page e1 points to the right, e2 upwards.

scan = folder / "scan.tif"
tifffile.imwrite(scan, grey.transpose(2, 1, 0)[:, ::-1])

# ## Segmentation
#
# Grey values are no phases, and no threshold is chosen behind your back:

try:
    microstructure.read(scan)
except InputError as error:
    print(error)

# Give `thresholds=(…,)`, or the number of `clusters` to be found in the histogram. On the command
# line this is `dmn-fe rve import scan.tif --clusters 2 --phases matrix,fibre --output scan.vti`.

print("threshold found:", microstructure.find_thresholds(scan, clusters=2))
edge = 48 * 0.5e-3  # mm
rve = microstructure.read(scan, ("matrix", "fibre"), size=(edge,) * 3, clusters=2)
print(dict(zip(rve.names, rve.volume_fractions, strict=True)))

# ## Checks and statistics
#
# The window is not periodic, which the solver takes it to be: fibres that are cut at a face end
# there. `mirrored(rve)` would continue them, at eight times the size.

for finding in microstructure.check(rve):
    print(f"{finding.severity}: {finding.sentence}")

for phase in microstructure.describe(rve).phases:
    print(phase)

# Chords are the lengths of lines inside the fibres: longest along e1, as the fibres are.

microstructure.draw_rve(rve, folder / "scan.png", title="Short fibres")
print(f"picture in {folder / 'scan.png'}")

# ## Stiffness
#
# Stiffnesses are 6×6 Mandel matrices `[phases, 6, 6]`, here in MPa; any anisotropic one will do.

stiffness = torch.stack([isotropic_stiffness(3000.0, 0.37), isotropic_stiffness(72000.0, 0.22)])
solution = homogenization.solve_load_cases(rve, stiffness)
effective = solution.effective

compliance = torch.linalg.inv(effective)
young = 1.0 / compliance.diagonal()[:3]
print("Young's moduli along e1, e2, e3 in MPa:", [round(value) for value in young.tolist()])

# Between the bounds of Voigt (all strain alike) and Reuss (all stress alike), whatever the
# arrangement:

fractions = torch.tensor(rve.volume_fractions, dtype=torch.float64)
voigt = torch.einsum("p,pij->ij", fractions, stiffness)
reuss = torch.linalg.inv(torch.einsum("p,pij->ij", fractions, torch.linalg.inv(stiffness)))
assert torch.linalg.eigvalsh(voigt - effective).min() > 0.0
assert torch.linalg.eigvalsh(effective - reuss).min() > 0.0

# Is the window large enough? Its eight octants tell how much a smaller one scatters.

octants = []
for corner in np.ndindex(2, 2, 2):
    part = tuple(slice(24 * c, 24 * c + 24) for c in corner)
    octant = microstructure.VoxelRVE(rve.phase[part], rve.names)
    octant_compliance = torch.linalg.inv(
        homogenization.effective_stiffness(octant, stiffness, 1e-4)
    )
    octants.append(1.0 / octant_compliance[0, 0].item())
print(f"Young's modulus along e1 of octants: {min(octants):.0f} to {max(octants):.0f} MPa")

# ## Heat
#
# Conductivity is the same solver with a temperature in place of a displacement, thermal expansion
# needs one load more. One number is enough for a phase that is alike in all directions.

conductivity = homogenization.effective_conductivity(rve, torch.tensor([0.25, 1.0]))
print("conductivity along e1, e2, e3 in W/(m K):", conductivity.diagonal().tolist())
expansion = homogenization.effective_expansion(rve, stiffness, torch.tensor([80e-6, 5e-6]))
print("thermal expansion along e1, e2, e3 in 1/K:", expansion[:3].tolist())

# ## Local stress
#
# The strain for a unit load along e1, and from it the stress, for ParaView.

phase = torch.from_numpy(rve.phase.astype(np.int64))
stress = torch.einsum("xyzij,jxyz->ixyz", stiffness[phase], solution.strain[0])
microstructure.write_fields(rve, folder / "stress.vti", {"stress": stress.numpy()})
print(f"open {folder / 'stress.vti'} in ParaView")

# The fibres lie along e1, and so does the stiffness:

assert young[0] > 1.1 * young[2]
assert abs(young[0].item() / 4725.0 - 1.0) < 0.01
