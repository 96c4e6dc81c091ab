"""What a report of a validation is about."""

from dataclasses import dataclass, field

from dmn_fe.validation.comparison import Comparison
from dmn_fe.validation.error_bars import ReactionBar
from dmn_fe.validation.record import LocalFields, RunRecord

__all__ = ["NetworkResult", "Subject"]


@dataclass(frozen=True, eq=False)
class Subject:
    """A case with its reference.

    Attributes
    ----------
    title : str
    units : tuple of str
        Of length, force and stress; empty where nobody has told.
    reference : RunRecord
        Full FE².
    source : str
        Where it is from.
    driven : list of (int, int)
        Surface and component of what is prescribed and moves.
    points : dict of str to int
        Quadrature points to look at in detail.
    remark : str
        Why something is left out.
    missing : str
        Why full FE² is not complete.
    """

    title: str
    units: tuple[str, str, str]
    reference: RunRecord
    source: str
    driven: list[tuple[int, int]]
    points: dict[str, int]
    remark: str = ""
    missing: str = ""

    def surface(self, surface: int, component: int) -> str:
        """Name of a reaction."""
        return f"{self.reference.surfaces[surface]}, direction {component + 1}"


@dataclass(frozen=True, eq=False)
class NetworkResult:
    """A run with a network, or an ensemble, against the reference.

    Attributes
    ----------
    name : str
    record : RunRecord or None
        None if there are no results.
    comparison : Comparison or None
    bar : ReactionBar or None
        Of an ensemble.
    shared_error : float or None
        Relative error of an ensemble's mean, if its file tells.
    local : dict of int to LocalFields
        Stress of the leaves along the strains of points of the reference.
    doubts : tuple of str
        What is doubtful about the network.
    why : str
        Why the run is not complete.
    """

    name: str
    record: RunRecord | None = None
    comparison: Comparison | None = None
    bar: ReactionBar | None = None
    shared_error: float | None = None
    local: dict[int, LocalFields] = field(default_factory=dict)
    doubts: tuple[str, ...] = ()
    why: str = ""
