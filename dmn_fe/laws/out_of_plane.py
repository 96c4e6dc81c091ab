"""Local Newton iteration for the strains out of the plane at which their stresses vanish."""

import copy
from typing import Any

import torch
from torch import Tensor

from dmn_fe.laws.base import MaterialLaw, Status, Update
from dmn_fe.laws.oriented import Oriented

__all__ = ["OUT_OF_PLANE", "OutOfPlaneIteration", "condensed"]

#: Components 33, 23 and 13.
OUT_OF_PLANE = slice(2, 5)
_IN_PLANE = (0, 1, 5)

# Parts of the virgin stiffness that are added to the tangent where a step made the residual worse.
# Beyond the apex of a cone the tangent is near zero, and its Newton step far too long; with all of
# the virgin stiffness, the upper bound of an elastoplastic tangent, the step is never too long.
_DAMPING = (0.0, 0.1, 1.0)
_DECREASE = 1.0 - 1e-4  # of the residual, from which a step is taken
_SETTLED = 1e-8  # relative residual that will do where a Newton step cannot lower it
_NO_STRESS = 1e-2  # of stiffness times strain: a smaller stress is no scale for a residual
_SINGULAR = 1e-12  # relative pivot of a material that does not resist out of the plane


class OutOfPlaneIteration:
    """A law at ``n`` points with given strains in the plane.

    Points that are done are left out of the next evaluations, so that those of the law are few.

    Parameters
    ----------
    law : MaterialLaw
    strain : Tensor ``[n, 6]``
        Where it starts; written.
    state : Tensor ``[n, law.state_size]``
        Committed state of the law.
    dt, others
        Further arguments of ``law.integrate``.
    new_state : Tensor ``[n, law.state_size]``
        Memory for the new state.

    Attributes
    ----------
    strain, stress : Tensor ``[n, 6]``
    tangent : Tensor ``[n, 6, 6]``
        Of the law, in three dimensions.
    status : Tensor ``[n]`` of int8
    iterations : Tensor ``[n]`` of int32
        Sum of the law's.
    """

    def __init__(
        self,
        law: MaterialLaw,
        strain: Tensor,
        state: Tensor,
        dt: float,
        others: dict[str, Any],
        new_state: Tensor,
    ):
        n = len(strain)
        self._law, self._state, self._dt, self._others = law, state, dt, others
        self._new_state = new_state
        self.strain, self.stress = strain, torch.empty_like(strain)
        self.tangent = strain.new_empty(n, 6, 6)
        self.status = torch.empty(n, dtype=torch.int8, device=strain.device)
        self.iterations = torch.zeros(n, dtype=torch.int32, device=strain.device)
        self._residual, self._scale = strain.new_empty(n), strain.new_empty(n)

    def solve(self, tolerance: float, max_iterations: int) -> None:
        """Iterate until the residual is below ``tolerance``; see :class:`PlaneStress`."""
        points = torch.arange(len(self.strain), device=self.strain.device)
        self._start(points)
        for _ in range(max_iterations):
            # Not those that the law failed at, nor residuals that are not numbers.
            unfinished = self._residual[points] > tolerance * self._scale[points]
            points = points[unfinished & _usable(self.status[points])]
            if len(points) == 0:
                return
            points = self._step(points, max(tolerance, _SETTLED))
        late = self._residual[points] > tolerance * self._scale[points]
        self.status[points[late & _usable(self.status[points])]] = Status.MAX_ITERATIONS

    def _start(self, points: Tensor) -> None:
        """The law at the strains to begin with; where it fails there, as a network may that is held
        out of the plane, at those that the virgin stiffness asks for."""
        strain = self.strain.clone()
        update = self._integrate(points, strain)
        self._keep(points, strain, update, torch.ones_like(points, dtype=torch.bool))
        failed = ~_usable(self.status) & torch.isfinite(strain).all(-1)
        if failed.any():
            points, strain = points[failed], strain[failed]
            stiffness = self._virgin(points)[:, OUT_OF_PLANE]
            strain[:, OUT_OF_PLANE] = 0.0
            stress = stiffness @ strain[..., None]
            inverse = _inverse(stiffness[..., OUT_OF_PLANE])
            strain[:, OUT_OF_PLANE] = -(inverse @ stress)[..., 0]
            update = self._integrate(points, strain)
            self._keep(points, strain, update, _usable(update.status))

    def _step(self, points: Tensor, settled: float) -> Tensor:
        """One step at points; gives those that have not settled."""
        going, old = points, self._residual[points]
        stuck: list[Tensor] = []
        for damping in _DAMPING:
            block = self.tangent[going][:, OUT_OF_PLANE, OUT_OF_PLANE]
            if damping > 0:
                block = block + damping * self._virgin(going)[:, OUT_OF_PLANE, OUT_OF_PLANE]
            strain = self.strain[going]
            stress = self.stress[going][:, OUT_OF_PLANE, None]
            strain[:, OUT_OF_PLANE] -= (_inverse(block) @ stress)[..., 0]
            update = self._integrate(going, strain)
            usable = _usable(update.status)
            better = usable & (_size(update.stress[:, OUT_OF_PLANE]) <= _DECREASE * old)
            if damping == _DAMPING[-1]:
                # It may have to pass a kink before the residual falls.
                self.status[going[~usable]] = update.status[~usable]
                better = usable
            self._keep(going, strain, update, better)
            worse = ~better
            if damping == 0:
                near = worse & (old <= settled * self._scale[going])
                stuck.append(going[near])
                worse &= ~near
            going, old = going[worse], old[worse]
            if len(going) == 0:
                break
        return points[~torch.isin(points, torch.cat(stuck))]

    def _integrate(self, points: Tensor, strain: Tensor) -> Update:
        """Update of some points, and their share of the work."""
        every, others = len(points) == len(self.strain), self._others
        temperature = others.get("temperature")
        if not every and isinstance(temperature, Tensor) and temperature.ndim > 0:
            others = {"temperature": temperature[points]}
        state = self._state if every else self._state[points]
        update = _at(self._law, points).integrate(strain, state, self._dt, **others)
        self.iterations[points] += update.iterations.to(self.iterations)
        return update

    def _keep(self, points: Tensor, strain: Tensor, update: Update, chosen: Tensor) -> None:
        """Make the chosen of some points' trials their iterates."""
        if not chosen.any():
            return
        at = points[chosen]
        strain, stress, tangent = strain[chosen], update.stress[chosen], update.tangent[chosen]
        self.strain[at], self.stress[at], self.tangent[at] = strain, stress, tangent
        self._new_state[at], self.status[at] = update.state[chosen], update.status[chosen]
        self._residual[at] = _size(stress[:, OUT_OF_PLANE])
        elastic = _NO_STRESS * tangent.abs().amax((1, 2)) * _size(strain)
        self._scale[at] = torch.maximum(_size(stress), elastic)

    def _virgin(self, points: Tensor) -> Tensor:
        """Stiffness ``[points, 6, 6]`` of the law's virgin state."""
        law, zero = _at(self._law, points), self.strain.new_zeros(len(points), 6)
        return law.integrate(zero, self._law.initial_state(len(points)), self._dt).tangent


