"""Offline training of material networks."""

from dmn_fe.training.compressed import compressed
from dmn_fe.training.ensemble import train_ensemble
from dmn_fe.training.ensemble_error import with_error
from dmn_fe.training.history import HistoryRow, TrainingResult
from dmn_fe.training.judge import NonlinearValidation
from dmn_fe.training.settings import STARTS, Settings
from dmn_fe.training.train import train, train_seeds

__all__ = [
    "STARTS",
    "HistoryRow",
    "NonlinearValidation",
    "Settings",
    "TrainingResult",
    "compressed",
    "train",
    "train_ensemble",
    "train_seeds",
    "with_error",
]
