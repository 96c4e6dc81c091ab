"""The exported network: one ``.dmn`` file.

Tensors: ``weights``, ``normals``, ``leaf_phase``. Header: format version, checksum, kind, depth,
dimension, phase names, and metadata of data, training and validation.
"""

from pathlib import Path

from dmn_fe.errors import InputError
from dmn_fe.network.tree import Network
from dmn_fe.tensor_file import TensorFormat

__all__ = ["load", "save"]

_TENSORS = ("weights", "normals", "leaf_phase")
_FORMAT = TensorFormat(
    key="dmn_fe.network",
    version=1,
    tensors=_TENSORS,
    what="a network (.dmn)",
    mend="make it with dmn-fe train",
)


def save(network: Network, path: str | Path) -> None:
    """Write a network to ``path``; the file appears whole or not at all."""
    header = {
        "kind": network.kind,
        "depth": network.depth,
        "dimension": 3,
        "phase_names": list(network.phase_names),
        "metadata": network.metadata,
    }
    tensors = {name: getattr(network, name) for name in _TENSORS}
    _FORMAT.save(path, tensors, header)


def load(path: str | Path) -> Network:
    """Read a network; a missing, damaged or foreign file raises ``InputError``."""
    tensors, header = _FORMAT.load(path)
    if header.get("dimension") != 3:
        raise InputError(
            f"{path}: the network has dimension {header.get('dimension')}, this dmn_fe evaluates "
            "dimension 3; train on a 3D RVE (one voxel in depth for fibres)."
        )
    try:
        network = Network(
            **tensors,
            phase_names=tuple(header["phase_names"]),
            kind=header["kind"],
            metadata=header["metadata"],
        )
    except (InputError, KeyError) as error:
        raise InputError(f"{path}: not a usable network ({error}); {_FORMAT.mend}.") from error
    if network.depth != header.get("depth"):
        raise InputError(
            f"{path}: the header says depth {header.get('depth')}, the tensors {network.depth}; "
            f"{_FORMAT.mend}."
        )
    return network
