"""The choices of a training, as plain values."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import Any

from dmn_fe.errors import InputError

__all__ = ["STARTS", "Settings", "check_names", "with_changes"]

STARTS = ("uniform", "normal", "quilting")
_CHOICES = {
    "kind": ("imn", "dmn"),
    "start": STARTS,
    "optimiser": ("lbfgs", "adam", "amsgrad", "imn-recipe", "sgd"),
    "loss": ("whitened", "relative"),
}
_ITERATIONS = {"lbfgs": 400, "adam": 1000, "amsgrad": 1000, "imn-recipe": 200, "sgd": 1000}
_LEARNING_RATE = {"adam": 2e-2, "amsgrad": 7e-4, "imn-recipe": 0.1, "sgd": 0.1}
_OPTIONAL = ("learning_rate", "batch", "samples", "patience", "path_samples")
_FOLLOWERS = ("leaf_sum", "iterations", "learning_rate", "batch")  # of depth and optimiser
_BATCH = {"amsgrad": 40, "imn-recipe": 20, "sgd": 20}


@dataclass(frozen=True)
class Settings:
    """How a network is trained.

    Attributes
    ----------
    depth : int
        Levels N of the tree; it has ``2**N`` leaves, whose phases alternate. With voids, which have
        every eighth leaf, 3 or more.
    kind : "imn" or "dmn"
        Parametrisation; the DMN turns anisotropic phases with its laminates.
    dimension : 2, 3 or None
        2 keeps the normals in the e1–e2 plane, for RVEs that do not vary along e3. None: as the
        data says.
    oriented_phases : tuple of str
        Phases whose leaves get material axes of their own (of an IMN; a DMN has them anyway).
    start : "uniform", "normal" or "quilting"
        First parameters. Uniform: z in a range and all angles. Normal: z of mean 0.5 and standard
        deviation 0.15, angles likewise of a half and a quarter turn. Quilting: four copies of a
        trained network that is two levels shallower (Shin et al., npj Comput. Mater. 9 (2023)
        128).
    start_low, start_high : float
        Range of z of the uniform start. A wide one makes networks whose leaves differ in weight.
    optimiser : str
        ``"lbfgs"``: L-BFGS. ``"adam"``: Adam, learning rate falling to zero as a cosine.
        ``"amsgrad"``: likewise with AMSGrad (Gajek et al., CMAME 384 (2021) 113952).
        ``"imn-recipe"``: Adam with a learning rate that falls by 0.8 whenever the loss of an epoch
        rises, down to 1e-4. ``"sgd"``: gradient descent with momentum 0.9, cosine.
    iterations : int, optional
        Limit of L-BFGS iterations, or number of epochs.
    learning_rate : float, optional
        The largest; not of L-BFGS, which searches its steps.
    batch : int, optional
        Samples in a step; not of L-BFGS. Default: 20 or 40 for the published recipes (all, where
        there are fewer), else all.
    samples : int, optional
        Size of the training set, which each seed draws for itself; default: all that are not held
        out.
    validation_fraction : float
        Share of the samples of each data set that is held out; the same for all seeds.
    loss : "whitened" or "relative"
        ``‖L⁻¹ C_net L⁻ᵀ − I‖`` with ``C_rve = L Lᵀ``, or ``‖C_net − C_rve‖ / ‖C_rve‖``.
    regularisation : float
        λ of ``λ (Σ w − ξ)²``, the activation regularisation (Liu & Wu, JMPS 127 (2019) 20).
    leaf_sum : float, optional
        ξ; default: half the number of leaves.
    fraction_penalty : float
        Factor of ``Σ (phase share in the weights − volume fraction)²``.
    patience : int, optional
        Stop after so many iterations (epochs) without a better validation loss.
    elastic_iterations : int
        Iterations on elastic data alone before nonlinear samples join, where there are any.
    path_samples : int, optional
        Number of nonlinear samples (directions or paths) to learn from, which each seed draws for
        itself; default: all that are not held out.
    path_weight : float
        Factor of the mean squared relative stress error of the nonlinear samples.

    Raises
    ------
    InputError
        If a value makes no sense.
    """

    depth: int = 5
    kind: str = "imn"
    dimension: int | None = None
    oriented_phases: tuple[str, ...] = ()
    start: str = "uniform"
    start_low: float = 0.0
    start_high: float = 1.0
    optimiser: str = "lbfgs"
    iterations: int | None = None
    learning_rate: float | None = None
    batch: int | None = None
    samples: int | None = None
    validation_fraction: float = 0.2
    loss: str = "relative"
    regularisation: float = 1e-3
    leaf_sum: float | None = None
    fraction_penalty: float = 0.0
    patience: int | None = None
    elastic_iterations: int = 100
    path_samples: int | None = None
    path_weight: float = 1.0

    def __post_init__(self):
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                raise InputError(
                    f"{name} = {getattr(self, name)!r} is unknown: give one of "
                    f"{', '.join(choices)}."
                )
        if isinstance(self.oriented_phases, str):
            raise InputError(
                f"oriented_phases = {self.oriented_phases!r} must be a list of names, e.g. "
                f"[{self.oriented_phases!r}]."
            )
        object.__setattr__(self, "oriented_phases", tuple(self.oriented_phases))
        if self.dimension not in (2, 3, None) or isinstance(self.dimension, float):
            raise InputError(f"dimension = {self.dimension!r} must be 2 or 3.")
        if self.learning_rate is not None and self.optimiser == "lbfgs":
            raise InputError("learning_rate: L-BFGS has none; give another optimiser, or leave it.")
        if self.batch is not None and self.optimiser == "lbfgs":
            raise InputError(
                "batch: L-BFGS takes all samples; give another optimiser, or leave it."
            )
        defaults = {
            "iterations": _ITERATIONS[self.optimiser],
            "learning_rate": _LEARNING_RATE.get(self.optimiser),
            "batch": _BATCH.get(self.optimiser),
            "leaf_sum": 2.0 ** (self.depth - 1) if self.depth in range(1, 13) else None,
        }
        for name, value in defaults.items():
            if getattr(self, name) is None:
                object.__setattr__(self, name, value)
        for name, low, high in (
            ("depth", 1, 12),
            ("iterations", 1, 10**9),
            ("batch", 1, 10**9),
            ("samples", 1, 10**9),
            ("path_samples", 1, 10**9),
            ("patience", 1, 10**9),
            ("elastic_iterations", 0, 10**9),
        ):
            _check_range(name, getattr(self, name), low, high, whole=True)
        for name, least, most in (
            ("regularisation", 0.0, 1e12),
            ("fraction_penalty", 0.0, 1e12),
            ("path_weight", 0.0, 1e12),
            ("learning_rate", 1e-12, 1e12),
            ("leaf_sum", 1e-12, 1e12),
            ("validation_fraction", 1e-6, 1.0 - 1e-6),
            ("start_low", 0.0, 1e12),
            ("start_high", 1e-12, 1e12),
        ):
            value = getattr(self, name)
            _check_range(name, value, least, most)
            # 1 and 1.0 are the same training, and are to be the same text in files.
            object.__setattr__(self, name, None if value is None else float(value))
        _check_range("start_high", self.start_high, self.start_low, 1e12)
        if self.start == "quilting" and self.depth < 3:
            raise InputError(f"start = 'quilting' needs a depth of 3 or more, not {self.depth}.")

    @property
    def has_usual_batch(self) -> bool:
        """Whether the batch is the default of the optimiser."""
        return self.batch == _BATCH.get(self.optimiser)


def with_changes(settings: Settings | None, changes: dict[str, Any]) -> Settings:
    """Settings with some values changed.

    Values that are the default of depth or optimiser follow these; others stay as they are.
    """
    check_names(changes)
    if settings is None:
        return Settings(**changes)
    usual = Settings(depth=settings.depth, optimiser=settings.optimiser)
    values: dict[str, Any] = {
        name: None for name in _FOLLOWERS if getattr(settings, name) == getattr(usual, name)
    }
    return replace(settings, **(values | changes))


def check_names(names: Iterable[str]) -> None:
    """Raise ``InputError`` for a name that is none of the settings."""
    known = [f.name for f in fields(Settings)]
    for name in names:
        if name not in known:
            guess = difflib.get_close_matches(name, known, n=1)
            mend = f"did you mean {guess[0]!r}?" if guess else f"give one of {', '.join(known)}."
            raise InputError(f"{name!r} is no setting of a training; {mend}")


def _check_range(name: str, value: Any, low: float, high: float, whole: bool = False) -> None:
    if value is None and name in _OPTIONAL:
        return
    good = isinstance(value, int if whole else (int, float)) and not isinstance(value, bool)
    if not (good and low <= value <= high):
        what = "a whole number" if whole else "a number"
        limits = f"from {low} to {high}" if high < 1e9 else f"of {low} or more"
        raise InputError(f"{name} = {value!r} must be {what} {limits}.")
