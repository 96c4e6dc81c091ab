"""The exported network: one ``.dmn`` file, safetensors with a JSON header, no pickle.

Tensors: ``weights``, ``normals``, ``leaf_phase``. Header (JSON text under the key ``dmn_fe``):
format version, kind, depth, dimension, phase names, metadata of data, training and validation,
and the SHA-256 of all that.
"""

import hashlib
import json
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from dmn_fe.errors import InputError
from dmn_fe.files import written_whole
from dmn_fe.network.tree import Network

__all__ = ["load", "save"]

_HEADER_KEY = "dmn_fe"
_FORMAT_VERSION = 1
_TENSORS = ("weights", "normals", "leaf_phase")


def save(network: Network, path: str | Path) -> None:
    """Write a network to ``path``; the file appears whole or not at all."""
    tensors = {name: getattr(network, name).contiguous() for name in _TENSORS}
    header = {
        "format_version": _FORMAT_VERSION,
        "kind": network.kind,
        "depth": network.depth,
        "dimension": 3,
        "phase_names": list(network.phase_names),
        "metadata": network.metadata,
    }
    header["sha256"] = _digest(tensors, header)
    with written_whole(path) as partial:
        save_file(tensors, partial, metadata={_HEADER_KEY: json.dumps(header, sort_keys=True)})


def load(path: str | Path) -> Network:
    """Read a network; a missing, damaged or foreign file raises ``InputError``."""
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: no such network file; check the path, or make it with train.")
    try:
        with safe_open(path, framework="pt") as file:
            header_text = (file.metadata() or {}).get(_HEADER_KEY)
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise InputError(
            f"{path}: damaged or not a .dmn file ({error}); export it again."
        ) from None
    header = _checked_header(path, header_text)
    checksum = header.pop("sha256", None)
    if set(tensors) != set(_TENSORS) or checksum != _digest(tensors, header):
        raise InputError(f"{path}: the content does not match its checksum; export it again.")
    try:
        network = Network(
            weights=tensors["weights"],
            normals=tensors["normals"],
            leaf_phase=tensors["leaf_phase"],
            phase_names=tuple(header["phase_names"]),
            kind=header["kind"],
            metadata=header["metadata"],
        )
    except (InputError, KeyError) as error:
        raise InputError(f"{path}: {error} Export the file again.") from None
    if network.depth != header.get("depth"):
        raise InputError(f"{path}: depth {header.get('depth')} does not fit; export it again.")
    return network


def _checked_header(path: Path, text: str | None) -> dict:
    """Header of a file of this format, version and dimension."""
    if text is None:
        raise InputError(f"{path}: not a material network; give a file made by dmn-fe train.")
    try:
        header = json.loads(text)
        version, dimension = header["format_version"], header["dimension"]
    except (json.JSONDecodeError, KeyError, TypeError):
        raise InputError(f"{path}: the header is damaged; export the file again.") from None
    if version != _FORMAT_VERSION:
        raise InputError(
            f"{path}: format version {version} is unknown, this dmn_fe reads {_FORMAT_VERSION}; "
            "update dmn_fe or export the file again."
        )
    if dimension != 3:
        raise InputError(
            f"{path}: the network has dimension {dimension}, this dmn_fe evaluates dimension 3; "
            "train on a 3D RVE (one voxel in depth for fibres)."
        )
    return header


def _digest(tensors: dict[str, torch.Tensor], header: dict) -> str:
    """SHA-256 over the header and over names, shapes and values of the tensors."""
    digest = hashlib.sha256(json.dumps(header, sort_keys=True).encode())
    for name in sorted(tensors):
        tensor = tensors[name].contiguous()
        digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}".encode())
        digest.update(tensor.numpy().tobytes())
    return digest.hexdigest()
