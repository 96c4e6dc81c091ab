"""A data set in work: what was asked for, what earlier runs have left, and what is missing."""

import glob
import hashlib
import operator
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.files import check_folder
from dmn_fe.homogenization.arguments import check_tolerance, check_voxels
from dmn_fe.homogenization.dataset import StiffnessDataset
from dmn_fe.homogenization.journal import journal_settings, read_journal
from dmn_fe.homogenization.sampler import sample_orthotropic, sample_tangent_like
from dmn_fe.microstructure import VoxelRVE

__all__ = ["VALUES", "DatasetWork", "journals_of", "whole_number"]

_SAMPLERS: dict[str, Callable[..., Tensor]] = {
    "orthotropic": sample_orthotropic,
    "tangent-like": sample_tangent_like,
}
VALUES = 36  # of a sample: its effective stiffness


@dataclass
class DatasetWork:
    """A data set in work.

    ``found`` samples are in the file already, ``missing`` ones neither there nor in a journal.
    """

    path: Path
    meta: dict
    phase_stiffness: Tensor
    effective: Tensor
    found: int
    missing: list[int]

    @classmethod
    def begin(
        cls, rve: VoxelRVE, kind: str, n: int, seed: int, path: Path, tolerance: float
    ) -> "DatasetWork":
        """Draw the samples and see what earlier runs have left."""
        n, seed = whole_number("samples: n", n), whole_number("seed", seed)
        meta = _meta(rve, kind, n, seed, tolerance)
        old = StiffnessDataset.load(path) if path.exists() else None
        blocks = [n] if old is None else _grown(old, n, path)
        meta["blocks"] = blocks
        draws = [
            _SAMPLERS[kind](count, seed, block, phases=len(rve.names))
            for block, count in enumerate(blocks)
        ]
        work = cls(path, meta, torch.cat(draws), torch.empty(n, 6, 6).double(), 0, [])
        if old is not None:
            work._take_over(old)
        if work.found == n:
            return work
        check_folder(path)
        if old is not None:
            work._remove_journals_of(old)
        done = set(range(work.found)) | set(work._from_journals())
        work.missing = [number for number in range(n) if number not in done]
        return work

    @property
    def settings(self) -> dict:
        """What the journals belong to: the settings, and the samples that were drawn."""
        return _with_draws(self.meta, self.phase_stiffness)

    def finish(self) -> None:
        """Write the file, and remove the journals."""
        records = self._from_journals()
        lost = [n for n in range(self.found, len(self.effective)) if n not in records]
        if lost:
            raise InputError(
                f"{self.path}: {len(lost)} samples, the first is {lost[0]}, were computed but are "
                "not in the journals beside it; call again to compute them anew."
            )
        for number, values in records.items():
            self.effective[number] = torch.from_numpy(values.copy()).view(6, 6)
        StiffnessDataset(self.phase_stiffness, self.effective, self.meta).save(self.path)
        for journal in journals_of(self.path):
            journal.unlink()

    def _from_journals(self) -> dict[int, np.ndarray]:
        records: dict[int, np.ndarray] = {}
        for journal in journals_of(self.path):
            records |= read_journal(journal, self.settings, VALUES)
        return records

    def _take_over(self, old: StiffnessDataset) -> None:
        for key, value in self.meta.items():
            if key not in ("samples", "blocks") and old.meta.get(key) != value:
                raise InputError(
                    f"{self.path}: made with {key} = {old.meta.get(key)!r}, not {value!r}; "
                    "give another path, or remove the file."
                )
        self.found = len(old)
        if not torch.equal(old.phase_stiffness, self.phase_stiffness[: self.found]):
            raise InputError(
                f"{self.path}: its samples were drawn by another version; give another path."
            )
        self.effective[: self.found] = old.effective

    def _remove_journals_of(self, old: StiffnessDataset) -> None:
        """Those that were left by a run that was stopped after it had written the file."""
        for journal in journals_of(self.path):
            if journal_settings(journal) == _with_draws(old.meta, old.phase_stiffness):
                journal.unlink()


def journals_of(path: Path) -> list[Path]:
    """The journals beside a data set."""
    return sorted(path.parent.glob(f"{glob.escape(path.name)}.partial-*"))


def whole_number(name: str, value: int) -> int:
    """A number as int; raises ``InputError`` if it is not whole."""
    try:
        return operator.index(value)  # NumPy's integers too
    except TypeError as error:
        raise InputError(f"{name} = {value!r} must be a whole number.") from error


def _with_draws(meta: dict, phase_stiffness: Tensor) -> dict:
    draws = hashlib.sha256(phase_stiffness.contiguous().numpy().tobytes()).hexdigest()
    return {**meta, "draws": draws}


def _grown(old: StiffnessDataset, n: int, path: Path) -> list[int]:
    """Sizes of the Latin hypercubes of ``n`` samples that begin with those of ``old``."""
    blocks = list(old.meta.get("blocks", [len(old)]))
    if n < len(old):
        raise InputError(
            f"{path}: holds {len(old)} samples, more than {n}; give another path, or remove the "
            "file."
        )
    return blocks if n == len(old) else [*blocks, n - len(old)]


def _meta(rve: VoxelRVE, kind: str, n: int, seed: int, tolerance: float) -> dict:
    if kind not in _SAMPLERS:
        raise InputError(f"kind = {kind!r} is unknown: give one of {', '.join(_SAMPLERS)}.")
    if n < 1:
        raise InputError(f"samples: n = {n} must be a positive whole number.")
    check_voxels(rve)
    check_tolerance(tolerance)
    return {
        "kind": kind,
        "samples": n,
        "seed": seed,
        "tolerance": tolerance,
        "scheme": "rotated",
        "grid": list(rve.shape),
        "size": list(rve.size),
        "rve_hash": rve.hash,
        "phase_names": list(rve.names),
        "volume_fractions": list(rve.volume_fractions),
    }
