"""A data set in work: what was asked for, what earlier runs have left, and what is missing."""

import glob
import hashlib
import operator
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.files import check_folder
from dmn_fe.homogenization.arguments import check_voxels
from dmn_fe.homogenization.journal import journal_settings, read_journal, record_count
from dmn_fe.microstructure import VoxelRVE

__all__ = ["DatasetWork", "Recipe", "Samples", "rve_meta", "samples_kept", "whole_number"]

_ALLOWED_FAILURES = 0.05  # of the samples
_ALL = slice(None)


class Samples(NamedTuple):
    """All samples that were drawn for a data set, those that failed among them.

    Attributes
    ----------
    inputs : mapping of str to Tensor ``[n, ...]``
        What was drawn; anything in the row of a sample that failed, if read from a file.
    results : Tensor ``[n, values]``
        What was computed; not-a-number in the row of a sample that failed.
    meta : dict
        Settings as JSON values, with ``samples``, the number ``n``, and ``blocks``, the sizes of
        the Latin hypercubes.
    """

    inputs: Mapping[str, Tensor]
    results: Tensor
    meta: dict


class Recipe(Protocol):
    """How the samples of one kind of data set are drawn, computed and kept.

    Attributes
    ----------
    meta : dict
        Settings as JSON values, with ``samples``.
    values : int
        Numbers that are computed for a sample.
    """

    @property
    def meta(self) -> dict: ...

    @property
    def values(self) -> int: ...

    def draw(self, count: int, block: int) -> dict[str, Tensor]:
        """Inputs ``[count, ...]`` of a Latin hypercube."""

    def compute(self, inputs: Mapping[str, Tensor]) -> tuple[Tensor, str]:
        """Results ``[samples, values]`` of some samples, and a message for a person."""

    def load(self, path: Path) -> Samples:
        """Read a finished file."""

    def save(self, path: Path, samples: Samples) -> None:
        """Write the finished file."""


@dataclass
class DatasetWork:
    """A data set in work.

    ``found`` samples are in the file already, ``missing`` ones neither there nor in a journal;
    ``failed`` of those that are there failed.
    """

    path: Path
    samples: Samples
    found: int
    missing: list[int]
    failed: int

    @classmethod
    def begin(cls, recipe: Recipe, path: Path) -> "DatasetWork":
        """Draw the samples and see what earlier runs have left."""
        n = recipe.meta["samples"]
        old = recipe.load(path) if path.exists() else None
        blocks = [n] if old is None else _grown(old, n, path)
        draws = [recipe.draw(count, block) for block, count in enumerate(blocks)]
        inputs = {name: torch.cat([draw[name] for draw in draws]) for name in draws[0]}
        results = torch.empty(n, recipe.values, dtype=torch.float64)
        work = cls(path, Samples(inputs, results, {**recipe.meta, "blocks": blocks}), 0, [], 0)
        if old is not None:
            work._take_over(old)
        if work.found == n:
            return work
        check_folder(path)
        if old is not None:
            work._remove_journals_of(old.meta)
        records = work._from_journals()
        done = set(range(work.found)) | set(records)
        work.missing = [number for number in range(n) if number not in done]
        work.failed += sum(bool(np.isnan(values).any()) for values in records.values())
        work.check_failures(work.failed)
        return work

    def __len__(self) -> int:
        return len(self.samples.results)

    @property
    def settings(self) -> dict[str, Any]:
        """What the journals belong to: the settings, and the samples that were drawn."""
        return _settings(self.samples)

    def check_failures(self, failed: int) -> None:
        """Raise ``InputError`` if more samples failed than may be left out."""
        if failed > _ALLOWED_FAILURES * len(self):
            raise InputError(
                f"{self.path}: {failed} of {len(self)} samples did not converge, more than "
                f"{_ALLOWED_FAILURES:.0%}; ask for more samples or for another seed, in Python for "
                "a smaller strain_scale, and remove the journals beside it."
            )

    def finish(self, recipe: Recipe) -> None:
        """Write the file, and remove the journals."""
        records, results = self._from_journals(), self.samples.results
        lost = [n for n in range(self.found, len(self)) if n not in records]
        if lost:
            raise InputError(
                f"{self.path}: {len(lost)} samples, the first is {lost[0]}, were computed but are "
                "not in the journals beside it; call again to compute them anew."
            )
        for number, values in records.items():
            results[number] = torch.from_numpy(values.copy())
        self.check_failures(int(results.isnan().any(1).sum()))
        recipe.save(self.path, self.samples)
        for journal in _journals_of(self.path):
            journal.unlink()

    def _from_journals(self) -> dict[int, np.ndarray]:
        records: dict[int, np.ndarray] = {}
        for journal in _journals_of(self.path):
            records |= read_journal(journal, self.settings, self.samples.results.shape[1])
        return records

    def _take_over(self, old: Samples) -> None:
        for key, value in self.samples.meta.items():
            if key not in ("samples", "blocks") and old.meta.get(key) != value:
                raise InputError(
                    f"{self.path}: made with {key} = {old.meta.get(key)!r}, not {value!r}; "
                    "give another path, or remove the file."
                )
        self.found = len(old.results)
        kept = ~old.results.isnan().any(1)  # files leave out samples that failed
        if _digest(old.inputs, kept) != _digest(self._first(), kept):
            raise InputError(
                f"{self.path}: its samples were drawn by another version; give another path."
            )
        self.samples.results[: self.found] = old.results
        self.failed = int((~kept).sum())

    def _first(self) -> dict[str, Tensor]:
        return {name: drawn[: self.found] for name, drawn in self.samples.inputs.items()}

    def _remove_journals_of(self, meta: dict) -> None:
        """Those that were left by a run that was stopped after it had written the file."""
        found = Samples(self._first(), self.samples.results[: self.found], meta)
        for journal in _journals_of(self.path):
            if journal_settings(journal) == _settings(found):
                journal.unlink()


