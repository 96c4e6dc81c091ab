"""The file that keeps what full FE² gave in a case."""

from dmn_fe.cli.runfile import RunFile
from dmn_fe.cli.validation_case import FE2, table_of, variant_of
from dmn_fe.cli.validation_identity import identity
from dmn_fe.validation.record import RunRecord, load_record

__all__ = ["fitting"]


def fitting(case: RunFile) -> tuple[RunRecord | None, str]:
    """The reference of a case if it is there and of this case; and a sentence about it.

    Raises
    ------
    InputError
        If the file is damaged or no record.
    """
    path = table_of(case).reference
    if path is None:
        return None, "the case names no reference file ('validation.reference'): full FE² is run"
    if not path.exists():
        return None, f"there is no reference file {path}, so full FE² is run"
    record = load_record(path)
    now, then = identity(variant_of(case, FE2), case), record.facts.get("identity", {})
    differ = [key for key in sorted(now.keys() | then.keys()) if now.get(key) != then.get(key)]
    if differ:
        tables = ", ".join(repr(key) for key in differ)
        return None, f"{path} is of another case (it differs in {tables}), so full FE² is run"
    return record, f"full FE² is taken from {path}; --fe2 runs it"
