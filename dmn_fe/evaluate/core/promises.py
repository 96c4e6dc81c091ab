"""What a user says of a law in C++, held against the law: a network relies on it."""

from collections.abc import Callable

import torch
from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.evaluate.core.points import PointsUpdate
from dmn_fe.mandel import deviator, rotation_matrix

__all__ = ["check_promises"]

Respond = Callable[[Tensor, Tensor, float], PointsUpdate]

_POINTS = 64
_TOLERANCE = 1e-6  # of a tangent or a stress, relative to its largest entry
_STEP, _ERROR, _KINKS = 1e-5, 0.01, 0.05  # of differences, relative; and share of points with kinks
_ROUND_OFF = 1e-12  # relative to the virgin law


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
    floor = _ROUND_OFF * float(elastic.abs().max())
    sizes = torch.logspace(-6, -1, _POINTS, dtype=torch.float64)[:, None]
    turn = _some_rotation()
    for dt in (0.0, 1e-6, 1.0, 1e6):
        state = turned_state = virgin
        for _ in range(3):
            strain = sizes * torch.randn(_POINTS, 6, generator=generator, dtype=torch.float64)
            update = respond(strain, state, dt)
            fine = ~update.failed & torch.isfinite(update.tangent).all(-1).all(-1)
            differs = _differs_from_differences(respond, update, strain, state, dt, floor)
            _refuse(
                name,
                f"at dt = {dt:g} its tangent is not the derivative of its stress; end an iteration "
                "with one step of Newton in T, take no value(x) where the stress depends on x, and "
                "set failed where an iteration has not converged",
                differs & fine & ((differs & fine).double().mean() > _KINKS),
            )
            if symmetric:
                differs = _differ(update.tangent, update.tangent.mT, floor) & fine
                text = "it says symmetric, but its tangent is not; leave symmetric = False"
                _refuse(name, text, differs)
            told = fine & update.elastic
            text = "it says elastic of some points where its {}; set elastic for fewer points"
            differs = told & _differ(update.tangent, elastic, floor)
            _refuse(name, text.format("tangent is not that of the virgin law"), differs)
            changes = (update.state != state).any(-1)
            _refuse(name, text.format("state changes"), told & changes)
            if is_isotropic:
                turned = respond(strain @ turn.mT, turned_state, dt)
                fine &= ~turned.failed & torch.isfinite(turned.stress).all(-1)
                error = (turned.stress - update.stress @ turn.mT).abs().amax(-1)
                allowed = _TOLERANCE * update.stress.abs().amax(-1)
                text = "it says is_isotropic, but depends on the direction; leave it out"
                allowed = allowed + floor * strain.abs().amax(-1)
                _refuse(name, text, fine & (error > allowed))
                turned_state = torch.where(fine[:, None], turned.state, turned_state)
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
    respond: Respond, update: PointsUpdate, strain: Tensor, state: Tensor, dt: float, floor: float
) -> Tensor:
    """Points whose tangent is not that of central differences along a strain, or along its
    deviator, in which a nearly incompressible law is soft."""
    size = strain.abs().amax(-1)
    found = torch.zeros(_POINTS, dtype=torch.bool)
    along = torch.sin(torch.arange(1.0, 7.0, dtype=torch.float64))
    for direction in (along, deviator(along[None])[0]):
        step = _STEP * size[:, None] * direction
        two = [respond(strain + sign * step, state, dt) for sign in (1.0, -1.0)]
        difference = two[0].stress - two[1].stress
        change = (update.tangent @ (2.0 * step)[..., None]).squeeze(-1)
        error = (difference - change).abs().amax(-1)
        most = torch.maximum(difference.abs(), change.abs()).amax(-1)
        # Also of numbers of the size of one, as stretches are.
        round_off = _ROUND_OFF * update.stress.abs().amax(-1) + floor * (size + 0.01)
        found |= ~two[0].failed & ~two[1].failed & (error > _ERROR * most + round_off)
    return found


def _some_rotation() -> Tensor:
    """Of Mandel vectors, ``[6, 6]``."""
    axes = torch.linalg.qr(torch.sin(torch.arange(9.0, dtype=torch.float64)).view(3, 3) + 0.1)[0]
    return rotation_matrix(axes * torch.linalg.det(axes).sign())


def _differ(tangent: Tensor, other: Tensor, floor: float) -> Tensor:
    allowed = _TOLERANCE * tangent.abs().amax((1, 2)) + floor
    return (tangent - other).abs().amax((1, 2)) > allowed


def _refuse(name: str, text: str, where: Tensor) -> None:
    if where.any():
        raise InputError(f"CompiledLaw {name!r}: {text}.")
