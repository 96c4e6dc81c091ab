"""What is noted of a training."""

from dataclasses import dataclass, field
from typing import NamedTuple

from dmn_fe.network import Network

__all__ = ["HistoryRow", "TrainingResult"]


class HistoryRow(NamedTuple):
    """State of one network during its training.

    Attributes
    ----------
    iteration : int
        L-BFGS iterations or epochs; the first row is the start.
    loss : float
        On the training samples, penalties included; of first-order optimisers the mean over the
        epoch.
    validation_loss : float
        On the held-out samples, without penalties: the best network has the smallest.
    validation_mean, validation_max : float
        Relative error ``‖C_net − C_rve‖ / ‖C_rve‖`` of the held-out samples.
    path_error : float
        Root mean square of the relative stress error of held-out nonlinear samples; not-a-number
        without.
    active_leaves : int
    fraction_error : float
        Largest difference between a phase's share in the weights and its volume fraction.
    nonlinear_error : float
        Result of the nonlinear validation; not-a-number where it was not made, infinite where it
        failed.
    seconds : float
        Time of all networks that are trained together, from the beginning up to this row; that of a
        training for the start is in it, that of showing progress is not.
    """

    iteration: int
    loss: float
    validation_loss: float
    validation_mean: float
    validation_max: float
    path_error: float
    active_leaves: int
    fraction_error: float
    nonlinear_error: float
    seconds: float


@dataclass(frozen=True, eq=False)
class TrainingResult:
    """The best network of a training and how it got there.

    Attributes
    ----------
    network : Network
    seed : int
    history : list of HistoryRow
    chosen : HistoryRow
        The row of ``network``.
    outcome : str
        Why it ended, in words.
    diverged : bool
        Whether that was since the loss diverged.
    seconds : float
        Of the whole training, of all networks that were trained together.
    """

    network: Network
    seed: int
    history: list[HistoryRow] = field(repr=False)
    chosen: HistoryRow
    outcome: str
    diverged: bool
    seconds: float
