"""Make ``spheres.npy``: 12 equal spheres, 30 % by volume, in a periodic cube of 32³ voxels.

Run as ``python meshes/make_spheres.py``.
"""

from pathlib import Path

from dmn_fe.microstructure import random_spheres, write

rve = random_spheres(voxels=32, volume_fraction=0.3, count=12, gap=2.0, seed=0)
path = Path(__file__).with_name("spheres.npy")
write(rve, path)
print(f"{path.name}: volume fraction {rve.volume_fractions[1]:.4f}")
