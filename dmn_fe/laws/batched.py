"""A law of one's own, from a function in torch; its tangent is differentiated."""

import functools
from collections.abc import Callable

import torch
from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.laws.base import Status, Update, check_points

__all__ = ["Batched"]

# Derivatives of eigenvalues and the like lose their symmetry at some points by round-off: a tangent
# is not symmetric where, of enough points, many differ by much, relative to the largest entry.
_ENOUGH, _SKEW_POINTS, _SYMMETRY = 20, 0.05, 1e-3


class Batched:
    """A law from a function of many points at once.

    The tangent is the derivative of the function along each of the six strains
    (``torch.func.jvp``), which also passes through loops that end when all points are done. A part
    that the function computes outside torch, or behind ``detach`` or ``no_grad``, is no part of it.

    Parameters
    ----------
    function : callable
        ``stress, new_state = function(strain, state, dt)`` with strain and stress ``[n, 6]``
        (Mandel), states ``[n, state_size]`` and the time step, all of float64. Each point must
        depend on its own strain and state alone. It gets copies.
    state_size : int
        Numbers of state per point.
    is_isotropic : bool
        Whether it responds alike in all directions; if not, leaves with axes of their own turn it.
    symmetric : bool
        Whether its tangent is always symmetric.
    virgin : Tensor ``[state_size]``, optional
        State of a virgin point; zero if left out.
    """

    def __init__(
        self,
        function: Callable[[Tensor, Tensor, float], tuple[Tensor, Tensor]],
        state_size: int = 0,
        *,
        is_isotropic: bool = False,
        symmetric: bool = False,
        virgin: Tensor | None = None,
    ):
        if not callable(function):
            raise InputError(f"Batched: function = {function!r} cannot be called; give a function.")
        if isinstance(state_size, bool) or not isinstance(state_size, int) or state_size < 0:
            raise InputError(f"Batched: state_size = {state_size!r} must be a whole number >= 0.")
        if virgin is None:
            virgin = torch.zeros(state_size)
        virgin = torch.as_tensor(virgin, dtype=torch.float64)
        if virgin.shape != (state_size,):
            raise InputError(
                f"Batched: virgin has the shape {tuple(virgin.shape)}, expected ({state_size},)."
            )
        self.function = function
        self.state_size = state_size
        self.is_isotropic = is_isotropic
        self.symmetric_tangent = symmetric
        self._virgin = virgin.clone()

    def __repr__(self) -> str:
        name = getattr(self.function, "__qualname__", type(self.function).__qualname__)
        module = getattr(self.function, "__module__", None) or "?"
        return f"Batched({module}.{name}, state_size={self.state_size})"

    def initial_state(self, n: int) -> Tensor:
        """Virgin state ``[n, state_size]``."""
        return self._virgin.repeat(n, 1)

    def integrate(self, strain: Tensor, state: Tensor, dt: float = 0.0) -> Update:
        """Stress and state of the function; see :class:`~dmn_fe.laws.base.MaterialLaw`.

        Raises
        ------
        InputError
            Also if what the function returns has the wrong form, and when the tangent is asked
            for, if the function cannot be differentiated.
        """
        check_points(self, strain, state)
        returned = self.function(strain.clone(), state.clone(), dt)
        stress, new_state = self._checked(returned, len(strain))
        finite = torch.isfinite(stress).all(-1) & torch.isfinite(new_state).all(-1)
        status = torch.where(finite, Status.CONVERGED, Status.NOT_FINITE).to(torch.int8)
        tangent = functools.partial(self._tangent, strain.clone(), state.clone(), dt)
        return Update(stress, new_state, tangent, status)

    def _checked(self, returned: object, n: int) -> tuple[Tensor, Tensor]:
        if not isinstance(returned, tuple) or len(returned) != 2:
            kind = type(returned).__name__
            size = f" of {len(returned)}" if isinstance(returned, (tuple, list)) else ""
            raise InputError(
                f"{self!r}: the function returned a {kind}{size}; return (stress, new_state)."
            )
        for name, value, width in zip(
            ("stress", "new state"), returned, (6, self.state_size), strict=True
        ):
            if not isinstance(value, Tensor):
                raise InputError(
                    f"{self!r}: the {name} is a {type(value).__name__}; return a tensor."
                )
            if value.dtype != torch.float64 or value.shape != (n, width):
                raise InputError(
                    f"{self!r}: the {name} is {value.dtype} with the shape {tuple(value.shape)}, "
                    f"expected torch.float64 with ({n}, {width})."
                )
        return returned

    def _tangent(self, strain: Tensor, state: Tensor, dt: float) -> Tensor:
        def stress(changed: Tensor) -> Tensor:
            return self.function(changed.clone(), state.clone(), dt)[0]

        columns = []
        for direction in torch.eye(6, dtype=strain.dtype):
            try:
                _, column = torch.func.jvp(stress, (strain,), (direction.expand_as(strain),))
            except (RuntimeError, NotImplementedError) as error:
                raise InputError(
                    f"{self!r}: torch.func.jvp cannot differentiate the function: {error}"
                ) from error
            columns.append(column)
        tangent = torch.stack(columns, dim=-1)
        if self.symmetric_tangent and len(strain) >= _ENOUGH:
            skew, size = (tangent - tangent.mT).abs().amax((1, 2)), tangent.abs().amax((1, 2))
            if (skew > _SYMMETRY * size).double().mean() > _SKEW_POINTS:
                raise InputError(
                    f"{self!r}: it says symmetric of a tangent that is not; leave "
                    "symmetric = False."
                )
        return tangent
