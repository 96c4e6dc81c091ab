"""From the results of a case to its report."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from dmn_fe.cli.runfile import RunFile
from dmn_fe.cli.validation_case import (
    FE2,
    Variant,
    check_networks,
    table_of,
    variant_of,
    variants_of,
)
from dmn_fe.cli.validation_local import chosen_points, law_of, with_local
from dmn_fe.cli.validation_reference import fitting
from dmn_fe.cli.validation_runs import VariantRun, read_notes
from dmn_fe.errors import InputError
from dmn_fe.network import Ensemble, load
from dmn_fe.validation.comparison import compare
from dmn_fe.validation.error_bars import reaction_bar
from dmn_fe.validation.local_fields import local_fields
from dmn_fe.validation.record import RunRecord
from dmn_fe.validation.report import write_report
from dmn_fe.validation.results import read_results
from dmn_fe.validation.subject import NetworkResult, Subject

__all__ = ["report"]

_SHARE_OF_LOAD = 0.05  # of the largest reaction


def report(case: RunFile, root: Path) -> Path:
    """Write the report of all that is done.

    Raises
    ------
    InputError
        If there is nothing to compare.
    """
    doubts = check_networks(case)
    reference, source, missing = _reference(case, root)
    points = chosen_points(case, reference)
    reference, told = with_local(case, reference, list(points.values()))
    results = []
    for variant in variants_of(case):
        if variant.name == FE2 or variant.of:
            continue
        run = VariantRun(variant, case, root / variant.folder)
        record, why = _record(run)
        found = NetworkResult(variant.name, record, doubts=tuple(doubts.get(variant.name, ())))
        if record is None:
            results.append(replace(found, why=why))
            continue
        members = [
            _record(VariantRun(one, case, root / one.folder))[0]
            for one in variants_of(case)
            if one.of == variant.name
        ]
        shared = _shared_error(variant)
        try:
            comparison = compare(record, reference, shared or 0.0)
        except InputError as error:
            results.append(replace(found, record=None, why=str(error).rstrip(".")))
            continue
        found = replace(
            found,
            why=why,
            comparison=comparison,
            bar=reaction_bar(record, [one for one in members if one is not None], shared or 0.0),
            shared_error=shared,
        )
        law = law_of(case, variant)
        if law is not None and reference.local:
            found = replace(found, local=local_fields(law, reference, list(points.values())))
        results.append(found)
    if all(one.record is None for one in results):
        raise InputError(f"{root}: no run with a network has results yet; leave --report-only out.")
    units = case.units
    subject = Subject(
        case.title or case.source.stem,
        (units.length, units.force, units.stress),
        reference,
        source,
        _driven(case, reference),
        points,
        told,
        missing,
    )
    return write_report(subject, results, root)


def _shared_error(variant: Variant) -> float | None:
    """Error of the mean of an ensemble, if it is one and its file tells."""
    assert variant.network is not None
    network = load(variant.network)
    return network.error if isinstance(network, Ensemble) else None


def _reference(case: RunFile, root: Path) -> tuple[RunRecord, str, str]:
    """What full FE² gave, finished if there is one; where it is from; why it is not complete."""
    run = VariantRun(variant_of(case, FE2), case, root / "fe2")
    if not run.finished:
        kept, _ = fitting(case)
        if kept is not None:
            path = table_of(case).reference
            assert path is not None
            return kept, f"the file {path.name}", ""
    record, why = _record(run)
    if record is None:
        raise InputError(f"{root}: there is nothing of full FE² to compare with ({why}).")
    return record, "a run beside those of the networks", why


def _record(run: VariantRun) -> tuple[RunRecord | None, str]:
    """Results of a run, if there are any of the case as it is now; and why they are not all."""
    if not run.fits:
        return None, "it has not been run with the case as it is now"
    try:
        record = read_results(run.folder, read_notes(run.folder))
    except InputError as error:
        return None, str(error)
    if record.finished:
        return record, ""
    ending = record.facts.get("ending") or "it is not done"
    return record, f"{ending}, after time {record.times[-1]:g}"


def _driven(case: RunFile, reference: RunRecord) -> list[tuple[int, int]]:
    """Surfaces and components whose motion is prescribed; of a part that forces load, those that
    are held and carry a share of the load."""
    moved = any(support.moves for support in case.supports)
    found = [
        (reference.surfaces.index(support.group), component)
        for support in case.supports
        for component, value in enumerate(support.values)
        if value is not None and (value or not moved)
    ]
    found = list(dict.fromkeys(found))
    if moved:
        return found
    largest = np.abs(reference.reactions).max(axis=0)
    least = _SHARE_OF_LOAD * max(largest[pair] for pair in found)
    return [pair for pair in found if largest[pair] >= least]
