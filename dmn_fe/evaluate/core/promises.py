"""What a user says of a law in C++, held against the law: a network relies on it."""

from collections.abc import Callable

import torch
from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.evaluate.core.points import PointsUpdate
from dmn_fe.mandel import rotation_matrix

__all__ = ["check_promises"]

Respond = Callable[[Tensor, Tensor, float], PointsUpdate]

_POINTS = 64
_TOLERANCE = 1e-6  # of a tangent or a stress, relative to its largest entry
_STEP, _ERROR, _KINKS = 1e-5, 0.01, 0.05  # of differences, relative; and share of points with kinks


def check_promises(
    respond: Respond, name: str, state_size: int, *, symmetric: bool, is_isotropic: bool
) -> None:
    """Raise ``InputError`` if a law is not what it is said to be, or a network could not start.

    It is tried along random paths of three steps, strains of 1e-6 to 0.1, steps of no time to 1e6;
    points where it fails tell nothing.

    Parameters
    ----------
    respond : callable
        ``respond(strain, state, dt)`` of points, as :func:`respond_at_points`.
    name : str
        Of the law.
    state_size, symmetric, is_isotropic
        As of :class:`~dmn_fe.evaluate.CompiledLaw`.
    """
    generator = torch.Generator().manual_seed(0)
    virgin = torch.zeros(_POINTS, state_size, dtype=torch.float64)
    elastic = _virgin_tangent(respond, name, virgin)
    sizes = torch.logspace(-6, -1, _POINTS, dtype=torch.float64)[:, None]
    for dt in (0.0, 1e-6, 1.0, 1e6):
        state = virgin
        for _ in range(3):
            strain = sizes * torch.randn(_POINTS, 6, generator=generator, dtype=torch.float64)
            update = respond(strain, state, dt)
            fine = ~update.failed & torch.isfinite(update.tangent).all(-1).all(-1)
            _refuse(
                name,
                "the tangent is not the derivative of the stress; end an iteration with one step "
                "of Newton in T, and do not take value(x) where the stress depends on x",
                _differs_from_differences(respond, update, strain, state, dt, fine),
            )
            if symmetric:
                differs = _differ(update.tangent, update.tangent.mT) & fine
                text = "it says symmetric, but its tangent is not; leave symmetric = False"
                _refuse(name, text, differs)
            told = fine & update.elastic
            text = "it says elastic of some points where its {}; set elastic for fewer points"
            differs = told & _differ(update.tangent, elastic)
            _refuse(name, text.format("tangent is not that of the virgin law"), differs)
            changes = (update.state != state).any(-1)
            _refuse(name, text.format("state changes"), told & changes)
            if is_isotropic and state is virgin:
                text = "it says is_isotropic, but depends on the direction; leave it out"
                _refuse(
                    name, text, fine & _depends_on_direction(respond, update, strain, state, dt)
                )
            state = torch.where(fine[:, None], update.state, state)


def _virgin_tangent(respond: Respond, name: str, virgin: Tensor) -> Tensor:
    """Where networks start."""
    start = respond(torch.zeros(len(virgin), 6, dtype=torch.float64), virgin, 0.0)
    text = "at no strain and dt = 0, where networks start, {}"
    reason = "it fails: failed is true, or an index lies beyond the end of strain, stress or state"
    _refuse(name, text.format(reason), start.failed)
    reason = "its stress or new state is not a number; set all six, and do not divide by dt"
    _refuse(name, text.format(reason), ~torch.isfinite(start.stress).all(-1))
    reason = "its tangent is not a number; add a small number below a root, as in sqrt(x + 1e-300)"
    _refuse(name, text.format(reason), ~torch.isfinite(start.tangent).all(-1).all(-1))
    return start.tangent


def _differs_from_differences(
    respond: Respond, update: PointsUpdate, strain: Tensor, state: Tensor, dt: float, fine: Tensor
) -> Tensor:
    """Points whose tangent is not that of central differences, unless few: those have kinks."""
    step = _STEP * strain.abs().amax(-1, keepdim=True)
    direction = step * torch.sin(torch.arange(1.0, 7.0, dtype=torch.float64))
    two = [respond(strain + sign * direction, state, dt) for sign in (1.0, -1.0)]
    change = (update.tangent @ (2.0 * direction)[..., None]).squeeze(-1)
    size = update.tangent.abs().amax((1, 2)) * step.squeeze(-1)
    error = (two[0].stress - two[1].stress - change).abs().amax(-1)
    differs = fine & ~two[0].failed & ~two[1].failed & (error > _ERROR * size)
    return differs & (differs.double().mean() > _KINKS)


def _depends_on_direction(
    respond: Respond, update: PointsUpdate, strain: Tensor, state: Tensor, dt: float
) -> Tensor:
    """Points whose response does not turn with their strain."""
    axes = torch.linalg.qr(torch.sin(torch.arange(9.0, dtype=torch.float64)).view(3, 3) + 0.1)[0]
    turn = rotation_matrix(axes * torch.linalg.det(axes).sign())
    turned = respond(strain @ turn.mT, state, dt)
    error = (turned.stress - update.stress @ turn.mT).abs().amax(-1)
    return ~turned.failed & (error > _TOLERANCE * update.stress.abs().amax(-1))


def _differ(tangent: Tensor, other: Tensor) -> Tensor:
    return (tangent - other).abs().amax((1, 2)) > _TOLERANCE * tangent.abs().amax((1, 2))


def _refuse(name: str, text: str, where: Tensor) -> None:
    if where.any():
        raise InputError(f"CompiledLaw {name!r}: {text}.")
