"""Writing the file that keeps what full FE² gave in a case."""

from pathlib import Path

from dmn_fe.cli.runfile import RunFile
from dmn_fe.cli.validation_case import FE2, table_of, variant_of
from dmn_fe.cli.validation_identity import identity
from dmn_fe.cli.validation_local import chosen_points, with_local
from dmn_fe.cli.validation_runs import read_notes
from dmn_fe.errors import InputError
from dmn_fe.validation.record import save_record
from dmn_fe.validation.results import read_results

__all__ = ["keep"]


def keep(case: RunFile, folder: Path, remark: str = "") -> Path:
    """Write the reference file of a case from a folder with a finished FE² run of it.

    Reports show the ``remark``.

    Raises
    ------
    InputError
        If the case names no file, or the run is not finished or of another case.
    """
    path = table_of(case).reference
    if path is None:
        raise InputError(
            f"{case.source}: 'validation.reference' is missing; give the name of the file to keep "
            "full FE² in."
        )
    notes = read_notes(folder)
    if notes.get("identity") != identity(variant_of(case, FE2), case):
        raise InputError(
            f"{folder}: holds no FE² run of {case.source} as it is now; make it with dmn-fe "
            "validate --fe2."
        )
    record = read_results(folder, notes | {"remark": remark})
    if not record.finished:
        raise InputError(f"{folder}: holds a run that is not finished; go on with it first.")
    record, told = with_local(case, record, list(chosen_points(case, record).values()))
    if told:
        print(f"dmn-fe: {told}")
    save_record(path, record)
    return path
