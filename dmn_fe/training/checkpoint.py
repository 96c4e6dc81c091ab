"""The checkpoint of a training: the same call goes on from it to the same result."""

import logging
import time
from pathlib import Path
from typing import Any

from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.files import check_folder
from dmn_fe.tensor_file import TensorFormat

__all__ = ["Checkpoint"]

_FORMAT = TensorFormat(
    key="dmn_fe.training",
    version=4,
    tensors=None,
    what="the checkpoint of a training",
    mend="remove it to begin anew, or give the checkpoint another name",
)
_SECONDS_BETWEEN_WRITES = 10.0
_DIGESTS = ("data", "paths", "pretrained")  # of which a person learns nothing
_LOGGER = logging.getLogger(__name__)


class Checkpoint:
    """A file that holds a training.

    Parameters
    ----------
    path : path or None
        None keeps nothing.
    identity : dict
        JSON values that say which training it is.

    Raises
    ------
    InputError
        If there is no such folder, or the ending is not .safetensors.
    """

    def __init__(self, path: str | Path | None, identity: dict[str, Any]):
        self._path = None if path is None else Path(path)
        self._identity, self._written = identity, time.monotonic()
        if self._path is not None:
            check_folder(self._path, ending=".safetensors")

    @property
    def before(self) -> Path | None:
        """Name for the checkpoint of a training that this one starts from."""
        return None if self._path is None else self._path.with_suffix(".start.safetensors")

    def remove_before(self) -> None:
        """Remove that file: its result is in this one."""
        if self.before is not None:
            self.before.unlink(missing_ok=True)

    def read(self) -> dict[str, Tensor] | None:
        """The tensors of the file; None if there is none.

        Raises
        ------
        InputError
            If the file is damaged or belongs to another training.
        """
        if self._path is None or not self._path.exists():
            return None
        tensors, header = _FORMAT.load(self._path)
        for key, value in self._identity.items():
            if header.get(key) != value:
                raise InputError(
                    f"{self._path}: belongs to a training with "
                    f"{_difference(key, header.get(key), value)}; give the checkpoint another "
                    "name, or remove it to begin anew."
                )
        return tensors

    def is_due(self) -> bool:
        """Whether the last writing was some seconds ago."""
        return self._path is not None and (
            time.monotonic() - self._written > _SECONDS_BETWEEN_WRITES
        )

    def write(self, tensors: dict[str, Tensor]) -> bool:
        """Write, and say whether it is there; where that is impossible there is a warning, and the
        training goes on."""
        if self._path is None:
            return False
        try:
            _FORMAT.save(self._path, {k: v.cpu() for k, v in tensors.items()}, self._identity)
        except (OSError, InputError) as error:
            _LOGGER.warning("the training goes on without its checkpoint: %s", error)
            return False
        finally:
            self._written = time.monotonic()
        return True


def _difference(name: str, theirs: Any, own: Any) -> str:
    """The first entry in which two values differ, in words."""
    if isinstance(theirs, dict) and isinstance(own, dict):
        for key in own:
            if theirs.get(key) != own[key]:
                return _difference(key, theirs.get(key), own[key])
    if name in _DIGESTS:
        return f"other {name}"
    return f"{name} = {theirs!r}, not {own!r}"
