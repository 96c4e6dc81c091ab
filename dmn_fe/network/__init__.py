"""Material networks: the tree of laminates, its training and its exported file."""

from dmn_fe.network.file import load, save
from dmn_fe.network.training import TrainingResult, relative_errors, train
from dmn_fe.network.tree import Network

__all__ = ["Network", "TrainingResult", "load", "relative_errors", "save", "train"]