def samples_kept(path: str | Path) -> int:
    """Samples in the journals of an unfinished data set."""
    journals = [(journal, journal_settings(journal)) for journal in _journals_of(Path(path))]
    return sum(record_count(j, settings.get("values", 0)) for j, settings in journals if settings)


def whole_number(name: str, value: int) -> int:
    """A number as int; raises ``InputError`` if it is not whole."""
    try:
        return operator.index(value)  # NumPy's integers too
    except TypeError as error:
        raise InputError(f"{name} = {value!r} must be a whole number.") from error


def rve_meta(rve: VoxelRVE) -> dict[str, Any]:
    """What a data set tells of its RVE and how that is solved."""
    check_voxels(rve)
    return {
        "scheme": "rotated",
        "grid": list(rve.shape),
        "size": list(rve.size),
        "rve_hash": rve.hash,
        "phase_names": list(rve.names),
        "volume_fractions": list(rve.volume_fractions),
    }


def _journals_of(path: Path) -> list[Path]:
    """The journals beside a data set."""
    return sorted(path.parent.glob(f"{glob.escape(path.name)}.partial-*"))


def _settings(samples: Samples) -> dict[str, Any]:
    values = samples.results.shape[1]
    return {**samples.meta, "values": values, "draws": _digest(samples.inputs)}


def _digest(inputs: Mapping[str, Tensor], chosen: slice | Tensor = _ALL) -> str:
    digest = hashlib.sha256()
    for name in sorted(inputs):
        digest.update(inputs[name][chosen].contiguous().numpy().tobytes())
    return digest.hexdigest()


def _grown(old: Samples, n: int, path: Path) -> list[int]:
    """Sizes of the Latin hypercubes of ``n`` samples that begin with those of ``old``."""
    found = len(old.results)
    blocks = list(old.meta.get("blocks", [found]))
    if n < found:
        raise InputError(
            f"{path}: holds {found} samples, more than {n}; give another path, or remove the file."
        )
    return blocks if n == found else [*blocks, n - found]
