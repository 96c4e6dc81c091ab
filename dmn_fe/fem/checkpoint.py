"""Checkpoints of a simulation, to go on from on any number of ranks.

A checkpoint is a folder with one file for each rank that wrote it and a manifest, which is written
last. The folder gets its name when all of it is on the disk: what was interrupted is never taken
for a checkpoint. Rows are keyed by the cells' order in the mesh file and matched by coordinates, so
that neither the partition nor the numbering of a release of DOLFINx matters.
"""

import json
import shutil
from pathlib import Path
from typing import Any

from mpi4py import MPI

from dmn_fe.collective import RaiseTogether
from dmn_fe.errors import InputError, file_sentence
from dmn_fe.fem.cell_rows import CommittedRows, committed_rows
from dmn_fe.fem.problem import Problem
from dmn_fe.files import written_whole
from dmn_fe.laws import laws_fingerprint
from dmn_fe.tensor_file import TensorFormat

__all__ = ["Checkpoints"]

_VERSION = 1
_FILE = TensorFormat(
    "dmn_fe.checkpoint", _VERSION, None, "part of a checkpoint", "restart from an older checkpoint"
)
_MANIFEST = "manifest.json"


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

    def begin(self, comm: MPI.Comm) -> None:
        """Make way for a new run: remove the checkpoints of one that was finished (collective).

        Raises
        ------
        InputError
            On all ranks, if the newest is of a run that was not finished, whose work would be lost.
        """
        with RaiseTogether(comm):
            if comm.rank == 0:
                found = _complete(self.folder)
                if found and not _read_manifest(found[-1]).get("finished", False):
                    raise InputError(
                        f"{self.folder}: holds a run that was not finished; restart it "
                        "(--restart), or remove that folder to begin anew."
                    )
                for old in found:
                    shutil.rmtree(old, ignore_errors=True)

    def save(
        self, problem: Problem, notes: dict[str, Any] | None = None, finished: bool = False
    ) -> Path:
        """Write a checkpoint of what the problem has committed (collective).

        Parameters
        ----------
        problem : Problem
        notes : dict
            JSON values to keep with it, such as the size of the next step.
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
        comm, qmap = problem.qmap.comm, problem.qmap
        final = self.folder / (
            f"step_{problem.steps:07d}_end" if finished else f"step_{problem.steps:07d}"
        )
        partial = final.with_name(f".{final.name}.partial")
        with RaiseTogether(comm):
            if comm.rank == 0:
                try:
                    shutil.rmtree(partial, ignore_errors=True)
                    partial.mkdir(parents=True)
                except OSError as error:
                    raise InputError(file_sentence(partial, error)) from error
        with RaiseTogether(comm):
            _FILE.save(partial / _name(comm.rank), committed_rows(problem.u, qmap), {})
        manifest = _identity(problem) | {
            "format_version": _VERSION,
            "ranks": comm.size,
            "step": problem.steps,
            "time": problem.time,
            "largest_force": problem.largest_force,
            "finished": finished,
            "notes": notes or {},
        }
        with RaiseTogether(comm):
            if comm.rank == 0:
                with written_whole(partial / _MANIFEST) as file:
                    file.write_text(json.dumps(manifest, indent=1), encoding="utf-8")
                shutil.rmtree(final, ignore_errors=True)
                partial.rename(final)
                for old in _complete(self.folder)[: -self.keep]:
                    shutil.rmtree(old, ignore_errors=True)
        return final

    def newest(self, comm: MPI.Comm) -> Path | None:
        """The last complete checkpoint, if there is one (collective)."""
        found = _complete(self.folder) if comm.rank == 0 else []
        return comm.bcast(found[-1] if found else None, root=0)

    def restore(self, problem: Problem, checkpoint: Path | None = None) -> dict[str, Any]:
        """Bring a problem of the same mesh and laws to where a checkpoint was written (collective).

        Parameters
        ----------
        problem : Problem
            As it was made at the time; its state is replaced.
        checkpoint : Path, optional
            The newest one if left out.

        Returns
        -------
        dict
            The notes of :meth:`save`.

        Raises
        ------
        InputError
            On all ranks, if there is no checkpoint, or it is damaged or of another mesh, rule, kind
            of problem or law; the problem is as before.
        """
        comm = problem.qmap.comm
        checkpoint = checkpoint or self.newest(comm)
        if checkpoint is None:
            raise InputError(f"{self.folder}: there is no checkpoint; start without a restart.")
        rows = CommittedRows(problem.u, problem.qmap)
        with RaiseTogether(comm):
            manifest = _read_manifest(checkpoint)
            _check_identity(manifest, _identity(problem), checkpoint)
            try:
                for rank in range(manifest["ranks"]):
                    rows.collect(_FILE.load(checkpoint / _name(rank))[0])
                rows.check_complete()
            except (InputError, KeyError) as error:
                raise InputError(
                    f"{checkpoint}: does not fit this simulation ({error}); restart with the mesh "
                    "and laws it was written with."
                ) from error
        problem.restore(
            rows.displacement,
            rows.stress,
            rows.states,
            time=float(manifest["time"]),
            steps=int(manifest["step"]),
            largest_force=float(manifest["largest_force"]),
        )
        return manifest["notes"]


def _name(rank: int) -> str:
    return f"rank_{rank:05d}.safetensors"


def _complete(folder: Path) -> list[Path]:
    """Folders of complete checkpoints, the oldest first."""
    return sorted(one for one in folder.glob("step_*") if (one / _MANIFEST).is_file())


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


def _read_manifest(checkpoint: Path) -> dict[str, Any]:
    path = checkpoint / _MANIFEST
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        version = manifest["format_version"]
    except OSError as error:
        raise InputError(file_sentence(path, error)) from error
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: is damaged; restart from an older checkpoint.") from error
    if version != _VERSION:
        raise InputError(
            f"{path}: format version {version} is unknown, this dmn_fe reads {_VERSION}; restart "
            "with the dmn_fe that wrote it."
        )
    return manifest


def _check_identity(manifest: dict[str, Any], own: dict[str, Any], checkpoint: Path) -> None:
    for name, value in own.items():
        if manifest.get(name) != value:
            words = name.replace("_", " ")
            shown = "" if name == "laws" else f" ({manifest.get(name)}, here {value})"
            raise InputError(
                f"{checkpoint}: was written with other {words}{shown}; restart with the same mesh, "
                "elements and laws."
            )
