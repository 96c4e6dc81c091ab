"""The best parameters of networks in the course of their training."""

import math

import torch
from torch import Tensor

from dmn_fe.training.history import HistoryRow

__all__ = ["Best"]


class Best:
    """The best of each of K networks so far; the start, until it is beaten.

    Parameters
    ----------
    start : Tensor ``[K, size]``
    rows : Tensor ``[K, columns]``
        What is noted of it, in the order of :class:`HistoryRow`.
    by_validation : bool
        Whether the nonlinear validation tells which is the best; else it is the loss on held-out
        samples, and also as long as that validation has not been made, or has failed.

    Attributes
    ----------
    parameters : Tensor ``[K, size]``
    row : Tensor of int64 ``[K]``
        Number of their row in the history.
    """

    def __init__(self, start: Tensor, rows: Tensor, by_validation: bool):
        self._by_validation = by_validation
        self.parameters = start.clone()
        self.row = torch.zeros(len(start), dtype=torch.int64)
        self._held_out = _column(rows, "validation_loss").clone()
        # The nonlinear error of the start is not known.
        unknown = torch.full_like(self._held_out, math.inf)
        self._value = unknown if by_validation else self._held_out.clone()

    def keep(self, parameters: Tensor, rows: Tensor, number: int) -> None:
        """Take those that are better; ``number`` is that of their rows in the history."""
        held_out = _column(rows, "validation_loss")
        value = _column(rows, "nonlinear_error") if self._by_validation else held_out
        better = value < self._value
        better |= ~torch.isfinite(self._value) & (held_out < self._held_out)
        known = better & torch.isfinite(value)
        self._value[known] = value[known]
        self._held_out[better] = held_out[better]
        self.parameters[better] = parameters[better]
        self.row[better] = number

    def begin_anew(self) -> None:
        """Take the next that can be judged, since the loss is another function from here on; if
        the nonlinear validation tells which is the best, it goes on telling."""
        if not self._by_validation:
            self._value[:] = math.inf
        self._held_out[:] = -math.inf

    def state(self) -> dict[str, Tensor]:
        """All of it, to go on with."""
        return {
            "parameters": self.parameters,
            "row": self.row,
            "value": self._value,
            "held_out": self._held_out,
        }

    def set_state(self, state: dict[str, Tensor]) -> None:
        """Go on from a :meth:`state`."""
        self.parameters = state["parameters"].to(self.parameters.device, copy=True)
        self.row, self._value = state["row"].clone(), state["value"].clone()
        self._held_out = state["held_out"].clone()


def _column(rows: Tensor, name: str) -> Tensor:
    return rows[:, HistoryRow._fields.index(name)]
