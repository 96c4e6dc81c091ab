"""Whether an RVE is the one that a network stands for."""

import dataclasses

from dmn_fe.errors import InputError
from dmn_fe.microstructure import MeshRVE, VoxelRVE
from dmn_fe.microstructure.voxels import default_names
from dmn_fe.network import Ensemble, Network

__all__ = ["fitting_rve"]


def fitting_rve(rve: VoxelRVE | MeshRVE, network: Network | Ensemble) -> VoxelRVE | MeshRVE:
    """The RVE, with the network's names of the phases if it has none but the usual ones.

    Raises
    ------
    InputError
        If it has other phases than the network, or the network has learnt from another RVE.
    """
    names = tuple(network.phase_names)
    if rve.names == default_names(len(names)):  # as of .npy files, which have no names
        rve = dataclasses.replace(rve, names=names)
    if set(rve.names) != set(names):
        raise InputError(
            f"the RVE has the phases {list(rve.names)}, the network {list(names)}; give the RVE "
            "that the network has learnt from."
        )
    members = network.networks if isinstance(network, Ensemble) else (network,)
    for member in members:
        known = member.metadata.get("data", {}).get("rve_hash")
        if known is not None and known != rve.hash:
            raise InputError(
                "the network has learnt from another RVE (its file has another hash); give the "
                "one that its data was made of."
            )
    return rve
