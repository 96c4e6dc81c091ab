"""Training of several networks whose mean is used: the recommended way."""

from typing import Any

from dmn_fe.errors import InputError
from dmn_fe.homogenization import PathDataset
from dmn_fe.network import Ensemble
from dmn_fe.training.ensemble_error import with_error
from dmn_fe.training.history import TrainingResult
from dmn_fe.training.samples import Data
from dmn_fe.training.settings import Settings
from dmn_fe.training.train import train_seeds

__all__ = ["train_ensemble"]


def train_ensemble(
    data: Data,
    settings: Settings | None = None,
    k: int = 5,
    seed: int = 0,
    paths: PathDataset | None = None,
    **options: Any,
) -> tuple[Ensemble, list[TrainingResult]]:
    """Train ``k`` networks from the seeds ``seed``, ``seed + 1``, … on the same data.

    Their mean is usually more accurate than most of them, and no rule tells the best beforehand;
    their spread is an error bar, though it does not see an error that all share: with nonlinear
    samples that is measured, see :func:`~dmn_fe.training.with_error`. All other arguments as for
    :func:`~dmn_fe.training.train_seeds`.

    Returns
    -------
    Ensemble
        For :func:`dmn_fe.save` and :func:`dmn_fe.evaluate.network_law`.
    list of TrainingResult

    Raises
    ------
    InputError
        If ``k`` is below 2, or as :func:`~dmn_fe.training.train_seeds`.
    """
    if not isinstance(k, int) or k < 2:
        raise InputError(f"k = {k!r} must be a whole number of 2 or more; 3 to 5 are usual.")
    results = train_seeds(data, settings, range(seed, seed + k), paths, **options)
    ensemble = Ensemble(tuple(result.network for result in results))
    if paths is not None:
        ensemble = with_error(ensemble, paths, options.get("laws"))
    return ensemble, results
