"""Offline training of material networks."""

from dmn_fe.training.ensemble import train_ensemble
from dmn_fe.training.history import HistoryRow, TrainingResult
from dmn_fe.training.judge import NonlinearValidation
from dmn_fe.training.leaf_phases import compression_threshold
from dmn_fe.training.settings import Settings
from dmn_fe.training.train import train, train_seeds

__all__ = [
    "HistoryRow",
    "NonlinearValidation",
    "Settings",
    "TrainingResult",
    "compression_threshold",
    "train",
    "train_ensemble",
    "train_seeds",
]
