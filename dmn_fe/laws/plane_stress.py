"""A law of three dimensions in plane stress: the strains out of the plane are found at each point.

In the plane of e1 and e2 the strain is given; the components 33, 23 and 13 of the stress vanish. De
Souza Neto, Perić & Owen, Computational Methods for Plasticity (2008), section 9.2.2, describe this
local Newton iteration, which needs of a law no more than its consistent tangent. With the in-plane
components a (11, 22, 12) and the others b the tangent of the result is the condensed

    C_aa − C_ab C_bb⁻¹ C_ba.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.laws.base import MaterialLaw, Update, check_points
from dmn_fe.laws.base import takes_temperature as _takes_temperature
from dmn_fe.laws.checks import store_number
from dmn_fe.laws.out_of_plane import OUT_OF_PLANE, OutOfPlaneIteration, condensed
from dmn_fe.laws.void import Void

__all__ = ["PlaneStress", "PlaneStressUpdate"]


class PlaneStressUpdate(Update):
    """Result of a law in plane stress.

    Attributes
    ----------
    strain : Tensor ``[n, 6]``
        Strain at the end of the step (Mandel): as given in the plane, as found out of it.
    """

    def __init__(self, strain: Tensor, inner: Callable[[], Update], *arguments: Any):
        super().__init__(*arguments)
        self.strain = strain
        self._inner = inner

    @cached_property
    def inner(self) -> Update:
        """Update of the law itself at :attr:`strain`, evaluated once more when first asked for: it
        has what a law tells besides stress and state, such as the ``spread`` of an ensemble. Do not
        overwrite the state that the step started from before.
        """
        return self._inner()


@dataclass(frozen=True, eq=False)
class PlaneStress:
    """A law in plane stress, in the plane of e1 and e2.

    Implements :class:`~dmn_fe.laws.MaterialLaw`. State per point: that of the law, then the strains
    33, 23 and 13 (Mandel), where the next step starts. ``iterations`` of an update are the sum of
    the law's over the local iteration.

    For a sheet that is meshed in its plane, with ``u`` of two components, or for shells. A law in
    material axes of its own comes as ``PlaneStress(Oriented(law, rotation))``.

    Parameters
    ----------
    law : MaterialLaw
        Any but a void, of which no strain out of the plane can be found.
    tolerance : float
        Largest norm of the components 33, 23 and 13 relative to the norm of the stress, or to a
        hundredth of stiffness times strain where this is more. Where round-off, or the tolerance of
        a law that iterates itself, leaves no smaller one, 1e-8 will do.
    max_iterations : int
        Limit of Newton steps of a point, which gets ``Status.MAX_ITERATIONS`` beyond.
    """

    law: MaterialLaw
    tolerance: float = 1e-12
    max_iterations: int = 50

    is_isotropic = False

    def __post_init__(self):
        if isinstance(self.law, type) or not isinstance(self.law, MaterialLaw):
            raise InputError(
                f"PlaneStress: law = {self.law!r} is no material law; give one, e.g. "
                "laws.Elastic.isotropic(young, poisson)."
            )
        if isinstance(self.law, Void):
            raise InputError("PlaneStress: a void has no stress anyway; give laws.Void() itself.")
        if isinstance(self.law, PlaneStress):
            raise InputError("PlaneStress: law is one of plane stress already; give it as it is.")
        store_number(self, "tolerance", above=0)
        if self.tolerance >= 1:
            raise InputError(
                f"PlaneStress: tolerance = {self.tolerance} must lie below 1, e.g. 1e-12."
            )
        if type(self.max_iterations) is not int or self.max_iterations < 1:
            raise InputError(
                f"PlaneStress: max_iterations = {self.max_iterations!r} must be a whole number "
                "from 1."
            )

    @property
    def symmetric_tangent(self) -> bool:
        """As the law."""
        return bool(getattr(self.law, "symmetric_tangent", False))

    @property
    def takes_temperature(self) -> bool:
        """As the law."""
        return _takes_temperature(self.law)

    @property
    def state_dtype(self) -> torch.dtype:
        """As the law."""
        return getattr(self.law, "state_dtype", torch.float64)

    @property
    def state_size(self) -> int:
        """State of the law and the three strains out of the plane."""
        return self.law.state_size + 3

    def initial_state(self, n: int) -> Tensor:
        """Virgin state ``[n, state_size]``."""
        own = self.law.initial_state(n)
        return torch.cat([own, own.new_zeros(n, 3, dtype=self.state_dtype)], dim=-1)

    def law_state(self, state: Tensor) -> Tensor:
        """State ``[n, law.state_size]`` of the law in states of this one, as a view."""
        return state[:, :-3]

    def out_of_plane_strain(self, state: Tensor) -> Tensor:
        """Strains 33, 23 and 13 (Mandel) ``[n, 3]`` in states ``[n, state_size]``, as a view."""
        return state[:, -3:]

    def integrate(
        self,
        strain: Tensor,
        state: Tensor,
        dt: float = 0.0,
        temperature: Tensor | float | None = None,
    ) -> PlaneStressUpdate:
        """Update of ``n`` points; see :class:`~dmn_fe.laws.base.MaterialLaw`.

        The components 33, 23 and 13 of the strain are ignored, those of the stress and of the
        tangent's rows and columns are zero. The iteration starts from the committed strains out of
        the plane, with the tangent at the new strain in the plane. A point that is not finite does
        not hurt the others.

        Parameters
        ----------
        strain : Tensor ``[n, 6]``
            Total strain at the end of the step (Mandel).
        state : Tensor ``[n, state_size]``
            Committed state.
        dt : float
            Time step, as of the law.
        temperature : float or Tensor ``[n]``, optional
            For a law that takes one.

        Raises
        ------
        InputError
            As of the law.
        """
        check_points(self, strain, state)
        others = {} if temperature is None else {"temperature": temperature}
        start = strain.clone()
        start[:, OUT_OF_PLANE] = self.out_of_plane_strain(state).to(strain)
        own = self.law_state(state)
        new_state = state.new_empty(state.shape)
        iteration = OutOfPlaneIteration(self.law, start, own, dt, others, self.law_state(new_state))
        iteration.solve(self.tolerance, self.max_iterations)
        found = iteration.strain
        self.out_of_plane_strain(new_state)[:] = found[:, OUT_OF_PLANE].to(new_state)
        stress = iteration.stress
        stress[:, OUT_OF_PLANE] = 0.0
        return PlaneStressUpdate(
            found,
            lambda: self.law.integrate(found, own, dt, **others),
            stress,
            new_state,
            lambda: condensed(iteration.tangent),
            iteration.status,
            iteration.iterations,
        )
