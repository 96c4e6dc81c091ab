"""How all weights of a predictor are trained, as plain values."""

from dataclasses import dataclass

from dmn_fe.errors import InputError

__all__ = ["FineTuning"]

_STEPS_PER_ROOT = 10.0


@dataclass(frozen=True)
class FineTuning:
    """How the weights are trained.

    Parameters
    ----------
    steps : int, optional
        Of the optimiser; by default ten times the root of the number of sections, so that fewer
        sections are seen more often. With zero the encoder stays as it is.
    batch : int
        Sections in a step.
    symmetries : int
        Of the eight symmetries of the square, over how many a section is averaged in a step. The
        predictor averages over all.
    learning_rate : float
        The largest; it rises over ten steps and falls to zero as a cosine.
    judged_every : int
        Steps between two judgements on held-out sections, if there are any.

    Raises
    ------
    InputError
        If a number makes no sense.
    """

    steps: int | None = None
    batch: int = 4
    symmetries: int = 4
    learning_rate: float = 2e-4
    judged_every: int = 50

    def __post_init__(self):
        if (self.steps is not None and self.steps < 0) or self.batch < 1:
            raise InputError(
                f"steps = {self.steps}, batch = {self.batch}: give zero steps or more, and one "
                "section or more in each."
            )
        if self.judged_every < 1:
            raise InputError(f"judged_every = {self.judged_every}: give one step or more.")
        if not 1 <= self.symmetries <= 8:
            raise InputError(f"symmetries = {self.symmetries}: give from 1 to 8.")
        if not self.learning_rate > 0:
            raise InputError(f"learning_rate = {self.learning_rate} must be above zero.")

    def steps_of(self, sections: int) -> int:
        """Steps for a number of sections."""
        return round(_STEPS_PER_ROOT * sections**0.5) if self.steps is None else self.steps
