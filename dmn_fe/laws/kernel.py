"""The compiled twin of a law: its C++ type and the parameters it is made from."""

from dataclasses import dataclass

__all__ = ["Kernel", "kernel_of"]


@dataclass(frozen=True)
class Kernel:
    """What the compiled core needs to know of a law, or of a part of one.

    Parameters
    ----------
    type : str
        C++ type, in the namespace ``dmn``.
    headers : tuple of str
        Where it is defined, relative to the core's headers.
    parameters : tuple of float
        What its constructor reads.
    definition : str
        C++ text that defines the type where no header does.
    """

    type: str
    headers: tuple[str, ...]
    parameters: tuple[float, ...] = ()
    definition: str = ""


def kernel_of(law: object) -> Kernel | None:
    """The compiled twin of a law or of its hardening; None if it has none.

    A class that changes the update of another, but not its twin, has none.
    """
    kind = type(law)
    update = "integrate" if hasattr(kind, "integrate") else "__call__"
    if not hasattr(kind, "kernel") or _definer(kind, "kernel") is not _definer(kind, update):
        return None
    return law.kernel()  # type: ignore[attr-defined]


def _definer(kind: type, name: str) -> type | None:
    """The class that defines a method of another."""
    return next((base for base in kind.__mro__ if name in vars(base)), None)
