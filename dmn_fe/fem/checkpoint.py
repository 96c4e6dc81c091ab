"""Checkpoints of a simulation, to go on from on any number of ranks.

A checkpoint is a folder with one file for each rank that wrote it and a manifest, which is written
last. The folder gets its name when all of it is on the disk: what was interrupted is never taken
for a checkpoint. Rows are keyed by the cells' order in the mesh file and matched by coordinates, so
that neither the partition nor the numbering of a release of DOLFINx matters.
"""

import logging
import shutil
import weakref
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from mpi4py import MPI

from dmn_fe.collective import RaiseTogether
from dmn_fe.errors import InputError, file_sentence
from dmn_fe.fem.cell_rows import CommittedRows, committed_rows
from dmn_fe.fem.checkpoint_files import (
    Damaged,
    complete,
    hidden,
    read_manifest,
    read_rows,
    remove,
    remove_leftovers,
    set_aside,
    write_manifest,
    write_rows,
)
from dmn_fe.fem.problem import Problem
from dmn_fe.laws import laws_fingerprint

__all__ = ["Checkpoints"]

_log = logging.getLogger(__name__)


class _Read(NamedTuple):
    """What a checkpoint holds of a rank; ``damage`` is a sentence if that cannot be read."""

    manifest: dict[str, Any]
    rows: CommittedRows
    damage: str | None


class Checkpoints:
    """The checkpoints of a simulation in a folder.

    Parameters
    ----------
    folder : str or Path
        Made with the first checkpoint.
    keep : int
        Older ones than the last ``keep`` are removed.
    """

    def __init__(self, folder: str | Path, keep: int = 2):
        if keep < 1:
            raise InputError(f"checkpoints: keep = {keep} must be 1 or more.")
        self.folder, self.keep = Path(folder), keep
        # The last one, and the problem and time that it is of.
        self._last: tuple[Path, weakref.ref[Problem], float] | None = None

    def begin(self, comm: MPI.Comm) -> None:
        """Make way for a new run: remove the checkpoints of one that was finished (collective).

        Raises
        ------
        InputError
            On all ranks, if the newest is of a run that was not finished, whose work would be lost.
        """
        with RaiseTogether(comm):
            if comm.rank == 0:
                found = complete(self.folder)
                if found and not read_manifest(found[-1]).get("finished", False):
                    raise InputError(
                        f"{self.folder}: holds a run that was not finished; restart it "
                        "(--restart), or remove that folder to begin anew."
                    )
                for old in found:
                    remove(old)

    def save(
        self, problem: Problem, notes: dict[str, Any] | None = None, finished: bool = False
    ) -> Path:
        """Write a checkpoint of what the problem has committed (collective).

        That of an end is not written a second time. Older ones, and what interrupted runs have
        left, are removed once it is complete.

        Parameters
        ----------
        problem : Problem
        notes : dict
            To keep with it: JSON values, such as the size of the next step, and arrays, which are
            vectors like the displacement on this rank, ghosts included.
        finished : bool
            Whether it is of the end of a run.

        Returns
        -------
        Path
            Its folder, named by the number of the step; of an end it is another one, since that of
            the step may be there already.

        Raises
        ------
        InputError
            On all ranks, if it cannot be written; earlier ones stay.
        """
        comm, name = problem.qmap.comm, f"step_{problem.steps:07d}"
        final = self.folder / (f"{name}_end" if finished else name)
        same = finished and self._last == (final, weakref.ref(problem), problem.time)
        if comm.bcast(same and final in complete(self.folder), root=0):
            return final
        partial = hidden(final, "partial")
        with RaiseTogether(comm):
            if comm.rank == 0:
                try:
                    shutil.rmtree(partial, ignore_errors=True)
                    partial.mkdir(parents=True)
                except OSError as error:
                    raise InputError(file_sentence(partial, error)) from error
        values = dict(notes or {})
        arrays = [key for key, value in values.items() if isinstance(value, np.ndarray)]
        vectors = {key: values.pop(key) for key in arrays}
        with RaiseTogether(comm):
            write_rows(partial, comm.rank, committed_rows(problem.u, problem.qmap, vectors))
        manifest = _identity(problem) | {
            "ranks": comm.size,
            "step": problem.steps,
            "time": problem.time,
            "largest_force": problem.largest_force,
            "finished": finished,
            "notes": values,
        }
        with RaiseTogether(comm):
            if comm.rank == 0:
                write_manifest(partial, manifest)
                replaced = hidden(final, "replaced")
                if final.exists():
                    shutil.rmtree(replaced, ignore_errors=True)
                    final.rename(replaced)
                partial.rename(final)
                for old in complete(self.folder)[: -self.keep]:
                    remove(old)
                remove_leftovers(self.folder)
        self._last = final, weakref.ref(problem), problem.time
        return final

    def newest(self, comm: MPI.Comm) -> Path | None:
        """The last complete checkpoint, if there is one (collective)."""
        found = self._found(comm)
        return found[-1] if found else None

    def _found(self, comm: MPI.Comm) -> list[Path]:
        return comm.bcast(complete(self.folder) if comm.rank == 0 else [], root=0)

    def restore(self, problem: Problem, checkpoint: Path | None = None) -> dict[str, Any]:
        """Bring a problem of the same mesh and laws to where a checkpoint was written (collective).

        Parameters
        ----------
        problem : Problem
            As it was made at the time; its state is replaced.
        checkpoint : Path, optional
            The newest one if left out. If that is damaged it is set aside, with a warning, and the
            one before is taken.

        Returns
        -------
        dict
            The notes of :meth:`save`.

        Raises
        ------
        InputError
            On all ranks, if there is no checkpoint, or all are damaged, or it is of another mesh,
            rule, kind of problem or law; the problem is as before.
        """
        comm = problem.qmap.comm
        candidates = [checkpoint] if checkpoint else self._found(comm)[::-1]
        if not candidates:
            raise InputError(f"{self.folder}: there is no checkpoint; start without a restart.")
        damages: list[str] = []
        for candidate in candidates:
            manifest, rows, damage = _read(problem, candidate)
            if damage is None:
                break
            damages.append(damage)
        else:
            raise InputError(damages[0])
        if comm.rank == 0:
            for damaged, sentence in zip(candidates, damages, strict=False):
                _log.warning("%s It is set aside; going on from %s.", sentence, candidate.name)
                set_aside(damaged)
        problem.restore(
            rows.displacement,
            rows.stress,
            rows.states,
            time=float(manifest["time"]),
            steps=int(manifest["step"]),
            largest_force=float(manifest["largest_force"]),
        )
        self._last = candidate, weakref.ref(problem), problem.time
        return manifest["notes"] | rows.vectors