def condensed(tangent: Tensor) -> Tensor:
    """Tangents ``[n, 6, 6]`` in plane stress of those in three dimensions."""
    result = torch.zeros_like(tangent)
    inverse = _inverse(tangent[:, OUT_OF_PLANE, OUT_OF_PLANE])
    rows, columns = tangent[:, _IN_PLANE], tangent[:, :, _IN_PLANE]
    inner = rows[:, :, _IN_PLANE]
    inner = inner - rows[:, :, OUT_OF_PLANE] @ inverse @ columns[:, OUT_OF_PLANE]
    plane = torch.tensor(_IN_PLANE, device=tangent.device)
    result[:, plane[:, None], plane] = inner
    return result


def _inverse(block: Tensor) -> Tensor:
    """Inverses of ``[n, 3, 3]``; pseudo-inverses of singular ones, as of layers between voids."""
    inverse, _ = torch.linalg.inv_ex(block)
    size = block.abs().amax((1, 2))
    singular = ~(inverse.abs().amax((1, 2)) * size < 1.0 / _SINGULAR) & torch.isfinite(size)
    if singular.any():
        inverse[singular] = torch.linalg.pinv(block[singular], rtol=_SINGULAR)
    return inverse


def _usable(status: Tensor) -> Tensor:
    """Where an iteration may go on: the law only has to accept the strain that it ends at."""
    return (status == Status.CONVERGED) | (status == Status.SMALLER_STEP)


def _size(vectors: Tensor) -> Tensor:
    return torch.linalg.vector_norm(vectors, dim=-1)


def _at(law: MaterialLaw, points: Tensor) -> MaterialLaw:
    """The law at some points: that in material axes has a rotation for each."""
    if not isinstance(law, Oriented):
        return law
    part = copy.copy(law)
    part._turn = law._turn[points]
    return part
