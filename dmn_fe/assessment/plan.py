"""What an assessment compares: variants of a training, on subjects."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dmn_fe.assessment.subject import Subject, Training
from dmn_fe.errors import InputError
from dmn_fe.training import Settings

__all__ = ["Comparison", "Plan", "Variant"]


@dataclass(frozen=True)
class Variant:
    """One choice of settings and data.

    Attributes
    ----------
    label : str
    settings : Settings
    elastic : tuple of str
        Stiffness data sets to learn from.
    nonlinear : str
        Nonlinear samples to learn from; empty for none.
    pretrained : Path, optional
        Network file to start from.
    x : float, optional
        Place on the axis of a figure, where the variants are values of one number.
    fixed_point : bool
        Whether the first network is tested with the fixed-point solver too, which takes long.
    """

    label: str
    settings: Settings
    elastic: tuple[str, ...]
    nonlinear: str = ""
    pretrained: Path | None = None
    x: float | None = None
    fixed_point: bool = False

    def learns_as(self, other: "Variant") -> bool:
        """Whether the training is the same."""
        mine = (self.settings, self.elastic, self.nonlinear, self.pretrained)
        return mine == (other.settings, other.elastic, other.nonlinear, other.pretrained)


@dataclass(frozen=True)
class Comparison:
    """Variants that differ in one choice.

    Attributes
    ----------
    title, question : str
    variants : tuple of Variant
    subjects : tuple of str
        Names of the subjects it is made on.
    axis : str
        What ``x`` of the variants is; empty without.
    seeds : int, optional
        Networks of every training, where it is not the plan's number.
    ranked_by : "nonlinear" or "elastic"
        The error by which the report tells the best variant; elastic errors can be compared only
        between variants that learn from the same kinds of samples.
    every_reference : bool
        Whether the report shows the errors with every reference and on each of its paths; the
        tables show those with the first reference alone.
    """

    title: str
    question: str
    variants: tuple[Variant, ...]
    subjects: tuple[str, ...]
    axis: str = ""
    seeds: int | None = None
    ranked_by: str = "nonlinear"
    every_reference: bool = False


@dataclass(frozen=True)
class Plan:
    """An assessment.

    Attributes
    ----------
    title : str
    subjects : tuple of Subject
    comparisons : tuple of Comparison
    seeds : int
        Networks of every training; at least 5, so that a band says something.
    ensemble : int
        Networks whose mean is tested.
    settings : Settings
        Those that hold where a variant does not change them, for the reader of the report.

    Raises
    ------
    InputError
        If a comparison names data that a subject lacks, or there are too few seeds.
    """

    title: str
    subjects: tuple[Subject, ...]
    comparisons: tuple[Comparison, ...]
    seeds: int = 5
    ensemble: int = 5
    settings: Settings = field(default_factory=Settings)

    def __post_init__(self):
        fewest = min([self.seeds, *(c.seeds for c in self.comparisons if c.seeds is not None)])
        if fewest < 5:
            raise InputError(f"seeds = {fewest}: 5 or more, or the bands say nothing.")
        if not 2 <= self.ensemble <= fewest:
            raise InputError(f"ensemble = {self.ensemble} must lie between 2 and {fewest}.")
        names = [subject.name for subject in self.subjects]
        _check_once("RVE", names)
        _check_once("comparison", [comparison.title for comparison in self.comparisons])
        for comparison in self.comparisons:
            for name in comparison.subjects:
                if name not in names:
                    raise InputError(
                        f"comparison {comparison.title!r}: there is no RVE {name!r}, the RVEs are "
                        f"{', '.join(names)}."
                    )
            _check_ranking(comparison)
            _check_once("variant", [variant.label for variant in comparison.variants])
            _check_once(f"RVE of {comparison.title!r}", comparison.subjects)
            for variant in comparison.variants:
                if comparison.axis and variant.x is None:
                    raise InputError(
                        f"variant {variant.label!r}: give its x, or comparison "
                        f"{comparison.title!r} no axis."
                    )
                for name in comparison.subjects:
                    _check_data(self.subject(name), variant)

    def subject(self, name: str) -> Subject:
        """The subject of a name."""
        return next(subject for subject in self.subjects if subject.name == name)

    def training(self, comparison: Comparison, variant: Variant, subject: str) -> Training:
        """The training of a variant on a subject."""
        seeds = comparison.seeds or self.seeds
        # One training serves all comparisons that have it, so one that wants more gets it for all.
        fixed_point = any(
            other.fixed_point and other.learns_as(variant) and (c.seeds or self.seeds) == seeds
            for c in self.comparisons
            if subject in c.subjects
            for other in c.variants
        )
        return Training(
            self.subject(subject),
            variant.settings,
            variant.elastic,
            variant.nonlinear,
            tuple(range(seeds)),
            self.ensemble,
            variant.pretrained,
            fixed_point,
        )

    def trainings(self) -> list[Training]:
        """All different trainings, the longest first."""
        found: list[Training] = []
        for wanted in self._all():
            training = self.training(*wanted)
            if training not in found:
                found.append(training)
        return sorted(found, key=lambda training: -training.cost)

    def name_of(self, training: Training) -> str:
        """The first comparison and variant that a training is made for, and its subject."""
        return next(
            f"{comparison.title}: {variant.label}, {subject}"
            for comparison, variant, subject in self._all()
            if self.training(comparison, variant, subject) == training
        )

    def _all(self) -> Iterator[tuple[Comparison, Variant, str]]:
        for comparison in self.comparisons:
            for variant in comparison.variants:
                for subject in comparison.subjects:
                    yield comparison, variant, subject


def _check_once(what: str, names: Sequence[str]) -> None:
    for name in names:
        if list(names).count(name) > 1:
            raise InputError(f"there are two of the name {name!r} ({what}); give each its own.")


def _check_ranking(comparison: Comparison) -> None:
    if comparison.ranked_by not in ("nonlinear", "elastic"):
        raise InputError(
            f"comparison {comparison.title!r}: ranked_by = {comparison.ranked_by!r} must be "
            "'nonlinear' or 'elastic'."
        )
    held_out = {(v.elastic, v.settings.validation_fraction) for v in comparison.variants}
    if comparison.ranked_by == "elastic" and len(held_out) > 1:
        raise InputError(
            f"comparison {comparison.title!r}: its variants have other samples held out, so that "
            "their elastic errors cannot be compared; leave out ranked_by."
        )


def _check_data(subject: Subject, variant: Variant) -> None:
    for what, names, known in (
        ("elastic data", variant.elastic, subject.elastic),
        ("nonlinear samples", (variant.nonlinear,) if variant.nonlinear else (), subject.nonlinear),
    ):
        for name in names:
            if name not in known:
                raise InputError(
                    f"variant {variant.label!r}: the RVE {subject.name!r} has no {what} "
                    f"{name!r}, only {', '.join(known) or 'none'}."
                )
    if not variant.elastic:
        raise InputError(
            f"variant {variant.label!r}: name the elastic data to learn from, here or at the top "
            "of the file."
        )
