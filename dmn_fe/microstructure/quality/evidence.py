"""How much the judges could see: findings where what they say is weak evidence."""

from collections.abc import Mapping, Sequence

from dmn_fe.microstructure.findings import Finding
from dmn_fe.microstructure.quality.figures import Figures
from dmn_fe.microstructure.quality.noise_floor import NoiseFloor

__all__ = ["blind_findings", "crop_findings"]

# What a control shares with most originals says nothing of how well a judge sees.
_OF_ALL = ("volume fraction", "isotropy")
_OF_FIELDS = (*_OF_ALL, "two-point probability")


def blind_findings(figures: Sequence[Figures]) -> list[Finding]:
    """A finding for each control that judges cannot tell from the original in some view."""
    noise = [one.judge for one in figures if one.judge not in _OF_ALL and not one.sees_noise]
    field = [one.judge for one in figures if one.judge not in _OF_FIELDS and not one.sees_field]
    found = []
    for control, blind in (
        ("white noise", noise),
        ("a Gaussian field", [judge for judge in field if judge not in noise]),
    ):
        if blind:
            found.append(
                Finding(
                    "warning",
                    f"judges that cannot tell {control} from the original, since it is within "
                    f"the noise floor: {', '.join(dict.fromkeys(blind))}; a larger original can "
                    "tell more",
                )
            )
    return found


def crop_findings(floors: Mapping[str, NoiseFloor]) -> list[Finding]:
    """A finding for each original, by the name of its view, without crops as large as a result."""
    found = []
    for view, floor in floors.items():
        if floor.factor < 1.0:
            found.append(
                Finding(
                    "warning",
                    f"the original{f' {view}' if view else ''} is less than twice as large as the "
                    f"result: its noise floor comes from crops of {floor.pixels} voxels, times "
                    f"{floor.factor:.2f}; take a larger original for a surer one",
                )
            )
    return found
