"""Figures of the judges for one view: results, noise floor and controls."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from dmn_fe.microstructure.quality.controls import gaussian_control, white_noise
from dmn_fe.microstructure.quality.judges import JUDGES, Reach, reach_of
from dmn_fe.microstructure.quality.measurement import Measurement, distances, mean_of, measure
from dmn_fe.microstructure.quality.noise_floor import NoiseFloor, crop_shape, noise_floor
from dmn_fe.microstructure.quality.parts import whole
from dmn_fe.microstructure.quality.views import View
from dmn_fe.microstructure.voxels import VoxelRVE

__all__ = ["Background", "Figures", "background", "common_reach", "figures", "measure_results"]

_SEEDS = 3  # of each control


@dataclass(frozen=True, eq=False)
class Background:
    """What an original itself says: its measurement, noise floor and controls.

    Parameters
    ----------
    original : Measurement
        Of the whole original.
    floor : NoiseFloor
        Of its crops.
    controls : dictionary of Measurement
        Mean of the seeds of ``"Gaussian field"`` and ``"white noise"``.
    control_values : dictionary of dictionaries of float
        Mean distance of the seeds, by control and by judge; of volumes that of their mean.
    pictures : dictionary of VoxelRVE
        The first seed of each control.
    """

    original: Measurement
    floor: NoiseFloor
    controls: dict[str, Measurement]
    control_values: dict[str, dict[str, float]]
    pictures: dict[str, VoxelRVE]


@dataclass(frozen=True)
class Figures:
    """Distances from the original by one judge in one view.

    Parameters
    ----------
    judge : str
        Name of the judge.
    view : str
        ``"across e1"`` for layers of volumes against a section, otherwise empty.
    values : tuple of float
        One per result: that of the farthest phase.
    phase : str
        The farthest phase of the farthest result.
    floor_mean, floor_worst : float
        Distances of crops of the original from each other.
    gaussian, white_noise : float
        Distances of the controls.
    """

    judge: str
    view: str
    values: tuple[float, ...]
    phase: str
    floor_mean: float
    floor_worst: float
    gaussian: float
    white_noise: float

    @property
    def worst(self) -> float:
        """The distance of the farthest result."""
        return max(self.values)

    @property
    def within(self) -> bool:
        """Whether every result is as near to the original as its own crops are to each other."""
        return self.worst <= self.floor_worst

    @property
    def ratio(self) -> float:
        """The distance of the farthest result over the worst of the noise floor."""
        return self.worst / max(self.floor_worst, 1e-12)

    @property
    def sees_field(self) -> bool:
        """Whether the judge can tell a Gaussian field from the original."""
        return self.gaussian > self.floor_worst

    @property
    def sees_noise(self) -> bool:
        """Whether the judge can tell white noise from the original."""
        return self.white_noise > self.floor_worst

    @property
    def yardstick(self) -> str:
        """The control that a result outside the floor has to be half as far as.

        The Gaussian field; white noise where such a field is as good as a crop of the original;
        neither where both are.
        """
        if self.sees_field:
            return "a Gaussian field"
        return "white noise" if self.sees_noise else ""

    @property
    def limit(self) -> float:
        """Half the distance of the yardstick, or twice the floor without one."""
        control = {"a Gaussian field": self.gaussian, "white noise": self.white_noise}
        return 0.5 * control.get(self.yardstick, 4.0 * self.floor_worst)


def common_reach(seen: Sequence[View]) -> Reach:
    """How far the judges can look in all results and crops."""
    edges = []
    for view in seen:
        shape = view.results[0][0].phase.shape
        edges += [n for n in (*shape, *crop_shape(view.original, view.worth)) if n > 1]
    return reach_of(edges)


def background(view: View, names: tuple[str, ...], reach: Reach, seed: int) -> Background:
    """Measure an original, its crops and its controls, the latter of the size of a section."""
    original = measure(view.original, len(names), reach)
    shape = view.results[0][0].phase.shape
    floor = noise_floor(view.original, original, view.worth, reach)
    rve = view.original.rve(names)
    x, y, z = (min(n, edge) for n, edge in zip(shape, rve.shape, strict=True))
    controls, values, pictures = {}, {}, {}
    for name, make in (("Gaussian field", gaussian_control), ("white noise", white_noise)):
        made = [make(rve, (x, y, z), seed + i) for i in range(_SEEDS)]
        found = [measure(whole(one), len(names), reach) for one in made]
        # The mean of many sections scatters less than one of them: so do controls of a volume.
        compared = found if view.depth == 1 else [mean_of(found)]
        far = [distances(one, original, original) for one in compared]
        values[name] = {j.name: sum(d[j.name].value for d in far) / len(far) for j in JUDGES}
        controls[name], pictures[name] = mean_of(found), made[0]
    return Background(original, floor, controls, values, pictures)


def figures(
    view: View,
    names: tuple[str, ...],
    results: Sequence[Measurement],
    behind: Background,
    fractions: Sequence[float] | None = None,
) -> list[Figures]:
    """The distances of results, by each judge; volume fractions from those that were asked for."""
    wanted = behind.original
    if fractions is not None:
        wanted = replace(
            wanted, values={**wanted.values, "volume fraction": np.asarray(fractions, float)}
        )
    far = [distances(one, wanted, behind.original) for one in results]
    found = []
    for judge in JUDGES:
        each = [one[judge.name] for one in far]
        worst = max(each, key=lambda distance: distance.value)
        found.append(
            Figures(
                judge=judge.name,
                view=view.name,
                values=tuple(distance.value for distance in each),
                phase=names[worst.phase],
                floor_mean=behind.floor.mean[judge.name],
                floor_worst=behind.floor.worst[judge.name],
                gaussian=behind.control_values["Gaussian field"][judge.name],
                white_noise=behind.control_values["white noise"][judge.name],
            )
        )
    return found


def measure_results(view: View, phases: int, reach: Reach) -> tuple[Measurement, ...]:
    """Mean of the sections of each result."""
    return tuple(
        mean_of([measure(part, phases, reach) for part in parts]) for parts in view.results
    )
