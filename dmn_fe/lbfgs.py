"""L-BFGS for many independent problems at once: one row of parameters each.

The direction is the two-loop recursion of Nocedal & Wright, Numerical Optimization (2006), §7.2,
the step a bracketing search for the weak Wolfe conditions, which give every correction a positive
curvature. All rows advance together, so that each evaluation is one batch.
"""

from collections.abc import Callable

import torch
from torch import Tensor

__all__ = ["LBFGS"]

Function = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]

_DECREASE, _CURVATURE = 1e-4, 0.9  # of the Wolfe conditions
_MAX_TRIALS = 25


class LBFGS:
    """Minimises ``K`` functions of ``P`` parameters each.

    Parameters
    ----------
    function : callable
        ``(parameters [k, P], rows [k]) → (values [k], gradients [k, P])`` of some of the rows.
    start : Tensor ``[K, P]``
    history : int
        Corrections that are kept; each takes the memory of two times the parameters.

    Attributes
    ----------
    parameters : Tensor ``[K, P]``
    value : Tensor ``[K]``
    active : bool Tensor ``[K]``
        Rows that still advance; the others have no step that lowers their function.
    evaluations : int
        Calls of ``function``.
    """

    def __init__(self, function: Function, start: Tensor, history: int = 50):
        self._function, self._history = function, history
        k, p = start.shape
        self.parameters = start.detach().clone()
        self.value = start.new_full((k,), torch.inf)
        self.active = torch.ones(k, dtype=torch.bool, device=start.device)
        self.evaluations = 0
        self._gradient = torch.zeros_like(start)
        self._steps = start.new_zeros(0, k, p)
        self._changes = start.new_zeros(0, k, p)
        self._scale = start.new_zeros(k)  # of the first inverse Hessian; zero before a correction

    def state(self) -> dict[str, Tensor]:
        """All that the next iterations depend on."""
        return {
            "parameters": self.parameters,
            "value": self.value,
            "active": self.active,
            "gradient": self._gradient,
            "steps": self._steps,
            "changes": self._changes,
            "scale": self._scale,
        }

    def set_state(self, state: dict[str, Tensor]) -> None:
        """Go on from a :meth:`state`."""
        self.parameters, self.value, self.active = (
            state[name].to(self.parameters.device) for name in ("parameters", "value", "active")
        )
        self._gradient, self._steps, self._changes, self._scale = (
            state[name].to(self.parameters.device)
            for name in ("gradient", "steps", "changes", "scale")
        )

    def step(self) -> None:
        """One iteration of every active row."""
        if torch.isinf(self.value).all():
            self.value, self._gradient = self._evaluate(
                self.parameters, torch.arange(len(self.value), device=self.value.device)
            )
            self.active &= torch.isfinite(self.value)
        rows = torch.nonzero(self.active).flatten()
        if not len(rows):
            return
        direction = self._direction()
        slope = (direction * self._gradient).sum(-1)
        # Where round-off has spoilt the recursion, start it anew.
        spoilt = ~(slope < 0)
        if spoilt.any():
            self._steps[:, spoilt] = 0.0
            self._changes[:, spoilt] = 0.0
            self._scale[spoilt] = 0.0
            direction[spoilt] = self._first_direction()[spoilt]
            slope[spoilt] = (direction * self._gradient).sum(-1)[spoilt]
            self.active = self.active & (slope < 0)  # not where the gradient is zero
            rows = torch.nonzero(self.active).flatten()
        if len(rows):
            self._search(direction, slope, rows)

    def _first_direction(self) -> Tensor:
        length = self._gradient.abs().sum(-1, keepdim=True).clamp(min=1e-300)
        return -self._gradient * torch.clamp(1.0 / length, max=1.0)

    def _direction(self) -> Tensor:
        """Minus the inverse Hessian times the gradient, ``[K, P]``."""
        curvature = (self._steps * self._changes).sum(-1)  # zero: no correction
        inverse = torch.where(curvature > 0, 1.0 / torch.where(curvature > 0, curvature, 1.0), 0.0)
        vector, projections = self._gradient.clone(), []
        for i in range(len(self._steps) - 1, -1, -1):
            projection = inverse[i] * (self._steps[i] * vector).sum(-1)
            vector -= projection[:, None] * self._changes[i]
            projections.append(projection)
        vector *= self._scale[:, None]
        for i, projection in enumerate(reversed(projections)):
            other = inverse[i] * (self._changes[i] * vector).sum(-1)
            vector += (projection - other)[:, None] * self._steps[i]
        return torch.where((self._scale > 0)[:, None], -vector, self._first_direction())

    def _search(self, direction: Tensor, slope: Tensor, rows: Tensor) -> None:
        """Move along the directions, and note the corrections."""
        start, start_value, start_gradient = self.parameters, self.value, self._gradient
        low, high = torch.zeros_like(slope), torch.full_like(slope, torch.inf)
        step = torch.ones_like(slope)
        value, gradient = start_value.clone(), start_gradient.clone()
        step_taken = torch.zeros_like(slope)
        for _ in range(_MAX_TRIALS):
            trial = start[rows] + step[rows, None] * direction[rows]
            trial_value, trial_gradient = self._evaluate(trial, rows)
            trial_slope = (trial_gradient * direction[rows]).sum(-1)
            limit = start_value[rows] + _DECREASE * step[rows] * slope[rows]
            too_long = ~(trial_value <= limit)  # also where it is not a number
            too_short = ~too_long & (trial_slope < _CURVATURE * slope[rows])
            keep = (
                ~too_long
            )  # also where it is too short: better than the start, if no better comes
            kept = rows[keep]
            value[kept], gradient[kept] = trial_value[keep], trial_gradient[keep]
            step_taken[kept] = step[kept]
            low[rows[too_short]] = step[rows[too_short]]
            high[rows[too_long]] = step[rows[too_long]]
            shorter = _minimiser(step[rows], start_value[rows], slope[rows], trial_value, low[rows])
            middle = 0.5 * (low[rows] + high[rows])
            first_cut = too_long & (low[rows] == 0)
            step[rows] = torch.where(
                torch.isinf(high[rows]), 2.0 * low[rows], torch.where(first_cut, shorter, middle)
            )
            rows = rows[too_long | too_short]
            if not len(rows):
                break
        moved = step_taken > 0
        self.active = self.active & moved
        self.parameters = start + step_taken[:, None] * torch.where(moved[:, None], direction, 0.0)
        self.value, self._gradient = value, gradient
        steps, changes = self.parameters - start, gradient - start_gradient
        curvature = (steps * changes).sum(-1)
        squares = changes.square().sum(-1)
        good = moved & (curvature > 1e-14 * (steps.square().sum(-1) * squares).sqrt())
        steps, changes = steps * good[:, None], changes * good[:, None]
        self._scale = torch.where(good, curvature / torch.where(good, squares, 1.0), self._scale)
        self._steps = torch.cat([self._steps[1 - self._history :], steps[None]])
        self._changes = torch.cat([self._changes[1 - self._history :], changes[None]])

    def _evaluate(self, parameters: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
        self.evaluations += 1
        value, gradient = self._function(parameters, rows)
        bad = ~(torch.isfinite(value) & torch.isfinite(gradient).all(-1))
        return torch.where(bad, torch.inf, value), torch.where(bad[:, None], 0.0, gradient)


def _minimiser(
    step: Tensor, start_value: Tensor, slope: Tensor, value: Tensor, low: Tensor
) -> Tensor:
    """Minimiser of the parabola through start value, start slope and value, kept in bounds."""
    excess = value - start_value - slope * step
    best = -slope * step.square() / (2.0 * torch.where(excess > 0, excess, 1.0))
    usable = torch.isfinite(value) & (excess > 0)
    return torch.where(usable, best.clamp(low + 0.1 * step, low + 0.5 * step), 0.1 * step)
