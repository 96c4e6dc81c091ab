"""The runs of ``dmn-fe validate``, one process or mpirun after the other."""

import json
import shutil
import signal
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from dmn_fe import network
from dmn_fe.assessment.machine import machine_of
from dmn_fe.cli.launch import run_alone, run_on_ranks
from dmn_fe.cli.run import STOPPED
from dmn_fe.cli.runfile import RunFile
from dmn_fe.cli.validation_case import MEMBER_FILE, Variant, variants_of
from dmn_fe.cli.validation_identity import identity
from dmn_fe.collective import Alone
from dmn_fe.errors import InputError
from dmn_fe.files import check_folder, written_whole
from dmn_fe.network import Ensemble

__all__ = ["NOTES", "Stopped", "VariantRun", "check_root", "read_notes"]

#: What a run is, in the folder of its results.
NOTES = "variant.json"

_FAILED = 1  # exit status of a step that did not converge


class Stopped(Exception):
    """A run was asked to stop; the exit status is that of it."""


@dataclass(frozen=True)
class VariantRun:
    """A variant with the folder of its results."""

    variant: Variant
    case: RunFile
    folder: Path

    @property
    def finished(self) -> bool:
        """Whether its results are there, of the run file as it is now."""
        return self.fits and bool(_json(self.folder / "summary.json").get("finished"))

    @property
    def fits(self) -> bool:
        """Whether what its folder holds is of the run file as it is now."""
        if _json(self.folder / NOTES).get("variant") != self.variant.name:
            return False
        return _json(self.folder / NOTES).get("identity") == self._identity()

    def _identity(self) -> dict[str, str]:
        return identity(self.variant, self.case)

    def prepare(self) -> bool:
        """Make the folder ready; says whether a run in it can go on.

        Raises
        ------
        InputError
            If the folder holds something else, or cannot be written.
        """
        goes_on = self.fits and any((self.folder / "checkpoints").glob("step_*"))
        if goes_on:
            return True
        notes = {
            "variant": self.variant.name,
            "identity": self._identity(),
            "machine": machine_of(Alone()),
            "date": date.today().isoformat(),
        }
        self._clear()
        with written_whole(self.folder / NOTES) as partial:
            partial.write_text(json.dumps(notes, indent=1) + "\n", encoding="utf-8")
        self._write_member()
        return False

    def _clear(self) -> None:
        """Remove the results of another run: of this command, never anything else.

        Those of full FE² are put aside, since they may have taken hours.
        """
        if self.folder.exists() and any(self.folder.iterdir()):
            if not (self.folder / NOTES).is_file():
                raise InputError(
                    f"{self.folder}: holds files that are no results of dmn-fe validate; give "
                    "another --output, or remove it."
                )
            if self.variant.network is None:
                old = self.folder.with_name(f"{self.folder.name}.old")
                shutil.rmtree(old, ignore_errors=True)
                self.folder.rename(old)
                print(f"the case has changed; what full FE² gave before is put aside as {old}")
            else:
                shutil.rmtree(self.folder)
        self.folder.mkdir(parents=True, exist_ok=True)

    def _write_member(self) -> None:
        """The network of a member of an ensemble, which a run file can name."""
        if not self.variant.of:
            return
        assert self.variant.network is not None
        ensemble = network.load(self.variant.network)
        assert isinstance(ensemble, Ensemble)
        network.save(ensemble.networks[self.variant.number - 1], self.folder / MEMBER_FILE)

    def run(self, root: Path, ranks: int, kept: Callable[[], str]) -> bool:
        """Run it, or go on; returns whether all of its steps converged.

        Raises
        ------
        Stopped
            If it was asked to stop.
        InputError
            If it could not be run.
        """
        restart = self.prepare()
        arguments = ["validate", str(self.case.source), "--only", self.variant.name]
        arguments += ["--output", str(root), "--worker", "restart" if restart else "new"]
        if ranks > 1:
            status = run_on_ranks(ranks, arguments, kept, signal.SIGUSR1)
        else:
            status = run_alone(arguments)
        if status == STOPPED:
            raise Stopped
        told = bool(_json(self.folder / "summary.json").get("ending"))
        if status not in (0, _FAILED) or (status == _FAILED and not told):
            raise InputError(
                f"the run {self.variant.name!r} ended with exit status {status}, see above; mend "
                "that and give the same command again."
            )
        return status == 0


def check_root(case: RunFile, root: Path) -> None:
    """Raise ``InputError`` unless the results can go to ``root``, there is a mesh, and the
    materials of all runs can be made."""
    from dmn_fe.cli.passes import check_files, passes_of

    check_files(case, root)
    for one in variants_of(case):
        if not one.of:  # members are what their ensemble is
            passes_of(one.run_file(case, root))
    root.mkdir(parents=True, exist_ok=True)
    check_folder(root / NOTES)  # permissions say little to root


def read_notes(folder: Path) -> dict[str, Any]:
    """Identity, machine and date of a run, if its folder tells them."""
    notes = _json(folder / NOTES)
    return {key: notes[key] for key in ("identity", "machine", "date") if key in notes}


def _json(path: Path) -> dict[str, Any]:
    """Content of a file; nothing if there is none or it is not readable."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
