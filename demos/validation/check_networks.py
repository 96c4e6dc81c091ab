"""Prints the errors of the networks in this folder on plastic paths of their RVEs.

The paths are those of `dmn_fe.homogenization.standard_loadings`, as far as 3 % of strain with the
materials of the run files; for the section they are turned into plane strain. The truth is kept in
``data``; it takes some minutes. Run with ``python demos/validation/check_networks.py``.
"""

from pathlib import Path

import torch

import dmn_fe
from dmn_fe import evaluate, laws, microstructure
from dmn_fe.homogenization import Loading, compute_reference_paths, standard_loadings

FOLDER = Path(__file__).parent
AMPLITUDE = 0.03  # largest norm of the strain

LAWS = {
    "matrix": laws.J2(3000.0, 0.37, laws.VoceHardening(35.0, 25.0, 80.0, 60.0)),
    "inclusion": laws.Elastic.isotropic(72000.0, 0.22),
}


def in_plane_strain(loading: Loading) -> Loading:
    """The loading with 33, 23, 13 left out and its volumetric part kept, scaled to AMPLITUDE."""
    given = loading.strain
    strain = torch.zeros_like(given)
    difference, volumetric = given[:, 0] - given[:, 1], given[:, :3].sum(1)
    strain[:, 0] = 0.5 * (volumetric + difference)
    strain[:, 1] = 0.5 * (volumetric - difference)
    strain[:, 5] = given[:, 5]
    return Loading.of_strain(strain * (AMPLITUDE / strain.norm(dim=1).max()), loading.times)


def main() -> None:
    """Compute what is missing of the truth, and compare."""
    paths = standard_loadings(AMPLITUDE)
    flat = {name: in_plane_strain(one) for name, one in paths.items() if name != "shear-23"}
    for name, loadings in (("five_inclusions", flat), ("particles", paths)):
        rve = microstructure.read(FOLDER / f"{name}.npy")
        file = FOLDER / "data" / f"{name}_paths.safetensors"
        reference = compute_reference_paths(rve, LAWS, loadings, file)
        for network in (f"{name}_single", name):
            law = evaluate.network_law(dmn_fe.load(FOLDER / f"{network}.dmn"), LAWS)
            print(f"\n{network}.dmn\n{evaluate.path_errors(law, reference)}", flush=True)


if __name__ == "__main__":
    main()
