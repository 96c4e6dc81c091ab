"""Following the strain paths of a run again: with its network, and with the full RVE."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dmn_fe.collective import Communicator, RaiseTogether
from dmn_fe.evaluate import EnsembleLaw, follow_strain_path, network_law
from dmn_fe.homogenization import RVELaw
from dmn_fe.homogenization.journal import Journal, read_journal, record_count
from dmn_fe.progress import Progress
from dmn_fe.validation.recorded_paths import RecordedPaths

__all__ = ["network_stress", "replay"]


def network_stress(paths: RecordedPaths) -> tuple[Tensor, Tensor | None]:
    """Stress ``[n, k, 6]`` (Mandel) of the network along all paths; not-a-number after a failure.

    Of an ensemble also its spread ``[n, k]``, the norm of the standard deviation of the members.
    """
    law = network_law(paths.network, paths.laws)
    members = law.members if isinstance(law, EnsembleLaw) else [law]
    times = torch.from_numpy(paths.times)
    stress = torch.stack([follow_strain_path(one, times, paths.strain).stress for one in members])
    spread = stress.std(dim=0).norm(dim=-1) if len(members) > 1 else None
    return stress.mean(0), spread


def replay(
    law: RVELaw,
    paths: RecordedPaths,
    rows: Sequence[int],
    folder: Path,
    progress: Progress,
    comm: Communicator,
) -> NDArray[np.float64]:
    """Stress ``[m, k, 6]`` (Mandel) of the full RVE along the paths of some points (collective).

    Each path is on the disk as soon as it is done, in a journal of its rank in ``folder``; the
    same call, on any number of ranks, goes on from there, also where it asks for more points. A
    path that fails is not-a-number from the step on where it did.

    Raises
    ------
    InputError
        On all ranks, if the journals cannot be written.
    """
    k = len(paths.times)
    settings = {"law": law.fingerprint(), "paths": _digest(paths)}
    name = hashlib.sha256(json.dumps(settings).encode()).hexdigest()[:12]
    found: dict[int, NDArray[np.float64]] = {}
    with RaiseTogether(comm):
        if comm.rank == 0:
            folder.mkdir(parents=True, exist_ok=True)
            found = _records(folder, name, settings, 6 * k)
    found = comm.bcast(found)
    missing = [row for row in rows if row not in found]
    done = len(rows) - len(missing)
    if comm.rank == 0:
        progress(done, len(rows), "resumed" if done else "")
    with RaiseTogether(comm):
        mine = missing[comm.rank :: comm.size]
        if mine:
            begun = _count(folder, name, k)
            with Journal(folder / f"{name}-{comm.rank}.journal", settings, 6 * k) as journal:
                for row in mine:
                    journal.append(row, _follow(law, paths, row))
                    if comm.rank == 0:
                        progress(done + _count(folder, name, k) - begun, len(rows))
    with RaiseTogether(comm):
        found = _records(folder, name, settings, 6 * k)
    if comm.rank == 0 and comm.size > 1:
        progress(len(rows), len(rows))  # other ranks may have been the last
    return np.stack([found[row].reshape(k, 6) for row in rows])


def _follow(law: RVELaw, paths: RecordedPaths, row: int) -> NDArray[np.float64]:
    """Stress ``[6 · k]`` along one path."""
    response = follow_strain_path(law, torch.from_numpy(paths.times), paths.strain[row, None])
    return response.stress.numpy().reshape(-1)


def _records(
    folder: Path, name: str, settings: dict[str, str], values: int
) -> dict[int, NDArray[np.float64]]:
    found: dict[int, NDArray[np.float64]] = {}
    for path in sorted(folder.glob(f"{name}-*.journal")):
        found |= read_journal(path, settings, values)
    return found


def _count(folder: Path, name: str, k: int) -> int:
    return sum(record_count(path, 6 * k) for path in folder.glob(f"{name}-*.journal"))


def _digest(paths: RecordedPaths) -> str:
    """SHA-256 (hex) of all that the stress of an RVE at a point depends on, and of the order of
    the points."""
    digest = hashlib.sha256(paths.times.tobytes())
    digest.update(paths.strain.numpy().tobytes())
    return digest.hexdigest()
