"""Files of tensors with a checked JSON header: safetensors, no pickle.

The header is JSON text under one key of the safetensors metadata. It holds the format version and
a SHA-256 of all else, so that damage is found before anything is used.
"""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.files import written_whole

__all__ = ["TensorFormat"]

Built = TypeVar("Built")


class TensorFormat:
    """One kind of file.

    Parameters
    ----------
    key : str
        Name of the header in the safetensors metadata.
    version : int
        Format version that is written and read.
    tensors : tuple of str or None
        Names of the tensors in the file; None if every file has its own.
    what : str
        What the file is, for messages: "a network", "a stiffness data set".
    mend : str
        How to mend a file that is none, for messages.
    """

    def __init__(
        self, key: str, version: int, tensors: tuple[str, ...] | None, what: str, mend: str
    ):
        self.key, self.version, self.tensors = key, version, tensors
        self.what, self.mend = what, mend

    def save(self, path: str | Path, tensors: dict[str, Tensor], header: dict[str, Any]) -> None:
        """Write the file whole or not at all; its bytes depend on the content alone."""
        # Copies, since the file format knows no tensors that share their memory.
        content = {name: tensors[name].contiguous().clone() for name in self.tensors or tensors}
        # As it will be read: JSON has no tuples, and no keys but text.
        header = json.loads(json.dumps({**header, "format_version": self.version}))
        header["sha256"] = _digest(content, header)
        text = save(content, metadata={self.key: json.dumps(header, sort_keys=True)})
        with written_whole(path) as partial:
            partial.write_bytes(text)

    def load(self, path: str | Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Tensors and header of a file.

        Raises
        ------
        InputError
            If the file is missing, damaged, of another kind or of another format version.
        """
        path = Path(path)
        if path.is_dir():
            raise InputError(f"{path}: is a folder; give {self.what}, or {self.mend}.")
        if not path.is_file():
            raise InputError(f"{path}: no such file; give {self.what}, or {self.mend}.")
        try:
            with safe_open(path, framework="pt") as file:
                text = (file.metadata() or {}).get(self.key)
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except OSError as error:
            reason = error.strerror or error
            raise InputError(f"{path}: cannot be read ({reason}); check it.") from error
        except SafetensorError as error:
            raise InputError(f"{path}: damaged, or not {self.what}; {self.mend}.") from error
        if text is None:
            raise InputError(f"{path}: this file is not {self.what}; {self.mend}.")
        try:
            header = json.loads(text)
            version, checksum = header["format_version"], header.pop("sha256")
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(f"{path}: the header is damaged; {self.mend}.") from error
        if version != self.version:
            raise InputError(
                f"{path}: format version {version} is unknown, this dmn_fe reads {self.version}; "
                f"update dmn_fe or {self.mend}."
            )
        if set(tensors) != set(self.tensors or tensors) or checksum != _digest(tensors, header):
            raise InputError(f"{path}: the content does not match its checksum; {self.mend}.")
        return tensors, header

    def marks(self, path: str | Path) -> bool:
        """Whether there is a safetensors file of this kind, sound or not."""
        try:
            with safe_open(path, framework="pt") as file:
                return self.key in (file.metadata() or {})
        except (OSError, SafetensorError):
            return False

    def read(
        self, path: str | Path, build: Callable[[dict[str, Tensor], dict[str, Any]], Built]
    ) -> Built:
        """What ``build`` makes of tensors and header; where it cannot, the file is not usable.

        Raises
        ------
        InputError
            As :meth:`load`, or with the reason of ``build``.
        """
        tensors, header = self.load(path)
        try:
            return build(tensors, header)
        except (
            InputError,
            KeyError,
            TypeError,
            ValueError,
            IndexError,
            AttributeError,
            RuntimeError,  # of torch
        ) as error:
            raise InputError(f"{path}: not usable ({error}); {self.mend}.") from error


def _digest(tensors: dict[str, Tensor], header: dict[str, Any]) -> str:
    """SHA-256 over the header and over names, types, shapes and values of the tensors."""
    digest = hashlib.sha256(json.dumps(header, sort_keys=True).encode())
    for name in sorted(tensors):
        tensor = tensors[name].contiguous()
        digest.update(f"{name} {tensor.dtype} {list(tensor.shape)}".encode())
        digest.update(tensor.numpy().tobytes())
    return digest.hexdigest()
