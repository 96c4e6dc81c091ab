"""The subject of an assessment, an RVE with its data, and a training on it."""

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dmn_fe.errors import InputError
from dmn_fe.training import Settings

__all__ = ["Subject", "Training"]

_VERSION = 1  # of the results: those of another one are made anew


@dataclass(frozen=True)
class Subject:
    """An RVE with its data.

    Attributes
    ----------
    name, group : str
        E.g. "spheres A" of the group "particles".
    elastic, nonlinear, truth : mapping of str to Path
        Stiffness data sets, nonlinear samples and reference paths, by name. The first truth is the
        one that variants are ranked by.
    """

    name: str
    group: str
    elastic: Mapping[str, Path]
    nonlinear: Mapping[str, Path]
    truth: Mapping[str, Path]


@dataclass(frozen=True)
class Training:
    """Training of one variant on one subject, with all seeds, and its test.

    Attributes
    ----------
    subject : Subject
    settings, elastic, nonlinear, pretrained, fixed_point
        As of the :class:`Variant`.
    seeds : tuple of int
    ensemble : int
        As of the :class:`Plan`.
    """

    subject: Subject
    settings: Settings
    elastic: tuple[str, ...]
    nonlinear: str
    seeds: tuple[int, ...]
    ensemble: int
    pretrained: Path | None = None
    fixed_point: bool = False

    @property
    def key(self) -> str:
        """Name of its files: a hash of its settings and of the content of all files it reads."""
        subject = self.subject
        learnt = {n: file for n, file in subject.nonlinear.items() if n == self.nonlinear}
        files: list[Any] = [
            [[name, _digest(file)] for name, file in files.items()]
            for files in (subject.elastic, learnt, subject.truth)
        ]
        start = None if self.pretrained is None else _digest(self.pretrained)
        what: list[Any] = [_VERSION, subject.name, dataclasses.asdict(self.settings)]
        what += [
            self.elastic,
            self.nonlinear,
            self.seeds,
            self.ensemble,
            self.fixed_point,
            start,
            *files,
        ]
        return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()[:16]

    @property
    def cost(self) -> float:
        """How long it takes, relative to others; roughly."""
        leaves, settings = 2.0**self.settings.depth, self.settings
        assert settings.iterations is not None
        steps = settings.iterations * (10.0 if settings.optimiser != "lbfgs" else 1.0)
        return leaves * steps * len(self.seeds) * (10.0 if self.nonlinear else 1.0)


def _digest(file: Path) -> str:
    """Hash of a file's content."""
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError as error:
        raise InputError(
            f"{file}: cannot be read ({error.strerror}); give its right name."
        ) from error
