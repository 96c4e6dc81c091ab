"""The exported file, ``.dmn``: one network, or an ensemble of several.

Tensors of each network (of the k-th with the prefix ``k.``): ``weights``, ``normals``,
``leaf_phase``, ``is_leaf`` and, where leaves are turned, ``leaf_rotation``. Header: format version,
checksum, and for each network its kind, dimension, depth, phase names and metadata.
"""

from pathlib import Path
from typing import Any

from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.network.ensemble import Ensemble
from dmn_fe.network.network import Network
from dmn_fe.tensor_file import TensorFormat

__all__ = ["load", "save"]

_TENSORS = ("weights", "normals", "leaf_phase", "is_leaf", "leaf_rotation")
_FORMAT = TensorFormat(
    key="dmn_fe.network",
    version=2,
    tensors=None,
    what="a network (.dmn)",
    mend="make it with dmn-fe train",
)


def save(network: Network | Ensemble, path: str | Path) -> None:
    """Write a network or an ensemble to ``path``; the file appears whole or not at all."""
    members = network.networks if isinstance(network, Ensemble) else (network,)
    tensors: dict[str, Tensor] = {}
    for number, member in enumerate(members):
        for name in _TENSORS:
            value = getattr(member, name)
            if value is not None:
                tensors[f"{number}.{name}"] = value
    entries = [
        {
            "kind": member.kind,
            "dimension": member.dimension,
            "depth": member.depth,
            "phase_names": list(member.phase_names),
            "metadata": member.metadata,
        }
        for member in members
    ]
    header: dict[str, Any] = {"networks": entries, "ensemble": isinstance(network, Ensemble)}
    if isinstance(network, Ensemble) and network.error is not None:
        header["error"] = network.error
    _FORMAT.save(path, tensors, header)


def load(path: str | Path) -> Network | Ensemble:
    """Read what :func:`save` wrote.

    Raises
    ------
    InputError
        If the file is missing, damaged, foreign, or of another format version.
    """
    return _FORMAT.read(path, _built)


def _built(tensors: dict[str, Tensor], header: dict[str, Any]) -> Network | Ensemble:
    members = tuple(
        _network({name: tensors.get(f"{k}.{name}") for name in _TENSORS}, entry)
        for k, entry in enumerate(header["networks"])
    )
    return Ensemble(members, header.get("error")) if header["ensemble"] else members[0]


def _network(tensors: dict[str, Tensor | None], entry: dict[str, Any]) -> Network:
    for name in _TENSORS[:-1]:
        if tensors[name] is None:
            raise InputError(f"it lacks {name}")
    network = Network(
        **{name: value for name, value in tensors.items() if value is not None},  # type: ignore
        phase_names=tuple(entry["phase_names"]),
        kind=entry["kind"],
        dimension=entry["dimension"],
        metadata=entry["metadata"],
    )
    if network.depth != entry["depth"]:
        raise InputError(f"the header says depth {entry['depth']}, the tensors {network.depth}")
    return network
