"""Quality of statistically equivalent RVEs: the report."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dmn_fe.microstructure.arguments import check_seed
from dmn_fe.microstructure.findings import Finding
from dmn_fe.microstructure.quality.evidence import blind_findings, crop_findings
from dmn_fe.microstructure.quality.figures import (
    Background,
    Figures,
    background,
    common_reach,
    figures,
    measure_results,
)
from dmn_fe.microstructure.quality.fractions import fraction_findings
from dmn_fe.microstructure.quality.judges import Reach, check_judges
from dmn_fe.microstructure.quality.measurement import Measurement
from dmn_fe.microstructure.quality.noise_floor import NoiseFloor
from dmn_fe.microstructure.quality.percolation import percolation_findings
from dmn_fe.microstructure.quality.verdict import Verdict, verdict
from dmn_fe.microstructure.quality.views import View, views
from dmn_fe.microstructure.voxels import VoxelRVE

__all__ = ["QualityReport", "SeenView", "judge_quality"]


@dataclass(frozen=True, eq=False)
class SeenView:
    """One view with all that was measured in it, for pictures.

    Parameters
    ----------
    view : View
        What was compared.
    background : Background
        The original, its noise floor and its controls.
    results : tuple of Measurement
        One per result.
    """

    view: View
    background: Background
    results: tuple[Measurement, ...]


@dataclass(frozen=True, eq=False)
class QualityReport:
    """How near results are to an original, beside its noise floor and two controls.

    Parameters
    ----------
    originals : tuple of VoxelRVE
        The original, or three sections.
    results : tuple of VoxelRVE
        What was judged.
    figures : tuple of Figures
        One per judge and view.
    findings : tuple of Finding
        Percolation and volume fractions that differ, and where floor or judges tell little.
    reach : Reach
        How far the judges looked.
    outcome : Verdict
        The verdict with its sentence.
    in_loss : tuple of str
        Judges that the results were made to please, which are no evidence.
    seen : tuple of SeenView
        The measurements behind the figures.
    """

    originals: tuple[VoxelRVE, ...]
    results: tuple[VoxelRVE, ...]
    figures: tuple[Figures, ...]
    findings: tuple[Finding, ...]
    reach: Reach
    outcome: Verdict
    in_loss: tuple[str, ...]
    seen: tuple[SeenView, ...] = field(repr=False)

    @property
    def verdict(self) -> str:
        """``"pass"``, ``"warn"`` or ``"fail"``; the worst of all results counts."""
        return self.outcome.word

    @property
    def sentence(self) -> str:
        """Why: the judge that decided, and its figures."""
        return self.outcome.sentence

    @property
    def floors(self) -> dict[str, NoiseFloor]:
        """The noise floor of each original by the name of its view; of one without a name."""
        return _floors(self.originals, self.seen)

    def named(self, judge: str) -> str:
        """The name of a judge, marked if it is in the loss."""
        return f"{judge} (in the loss)" if judge in self.in_loss else judge

    def farthest(self, judge: str) -> Figures:
        """The figures of a judge in the view where a result is farthest beyond the floor."""
        return max((one for one in self.figures if one.judge == judge), key=lambda one: one.ratio)

    def write(self, path: str | Path) -> None:
        """Write the report.

        Parameters
        ----------
        path : path
            A file that ends in ``.md``, ``.json`` or ``.png``; or a folder that exists, which
            gets ``quality.md``, ``quality.json`` and ``quality.png``.

        Raises
        ------
        InputError
            If ``path`` is neither, or cannot be written.
        """
        from dmn_fe.microstructure.quality.files import write_report

        write_report(self, path)


def judge_quality(
    original: VoxelRVE | Sequence[VoxelRVE],
    results: VoxelRVE | Sequence[VoxelRVE],
    seed: int = 0,
    *,
    fractions: Sequence[float] | None = None,
    in_loss: Sequence[str] = (),
) -> QualityReport:
    """Judge whether results are statistically equivalent to an original.

    The judges are volume fraction, lineal path, chord length, two-point probability at short
    lags, two-point cluster function, specific surface, Euler number and isotropy. A distance
    tells little by itself: it stands beside that of crops of the original from each other (the
    noise floor) and those of two controls of the same size, white noise and a Gaussian random
    field. All lengths are counted in voxels: a voxel of a result stands for one of the original.

    Parameters
    ----------
    original : VoxelRVE or sequence of three
        A section (one voxel along one axis) or a volume; or three sections with the normals e1,
        e2, e3 of an anisotropic medium. Windows are not periodic.
    results : VoxelRVE or sequence
        One or several of one shape. Volumes are compared with a volume, or in their layers with
        sections: a single one stands for all three normals, its first axis for the lower one of
        the layer. Their noise floor is that of crops of as many voxels as layers hold that lie 16
        voxels apart.
    seed : int
        First seed of the controls, three of each.
    fractions : sequence of float, optional
        Volume fractions that the results were asked to have, as in :func:`reconstruct`. By default
        those of the original; of three the mean.
    in_loss : sequence of str, optional
        Judges that the results were made to please: ``("two-point probability",)`` where the
        losses of :func:`reconstruct` have ``"two-point"``. The report marks them.

    Raises
    ------
    InputError
        If phases, shapes or fractions do not fit together, there are fewer than 16 voxels along an
        axis of more than one, or no judge has such a name.
    """
    check_seed(seed)
    check_judges(in_loss)
    originals, given = _several(original), _several(results)
    seen = views(originals, given)
    findings = fraction_findings(originals, given, fractions)
    names, reach = originals[0].names, common_reach(seen)
    found: list[SeenView] = []
    for view in seen:
        behind = found[0].background if len(originals) == 1 and found else None
        behind = behind or background(view, names, reach, seed)
        found.append(SeenView(view, behind, measure_results(view, len(names), reach)))
    table = [
        line
        for one in found
        for line in figures(one.view, names, one.results, one.background, fractions)
    ]
    percolation = percolation_findings(
        names, [(one.view, one.background, one.results) for one in found]
    )
    findings += [*crop_findings(_floors(originals, found)), *blind_findings(table)]
    return QualityReport(
        originals=originals,
        results=given,
        figures=tuple(table),
        findings=(*percolation, *findings),
        reach=reach,
        outcome=verdict(table, percolation),
        in_loss=tuple(in_loss),
        seen=tuple(found),
    )


def _floors(originals: Sequence[VoxelRVE], seen: Sequence[SeenView]) -> dict[str, NoiseFloor]:
    """One original has one noise floor in all views."""
    if len(originals) == 1:
        return {"": seen[0].background.floor}
    return {one.view.name: one.background.floor for one in seen}


def _several(given: VoxelRVE | Sequence[VoxelRVE]) -> tuple[VoxelRVE, ...]:
    """One or several as a tuple; what is no RVE is refused where all are checked."""
    return tuple(given) if isinstance(given, Sequence) else (given,)
