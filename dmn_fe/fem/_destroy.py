"""PETSc objects that go with their owner."""

import weakref

from petsc4py import PETSc

__all__ = ["destroy_with"]


def destroy_with(owner: object, objects: list[PETSc.Object]) -> weakref.finalize:
    """Destroy ``objects`` in this order when ``owner`` goes, at exit, or when the result is called.

    PETSc destroys collectively: the order must be the same on all ranks, and the garbage collector
    keeps none.
    """
    return weakref.finalize(owner, _destroy, objects)


def _destroy(objects: list[PETSc.Object]) -> None:
    for one in objects:
        one.destroy()
