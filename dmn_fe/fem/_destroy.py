"""PETSc objects that go with their owner."""

import weakref
from collections.abc import Sequence
from typing import Any, Protocol

__all__ = ["destroy_with"]


class Destroyable(Protocol):
    """A PETSc object, or something like it."""

    def destroy(self) -> Any:
        """Free what it holds."""


def destroy_with(owner: object, objects: Sequence[Destroyable]) -> weakref.finalize:
    """Destroy ``objects`` in this order when ``owner`` goes, at exit, or when the result is called.

    PETSc destroys collectively: the order must be the same on all ranks, and the garbage collector
    keeps none.
    """
    return weakref.finalize(owner, _destroy, objects)


def _destroy(objects: Sequence[Destroyable]) -> None:
    for one in objects:
        one.destroy()
