"""Trainings as commands that a reader can copy."""

from collections.abc import Sequence
from dataclasses import fields

from dmn_fe.training import Settings

__all__ = ["train_command"]


def train_command(settings: Settings, elastic: Sequence[str], nonlinear: str, networks: int) -> str:
    """The command line that trains like this; ``elastic`` and ``nonlinear`` name data sets."""
    words = ["dmn-fe train", *(f"{name}.safetensors" for name in elastic)]
    if nonlinear:
        words.append(f"--paths {nonlinear}.safetensors")
    words.append(f"--depth {settings.depth}")
    usual = Settings(depth=settings.depth, optimiser=settings.optimiser)
    if settings.optimiser != Settings().optimiser:
        words.append(f"--optimiser {settings.optimiser}")
    for field in fields(Settings):
        value = getattr(settings, field.name)
        if value != getattr(usual, field.name):
            shown = ",".join(value) if isinstance(value, tuple) else value
            words.append(f"--{field.name.replace('_', '-')} {shown}")
    return " ".join([*words, f"--networks {networks} --output networks.dmn"])
