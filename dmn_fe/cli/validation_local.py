"""The quadrature points that a report looks into, and their laws."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from dmn_fe.cli.material_tables import RVETable
from dmn_fe.cli.materials import FullRVE, material_law
from dmn_fe.cli.runfile import RunFile
from dmn_fe.cli.validation_case import FE2, Variant, table_of, variant_of
from dmn_fe.evaluate import EnsembleLaw, NetworkLaw
from dmn_fe.fem import rve_law
from dmn_fe.homogenization import RVELaw
from dmn_fe.laws import MaterialLaw
from dmn_fe.validation.local_fields import local_fields, strained_most
from dmn_fe.validation.record import LocalFields, RunRecord

__all__ = ["chosen_points", "law_of", "with_local"]


def chosen_points(case: RunFile, reference: RunRecord) -> dict[str, int]:
    """Quadrature points to look at in detail, by their names."""
    given = table_of(case).points
    if not given:
        return {f"point {point}": point for point in strained_most(reference)}
    return {
        name: int(np.linalg.norm(reference.points[:, : len(place)] - place, axis=-1).argmin())
        for name, place in given.items()
    }


def with_local(case: RunFile, reference: RunRecord, points: list[int]) -> tuple[RunRecord, str]:
    """The reference with the stress inside the RVE at some points; or why it is left out."""
    missing = [point for point in points if point not in reference.local]
    if not missing:
        return reference, ""
    if len(case.materials) > 1 or case.axes or case.temperature is not None:
        return reference, (
            "The stress inside the RVE is compared in cases with one material, without axes and "
            "temperature, only."
        )
    law = law_of(case, variant_of(case, FE2))
    assert law is not None
    print(f"following the strain of {len(missing)} point(s) with the RVE", flush=True)
    found: dict[int, LocalFields] = reference.local | local_fields(law, reference, missing)
    lost = [str(point) for point in points if point not in found]
    why = f"The RVE did not converge along the strain of point(s) {', '.join(lost)}."
    return replace(reference, local=found), why if lost else ""


def law_of(case: RunFile, variant: Variant) -> MaterialLaw | None:
    """The law of the only material of a run; None of one that has no parts to look into."""
    run_file = variant.run_file(case, Path())
    if len(run_file.materials) > 1:
        return None
    ((name, table),) = run_file.materials.items()
    material = material_law(table, f"{case.source}: materials.{name}")
    if isinstance(material, FullRVE):
        assert isinstance(table, RVETable)
        return rve_law(*material)
    return material if isinstance(material, (EnsembleLaw, NetworkLaw, RVELaw)) else None
