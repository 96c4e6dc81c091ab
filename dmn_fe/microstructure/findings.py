"""What a check of an RVE has found."""

from dataclasses import dataclass
from typing import Literal

__all__ = ["Finding"]


@dataclass(frozen=True)
class Finding:
    """One finding of :func:`~dmn_fe.microstructure.check`.

    Parameters
    ----------
    severity : "error" or "warning"
        An error makes a solver fail or its answer meaningless; a warning is worth a look.
    sentence : str
        What it is, where, and how to mend it.
    """

    severity: Literal["error", "warning"]
    sentence: str

    def __str__(self) -> str:
        return f"{self.severity}: {self.sentence}"
