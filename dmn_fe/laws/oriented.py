"""A law at points that have their own material axes."""

from typing import Any

import torch
from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.laws.base import MaterialLaw, Update, check_points, takes_temperature
from dmn_fe.laws.description import laws_fingerprint
from dmn_fe.mandel import rotation_matrix

__all__ = ["Oriented"]


class OrientedUpdate(Update):
    """Result of a law in material axes.

    Attributes
    ----------
    inner : Update
        Of the law itself, in material axes.
    """

    def __init__(self, inner: Update, *arguments: Any):
        super().__init__(*arguments)
        self.inner = inner


class Oriented:
    """A law in the material axes of each of n points.

    Parameters
    ----------
    law : MaterialLaw
        The law in material axes.
    rotation : Tensor ``[n, 3, 3]``
        Rotation Q of each point: its columns are the material axes, and a stiffness acts as
        ``Q C Qᵀ``.
    """

    def __init__(self, law: MaterialLaw, rotation: Tensor):
        self.law = law
        self._turn = rotation_matrix(torch.as_tensor(rotation, dtype=torch.float64))

    @property
    def symmetric_tangent(self) -> bool:
        """As the law."""
        return bool(getattr(self.law, "symmetric_tangent", False))

    @property
    def takes_temperature(self) -> bool:
        """As the law."""
        return takes_temperature(self.law)

    @property
    def state_dtype(self) -> torch.dtype:
        """As the law."""
        return getattr(self.law, "state_dtype", torch.float64)

    @property
    def state_size(self) -> int:
        """As the law."""
        return self.law.state_size

    def fingerprint(self) -> str:
        """SHA-256 (hex) of the law; the orientations belong to the points."""
        return laws_fingerprint({"oriented": self.law})

    def initial_state(self, n: int) -> Tensor:
        """As the law; the state is in material axes."""
        return self.law.initial_state(n)

    def integrate(
        self,
        strain: Tensor,
        state: Tensor,
        dt: float = 0.0,
        temperature: Tensor | float | None = None,
    ) -> OrientedUpdate:
        """Update of all n points; see :class:`~dmn_fe.laws.base.MaterialLaw`.

        ``temperature`` is for a law that takes one.
        """
        check_points(self, strain, state)
        if len(strain) != len(self._turn):
            raise InputError(
                f"Oriented: {len(strain)} strains for {len(self._turn)} orientations; "
                "integrate all points at once."
            )
        turn = self._turn
        others = {} if temperature is None else {"temperature": temperature}
        update = self.law.integrate((turn.mT @ strain[..., None])[..., 0], state, dt, **others)
        return OrientedUpdate(
            update,
            (turn @ update.stress[..., None])[..., 0],
            update.state,
            lambda: turn @ update.tangent @ turn.mT,
            update.status,
            update.iterations,
        )
