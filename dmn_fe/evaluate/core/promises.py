"""What a user says of a law in C++, held against the law: a network relies on it."""

import torch

from dmn_fe.errors import InputError
from dmn_fe.evaluate.core.points import PointsUpdate, respond_at_points
from dmn_fe.laws.kernel import Kernel

__all__ = ["check_promises"]

_POINTS = 64
_TOLERANCE = 1e-6  # of a tangent, relative to its largest entry
_kept: set[Kernel] = set()


def check_promises(kernel: Kernel, name: str, state_size: int, symmetric: bool) -> None:
    """Raise ``InputError`` if a law says ``symmetric`` or ``elastic`` where it is not, or has no
    tangent to start with.

    It is tried along random paths of three steps, strains of 1e-6 to 0.1, steps of no time to 1e6;
    points where it fails tell nothing. A law that has passed is not tried again.
    """
    if kernel in _kept:
        return
    generator = torch.Generator().manual_seed(0)
    virgin = torch.zeros(_POINTS, state_size, dtype=torch.float64)
    nowhere = torch.zeros(_POINTS, 6, dtype=torch.float64)
    elastic = respond_at_points(kernel, name, nowhere, virgin, 0.0).tangent
    if not torch.isfinite(elastic).all():
        raise InputError(
            f"CompiledLaw {name!r}: its tangent at no strain is not a number, and networks start "
            "there; add a small number below a root, as in sqrt(x + 1e-300)."
        )
    sizes = torch.logspace(-6, -1, _POINTS, dtype=torch.float64)[:, None]
    for dt in (0.0, 1e-6, 1.0, 1e6):
        state = virgin
        for _ in range(3):
            shape = nowhere.shape
            strain = sizes * torch.randn(shape, generator=generator, dtype=torch.float64)
            update = respond_at_points(kernel, name, strain, state, dt)
            fine = ~update.failed & torch.isfinite(update.tangent).all(-1).all(-1)
            if symmetric:
                _refuse(name, "symmetric", "its tangent is not", update, update.tangent.mT, fine)
            told = fine & update.elastic
            text = "its tangent is not that of the virgin law"
            _refuse(name, "elastic", text, update, elastic, told)
            if (told & (update.state != state).any(-1)).any():
                raise InputError(_sentence(name, "elastic", "its state changes"))
            state = torch.where(fine[:, None], update.state, state)
    _kept.add(kernel)


def _refuse(
    name: str, what: str, but: str, update: PointsUpdate, other: torch.Tensor, where: torch.Tensor
) -> None:
    """Refuse tangents that are not the ``other`` ones at these points."""
    error = (update.tangent - other).abs().amax((1, 2))
    if (where & (error > _TOLERANCE * update.tangent.abs().amax((1, 2)))).any():
        raise InputError(_sentence(name, what, but))


def _sentence(name: str, what: str, but: str) -> str:
    mend = "leave symmetric = False" if what == "symmetric" else "set elastic for fewer points"
    return f"CompiledLaw {name!r}: it says {what} of some points where {but}; {mend}."
