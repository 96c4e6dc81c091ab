"""How the pictures of a validation look."""

from typing import Any

from matplotlib.figure import Figure

__all__ = ["FE2", "add_legend", "labelled", "style"]

# Of networks: told apart by people who see few colours, and by their lines in print (the
# colours of Okabe and Ito, https://jfly.uni-koeln.de/color/).
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
_LINES = ("-", "--", "-.", ":")
#: Of full FE².
FE2: dict[str, Any] = {
    "color": "black",
    "marker": "o",
    "ms": 4.0,
    "mfc": "none",
    "ls": "none",
    "label": "FE²",
}
_LABEL_INCHES = 2.6


def style(number: int) -> dict[str, Any]:
    """Colour and line of a network by its number in the case."""
    return {
        "color": _COLOURS[number % len(_COLOURS)],
        "ls": _LINES[number % len(_LINES)],
        "lw": 1.6,
    }


def labelled(name: str, unit: str) -> str:
    """Name of an axis, with its unit if somebody has told it."""
    return f"{name} / {unit}" if unit else name


def add_legend(figure: Figure, axis) -> None:
    """Below all axes, where it hides nothing."""
    handles, labels = axis.get_legend_handles_labels()
    fitting = max(1, int(figure.get_figwidth() / _LABEL_INCHES))
    figure.legend(handles, labels, loc="outside lower center", ncols=min(len(labels), fitting))