def _read(problem: Problem, checkpoint: Path) -> _Read:
    """What a checkpoint holds of this rank; all ranks agree on its damage (collective)."""
    comm = problem.qmap.comm
    rows = CommittedRows(problem.u, problem.qmap)
    manifest: dict[str, Any] = {}
    own: str | None = None
    with RaiseTogether(comm):
        try:
            manifest = read_manifest(checkpoint)
            _check_identity(manifest, _identity(problem), checkpoint)
            for rank in _likeliest_first(problem, manifest["ranks"]):
                found = read_rows(checkpoint, rank)
                try:
                    rows.collect(found)
                except InputError as error:
                    raise _misfit(checkpoint, str(error)) from error
                if rows.complete:
                    break
            else:
                raise _misfit(checkpoint, "cells of this mesh are missing")
        except Damaged as error:
            own = str(error)
        except KeyError as error:
            own = f"{checkpoint}: is damaged, it lacks {error}; restart from an older checkpoint."
    return _Read(manifest, rows, next((one for one in comm.allgather(own) if one), None))


def _likeliest_first(problem: Problem, writers: int) -> list[int]:
    """The ranks that wrote a checkpoint, first those that have this rank's cells if the mesh is
    shared out as it was: this rank, then those that own its ghosts."""
    cells = problem.u.function_space.mesh.topology
    owners = np.unique(cells.index_map(cells.dim).owners).tolist()
    first = [rank for rank in (problem.qmap.comm.rank, *owners) if rank < writers]
    return list(dict.fromkeys([*first, *range(writers)]))


def _misfit(checkpoint: Path, why: str) -> InputError:
    return InputError(
        f"{checkpoint}: does not fit this simulation ({why}); restart with the mesh and laws it "
        "was written with."
    )


def _identity(problem: Problem) -> dict[str, Any]:
    """What must be the same for a restart."""
    qmap, topology = problem.qmap, problem.u.function_space.mesh.topology
    return {
        "cells": topology.index_map(topology.dim).size_global,
        "displacement_degree": problem.u.function_space.ufl_element().degree,
        "quadrature_degree": qmap.degree,
        "kind": qmap.kinematics.kind,
        "laws": laws_fingerprint({str(key): law for key, law in qmap.laws.items()}),
    }


def _check_identity(manifest: dict[str, Any], own: dict[str, Any], checkpoint: Path) -> None:
    for name, value in own.items():
        if manifest.get(name) != value:
            words = name.replace("_", " ")
            shown = "" if name == "laws" else f" ({manifest.get(name)}, here {value})"
            raise InputError(
                f"{checkpoint}: was written with other {words}{shown}; restart with the same mesh, "
                "elements and laws."
            )
